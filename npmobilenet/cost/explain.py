"""From one convention's total to another's, line by line; the lines add up exactly.

Both conventions are sums of coefficient x size over the same operations.  So the difference of two
totals is a sum over (kind of operation, size, part of the network) of

    (coefficient in B - coefficient in A) x size

and of what B's background class adds, where it has one and A has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .brought import Subject, operations_of
from .convention import Convention, Totals
from .conventions import convention_named
from .operations import OWN_CLASS, OWN_CLASSES, SQUEEZE, Operation

Term = tuple[str, int, int, int]  # what, how many, times in A, times in B
Terms = Callable[[Subject, Convention, Convention], Iterator[Term]]

_NORM = "batch normalisation"
_PARTS = {
    "weights": "weights",
    "bias": "biases",
    "gamma": f"{_NORM}: gamma",
    "beta": f"{_NORM}: beta",
    "mean": f"{_NORM}: running mean",
    "variance": f"{_NORM}: running variance",
}
_BROUGHT_PARTS = {part: what.replace(_NORM, "normalisation") for part, what in _PARTS.items()}
# what the sizes of brought operations are; of their kind, which stands behind it
_SIZES = {
    "products": "products",
    "bias_adds": "bias additions",
    "forward_bias_adds": "bias additions of a forward convolution",
    "inputs": "numbers in",
    "outputs": "numbers out",
    "filter_places": "whole filter at each place",
    "weights_a_sample": "weight and bias once a sample",
    "weights_a_step": "weights and biases once a step",
    "states": "numbers of the state",
    "queries": "numbers of the queries",
    "scores": "scores",
    "rows": "rows",
    "added": "numbers added",
    "addmm_adds": "bias additions of addmm",
}


@dataclass(frozen=True)
class Line:
    """`quantity` things that A counts `a` times each and B `b` times."""

    what: str
    quantity: int
    a: int
    b: int

    @property
    def difference(self) -> int:
        """What B has more than A, below zero if less."""
        return self.quantity * (self.b - self.a)


@dataclass(frozen=True)
class Explanation:
    """Two totals of one plan and the lines that lead from the first to the second."""

    a: Totals
    b: Totals
    ops: tuple[Line, ...]
    params: tuple[Line, ...]

    def rows(self, *, params: bool = False) -> Iterator[tuple[object, ...]]:
        """What, quantity, times in A, times in B, difference, running total: from A's to B's."""
        lines = self.params if params else self.ops
        total = self.a.params if params else self.a.ops
        unit = ("parameters",) * 2 if params else (self.a.unit, self.b.unit)
        yield f"{self.a.convention}, {unit[0]}", "", "", "", "", total
        for line in lines:
            total += line.difference
            yield line.what, line.quantity, line.a, line.b, line.difference, total
        yield f"{self.b.convention}, {unit[1]}", "", "", "", "", total

    def to_json(self) -> dict[str, Any]:
        """Both totals and all lines."""

        def listed(lines: Iterable[Line]) -> list[dict[str, Any]]:
            return [vars(line) | {"difference": line.difference} for line in lines]

        return {
            "a": vars(self.a),
            "b": vars(self.b),
            "ops": listed(self.ops),
            "params": listed(self.params),
        }


def explain(plan: Subject, a: str, b: str) -> Explanation:
    """Why conventions `a` and `b` disagree on a plan; ValueError for an unknown name."""
    first, second = convention_named(a), convention_named(b)
    return Explanation(
        first.totals(plan),
        second.totals(plan),
        tuple(_lines(plan, first, second, _operation_terms)),
        tuple(_lines(plan, first, second, _parameter_terms)),
    )


def _lines(plan: Subject, a: Convention, b: Convention, terms: Terms) -> Iterator[Line]:
    """Differing terms with equal names and coefficients added up; then the background class."""
    here, there = a.plan(plan), b.plan(plan)
    sums: dict[tuple[str, int, int], int] = {}
    for what, quantity, in_a, in_b in terms(here, a, b):
        if in_a != in_b and quantity:
            key = (what, in_a, in_b)
            sums[key] = sums.get(key, 0) + quantity
    yield from (Line(what, quantity, *times) for (what, *times), quantity in sums.items())
    if there != here:  # one of them counts a class more, of everything that B counts
        more = sum(q * in_b for _, q, _, in_b in terms(there, a, b))
        more -= sum(q * in_b for _, q, _, in_b in terms(here, a, b))
        if more:
            yield Line("the 1001st class, a background", abs(more), int(more < 0), int(more > 0))


def _operation_terms(plan: Subject, a: Convention, b: Convention) -> Iterator[Term]:
    for operation in operations_of(plan):
        in_a, in_b = a.counts(operation), b.counts(operation)
        for size in dict.fromkeys((*in_a, *in_b)):
            quantity = operation.sizes[size]
            yield _what(operation, size), quantity, in_a.get(size, 0), in_b.get(size, 0)


def _parameter_terms(plan: Subject, a: Convention, b: Convention) -> Iterator[Term]:
    parts = [(convention, convention.parts(plan)) for convention in (a, b)]
    for operation in operations_of(plan):
        for part, quantity in operation.params.items():
            reported = [part in known for _, known in parts]
            seen = [not convention.overlooks(operation) for convention, _ in parts]
            overlooked = any(r and not s for r, s in zip(reported, seen, strict=True))
            in_a, in_b = (int(r and s) for r, s in zip(reported, seen, strict=True))
            what = (_BROUGHT_PARTS if operation.seen else _PARTS)[part]
            yield what + (f" ({OWN_CLASS})" if overlooked else ""), quantity, in_a, in_b


def _what(operation: Operation, size: str) -> str:
    """A line's name: what is counted, and where."""
    if operation.seen:
        return f"{_SIZES[size]}, {operation.role}"
    kind, role = operation.kind, operation.role
    own = f" ({OWN_CLASS})" if kind in OWN_CLASSES else ""
    if size in ("products", "bias_adds"):
        return f"{'products' if size == 'products' else 'bias additions'}, {role}{own}"
    if kind.startswith("batch_norm"):
        return f"{_NORM}: {'gamma and beta once' if size == 'affine' else 'each number'}{own}"
    if kind.startswith("pool"):
        where = role if role == SQUEEZE else "before the classifier"
        return f"pooling, {where}: numbers {'in' if size == 'inputs' else 'out'}"
    return f"{kind}: each number"
