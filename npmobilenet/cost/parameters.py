"""Parameters in parts: why one network has four published sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..models.network_plan import Plan, check_plan
from ..models.network_plan import plan as make_plan
from .conventions import CONVENTIONS, STORED, TRAINED
from .operations import operations

# what is added up, from the smallest sum to the largest
SUMS: dict[str, tuple[str, ...]] = {
    "weights": ("weights",),
    "biases": ("bias",),
    "gamma": ("gamma",),  # of batch normalisation, and so the next three
    "beta": ("beta",),
    "running mean": ("mean",),
    "running variance": ("variance",),
    "weights and biases": ("weights", "bias"),
    "all that is trained": TRAINED,
    "all but gamma": ("weights", "bias", "beta", "mean", "variance"),
    "all that is stored": STORED,
}


@dataclass(frozen=True)
class ParameterSum:
    """One sum of parts, for several heads, and the conventions that report it."""

    what: str
    counts: dict[str, int]  # "no top", "1000 classes", "1001 classes" -> parameters
    conventions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """One object."""
        return vars(self) | {"conventions": list(self.conventions)}


def parameter_sums(plan: Plan) -> list[ParameterSum]:
    """Every part and every usual sum of parts, for the plan with different heads.

    Heads: none, the plan's own, and beside 1000 classes also 1001.  A convention stands beside the sum
    that has the value it reports: thop, which overlooks what timm's own classes hold, stands where
    that leaves it.
    """
    check_plan(plan)
    heads = _heads(plan)
    reported = {c.name: (c.plan(plan), c.totals(plan).params) for c in CONVENTIONS.values()}
    found = []
    for what, parts in SUMS.items():
        counts = {head: _count(changed, parts) for head, changed in heads.items()}
        names = tuple(
            name
            for name, (asked, params) in reported.items()
            if any(asked == heads[head] and params == count for head, count in counts.items())
        )
        found.append(ParameterSum(what, counts, names))
    return found


def parameter_rows(sums: list[ParameterSum], plan: Plan) -> Iterator[tuple[object, ...]]:
    """Rows of a table: what, each head's count, the plan's own in millions, who reports it."""
    for found in sums:
        own = found.counts[_head(plan)]
        yield found.what, *found.counts.values(), f"{own / 1e6:.2f}", ", ".join(found.conventions)


def _head(plan: Plan) -> str:
    return f"{plan.classes} classes" if plan.include_top else "no top"


def _heads(plan: Plan) -> dict[str, Plan]:
    """The plan without its top, as it is, and with a background class where it has 1000."""
    changed: list[dict[str, Any]] = [{"include_top": False, "classes": None}]
    if plan.include_top:
        changed.append({})
        if plan.classes == 1000:
            changed.append({"classes": 1001})
    plans = [make_plan(**plan.asked | change) for change in changed]
    return {_head(p): p for p in plans}


def _count(plan: Plan, parts: tuple[str, ...]) -> int:
    return sum(op.params.get(part, 0) for op in operations(plan) for part in parts)
