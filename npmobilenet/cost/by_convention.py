"""A plan in one convention, layer by layer, and in all conventions side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..models.layers import Shape
from ..models.network_plan import check_plan
from .brought import Brought, Subject, operations_of
from .convention import ANY, Convention, Totals
from .conventions import CONVENTIONS, convention_named
from .operations import OWN_CLASSES


@dataclass(frozen=True)
class CountedLayer:
    """One layer in one convention."""

    name: str
    type: str
    input: Shape
    output: Shape
    ops: int
    params: int


@dataclass(frozen=True)
class Counted:
    """A plan, or something brought, in one convention."""

    plan: Subject  # that was counted: with 1001 classes where the convention has a background
    convention: Convention
    layers: tuple[CountedLayer, ...] = field(repr=False)

    @property
    def totals(self) -> Totals:
        """The sums over the layers."""
        return self.convention.totals(self.plan)

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return vars(self.totals) | {"layers": [vars(layer) for layer in self.layers]}


def counted(plan: Subject, name: str) -> Counted:
    """Each layer of a plan in the convention of that name; ValueError for an unknown one."""
    convention = convention_named(name)
    plan = convention.plan(plan)
    parts = convention.parts(plan)
    return Counted(
        plan,
        convention,
        tuple(
            CountedLayer(
                name=operation.layer.name,
                type=operation.role if operation.seen else operation.layer.kind,
                input=operation.layer.input,
                output=operation.layer.output,
                ops=convention.ops(operation),
                params=convention.parameters(operation, parts),
            )
            for operation in operations_of(plan)
        ),
    )


def all_totals(plan: Subject) -> list[Totals]:
    """What every convention says of a plan, or of something brought."""
    if not isinstance(plan, Brought):
        check_plan(plan)
    return [convention.totals(plan) for convention in CONVENTIONS.values()]


def reasons(convention: Convention, subject: Subject | None = None) -> str:
    """The convention's rules with why they are so, a line each; of what is brought those that fit."""
    lines = [f"{convention.name} counts {convention.unit}, and"]
    rules = convention.rules
    if isinstance(subject, Brought):
        rules = tuple(r for r in convention.brought if any(map(r.fits, subject.operations)))
    for rule in rules:
        times = " and ".join(f"{n} x {size}" for size, n in rule.counts.items())
        kinds = [kind for kind in rule.kinds if kind not in OWN_CLASSES]
        if isinstance(subject, Brought) and rule.side != ANY:
            met = {x.seen.get(rule.side) for x in subject.operations}
            kinds = [kind for kind in rule.kinds if kind in met]
        elif len(kinds) < len(rule.kinds):
            kinds.append("families' own classes too")
        lines.append(f"- {times} of {', '.join(kinds)}: {rule.why}")
    lines.append(f"- of parameters: {convention.params_why}")
    return "\n".join(lines)
