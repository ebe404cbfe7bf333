"""Numbers that published tables print, each counted from a plan.  All are exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from ..cost.conventions import Totals, totals
from ..cost.count import Cost, cost
from ..models.layers import Conv, Dense, Depthwise, Layer, Pointwise
from ..models.network_plan import Plan
from .cell import Cell, Network, plan_of

FLOAT16, FLOAT32 = 2, 4  # bytes


@lru_cache(maxsize=512)
def cost_of(network: Network) -> Cost:
    """`cost` of a row's network."""
    return cost(plan_of(network))


@lru_cache(maxsize=4096)
def totals_of(network: Network, convention: str) -> Totals:
    """`totals` of a row's network."""
    return totals(plan_of(network), convention)


def network(cell: Cell) -> Network:
    """The network of a cell that has one."""
    if cell.network is None:
        raise ValueError(f"{' / '.join(cell.place)}: {cell.how} needs a network")
    return cell.network


def macs(cell: Cell) -> Fraction:
    """Multiply-accumulates of the network, as the papers count."""
    return Fraction(totals_of(network(cell), "paper").ops)


def params(cell: Cell) -> Fraction:
    """Weights of the network, as the papers count."""
    return Fraction(totals_of(network(cell), "paper").params)


def macs_share(cell: Cell) -> Fraction:
    """Per cent of the MACs in one type of layer."""
    counted = cost_of(network(cell))
    part = sum(layer.macs for layer in counted.layers if layer.type in cell.parts)
    return Fraction(100 * part, counted.macs)


def params_share(cell: Cell) -> Fraction:
    """Per cent of the weights in one type of layer."""
    counted = cost_of(network(cell))
    part = sum(x.params.weights for x in counted.layers if x.type in cell.parts)
    return Fraction(100 * part, counted.params.weights)


def layer_macs(cell: Cell) -> Fraction:
    """MACs of the named layers; of all without the classifier where none is named."""
    counted = cost_of(network(cell))
    return Fraction(sum(x.macs for x in counted.layers if _named(x.name, cell)))


def layer_params(cell: Cell) -> Fraction:
    """Weights of the named layers; of all without the classifier where none is named."""
    counted = cost_of(network(cell))
    return Fraction(sum(x.params.weights for x in counted.layers if _named(x.name, cell)))


def _named(name: str, cell: Cell) -> bool:
    return name in cell.parts if cell.parts else name != "classifier"


def _example(cell: Cell) -> tuple[Layer, ...]:
    """The layers of an example: parts are "standard" or "separable", M, N and the map's side."""
    kind, (m, n, side) = cell.parts[0], map(int, cell.parts[1:])
    if kind == "standard":
        return (Conv(name="conv", inputs=("image",), input=(side, side, m), filters=n),)
    depthwise = Depthwise(name="depthwise", inputs=("image",), input=(side, side, m))
    pointwise = Pointwise(
        name="pointwise", inputs=("depthwise",), input=depthwise.output, filters=n
    )
    return depthwise, pointwise


def example_macs(cell: Cell) -> Fraction:
    """MACs of an example's layers."""
    return Fraction(sum(layer.macs for layer in _example(cell)))


def example_params(cell: Cell) -> Fraction:
    """Weights of an example's layers: MACs for each output pixel."""
    return Fraction(sum(layer.macs for layer in _example(cell)), int(cell.parts[3]) ** 2)


def kept_channels(plan: Plan, side: int) -> int:
    """Most channels of a tensor of side x side that must be kept whole (V2's Table 3).

    V1: of every layer's output.  V2: of the narrow ends of its blocks; what lies inside a block, and
    the widest layers before the pooling, can be computed piece by piece (V2, section 5.1).
    """
    if side == 1:
        return plan["pool"].output[-1]
    found = [
        layer.output[-1]
        for layer in plan.layers
        if layer.output[:2] == (side, side)
        and (plan.family.name == "v1" or layer.name.endswith((".project_norm", ".add")))
    ]
    return max(found, default=0)


def channels(cell: Cell) -> Fraction:
    """`kept_channels`; the map's side is the cell's part."""
    return Fraction(kept_channels(plan_of(network(cell)), int(cell.parts[0])))


def kilobytes(cell: Cell) -> Fraction:
    """Thousands of bytes of that tensor in 16-bit numbers; over all sides without a part."""
    plan = plan_of(network(cell))
    sides = map(int, cell.parts) if cell.parts else (112, 56, 28, 14, 7, 1)
    largest = max(kept_channels(plan, side) * side**2 for side in sides)
    return Fraction(FLOAT16 * largest, 1000)


def megabytes(cell: Cell) -> Fraction:
    """Millions of bytes of all that a file holds, as 32-bit numbers."""
    return Fraction(FLOAT32 * cost_of(network(cell)).params.total, 10**6)


def layers_with_arrays(cell: Cell) -> Fraction:
    """How many layers have parameters: convolutions, batch normalisations, dense layers."""
    return Fraction(sum(bool(layer.arrays) for layer in plan_of(network(cell)).layers))


def classifier_macs(network: Network) -> int:
    """MACs of the last dense layer."""
    plan = plan_of(network)
    last = plan.layers[-1]
    return last.macs if isinstance(last, Dense) else 0


COUNTS: dict[str, Callable[[Cell], Fraction]] = {
    "macs": macs,
    "params": params,
    "macs share": macs_share,
    "params share": params_share,
    "layer macs": layer_macs,
    "layer params": layer_params,
    "example macs": example_macs,
    "example params": example_params,
    "channels": channels,
    "kilobytes": kilobytes,
    "megabytes": megabytes,
    "layers": layers_with_arrays,
}
