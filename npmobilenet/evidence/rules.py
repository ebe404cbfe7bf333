"""Named ways of counting other than the papers' own, tried where the papers' own does not fit.

A rule explains a cell only under the conditions of `rule_search.explained`: it has to hold for
whatever else it would apply to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from ..cost.conventions import CONVENTIONS
from .cell import Cell, Network
from .cell_counts import COUNTS, classifier_macs, cost_of, network, totals_of


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is counted instead, for cells of these kinds, and why somebody would.

    cut: digits are cut off, not rounded.  everywhere: a habit of a whole source, so that it may be
    tested on all its tables together.  changed: another network is counted, so that it must fit all
    of a row, for a row is about one network.
    """

    name: str
    why: str
    hows: tuple[str, ...]
    count: Callable[[Cell], Fraction]
    cut: bool = False
    everywhere: bool = False
    changed: bool = False


def _papers(cell: Cell) -> Fraction:
    return COUNTS[cell.how](cell)


def _trainable(cell: Cell) -> Fraction:
    return Fraction(cost_of(network(cell)).params.trainable)


def _without_gamma(cell: Cell) -> Fraction:
    found = cost_of(network(cell)).params
    return found.weights + found.bias + Fraction(3 * found.bn_affine, 2)


def _without_classifier(cell: Cell) -> Fraction:
    return _papers(cell) - classifier_macs(network(cell))


def _without_stem(cell: Cell) -> Fraction:
    return _papers(cell) - cost_of(network(cell)).layers[0].macs


def _with_pooling(cell: Cell) -> Fraction:
    pools = [x for x in cost_of(network(cell)).layers if x.type == "global_pool"]
    numbers = sum(h * w * c + c for h, w, c in (pool.input for pool in pools))
    return _papers(cell) + numbers


def _scaled_by_resolution(cell: Cell) -> Fraction:
    asked = network(cell)
    whole = totals_of(replace(asked, resolution=224), "paper").ops
    return Fraction(whole * asked.resolution**2, 224**2)


def _binary_megabytes(cell: Cell) -> Fraction:
    return _papers(cell) * 10**6 / 2**20


def _of(**changes: int | str) -> Callable[[Cell], Fraction]:
    """The papers' count of a changed network."""

    def count(cell: Cell) -> Fraction:
        changed: Network = replace(network(cell), **changes)  # type: ignore[arg-type]
        return _papers(replace(cell, network=changed))

    return count


def _by_convention(name: str) -> Callable[[Cell], Fraction]:
    def count(cell: Cell) -> Fraction:
        found = totals_of(network(cell), name)
        return Fraction(found.ops if cell.how == "macs" else found.params)

    return count


_TOOLS = ("fvcore", "thop", "ptflops", "ptflops-aten", "torchinfo", "torch-flops", "calflops")


def _conventions() -> Iterator[Rule]:
    """The named conventions of the sources themselves."""
    for name in ("tf-readme", "keras"):
        yield Rule(
            name=name,
            why=CONVENTIONS[name].params_why,
            hows=("macs", "params"),
            count=_by_convention(name),
        )


def _tools() -> Iterator[Rule]:
    """Those of counters; the parameters they report are the trained ones, which have a rule."""
    for name in _TOOLS:
        yield Rule(name=name, why=f"as {name} counts", hows=("macs",), count=_by_convention(name))


RULES: tuple[Rule, ...] = (
    Rule(
        name="cut off instead of rounded",
        why="the digits after the last printed one are dropped",
        hows=("macs", "params", "kilobytes"),
        count=_papers,
        cut=True,
        everywhere=True,
    ),
    Rule(
        name="trainable parameters",
        why="weights, biases, and scale and shift of batch normalisation: PyTorch's parameters()",
        hows=("params",),
        count=_trainable,
    ),
    *_conventions(),
    Rule(
        name="without gamma, cut off",
        why="weights, biases, and three of batch normalisation's four numbers, as in the README of "
        "V1; digits dropped",
        hows=("params",),
        count=_without_gamma,
        cut=True,
    ),
    Rule(
        name="head of 1280",
        why="V3-Small with 1280 filters after the pooling, as before version 5 of the paper",
        hows=("macs", "params"),
        count=_of(small_head=1280),
        changed=True,
    ),
    Rule(
        name="without the classifier",
        why="convolutions alone",
        hows=("macs",),
        count=_without_classifier,
    ),
    Rule(
        name="without the stem", why="the first layer left out", hows=("macs",), count=_without_stem
    ),
    Rule(
        name="with the average pooling",
        why="one for each number that a pooling reads or writes",
        hows=("macs",),
        count=_with_pooling,
    ),
    Rule(
        name="all MACs times ρ²",
        why="the count at 224 pixels times (resolution / 224)², the classifier too, although its "
        "cost does not depend on the resolution (V1, section 3.4)",
        hows=("macs",),
        count=_scaled_by_resolution,
    ),
    Rule(
        name="head grows",
        why="α above 1 also widens V3's layer after the pooling, as in Keras and torchvision",
        hows=("macs", "params"),
        count=_of(head="grow"),
        changed=True,
    ),
    Rule(
        name="unrounded channels",
        why="α times the table's channels, not made multiples of 8",
        hows=("macs", "params"),
        count=_of(divisor=1),
        changed=True,
    ),
    Rule(
        name="multiples of 16",
        why="scaled channels made multiples of 16",
        hows=("macs", "params"),
        count=_of(divisor=16),
        changed=True,
    ),
    Rule(
        name="16 channels at least",
        why="no layer below 16 channels: min_depth in the authors' code, mostly 8",
        hows=("macs", "params"),
        count=_of(rounding="floor-min", divisor=16),
        changed=True,
    ),
    Rule(
        name="MB of 2²⁰ bytes",
        why="1,048,576 bytes to the megabyte",
        hows=("megabytes",),
        count=_binary_megabytes,
    ),
    *_tools(),
)
