"""What a named convention is made of: rules, and the parameters it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..models.network_plan import plan as make_plan
from .brought import Brought, Subject, operations_of
from .operations import Operation

ANY = "any"  # the side of a rule that holds for every operation


@dataclass(frozen=True)
class CountingRule:
    """For operations of these kinds: how often each of their sizes is counted, and why.

    side: of what is brought, the side from which these kinds are seen (brought.py); plans have none.
    """

    kinds: tuple[str, ...]
    counts: Mapping[str, int]
    why: str
    side: str = ""

    def fits(self, operation: Operation) -> bool:
        """Whether an operation that somebody brings is of these kinds, seen from this side."""
        return self.side == ANY or operation.seen.get(self.side) in self.kinds


@dataclass(frozen=True)
class Totals:
    """What one convention says of a plan, for one image, or of what is brought, for the example."""

    ops: int
    unit: str  # "MACs" or "FLOPs"
    params: int
    convention: str


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One way to count."""

    name: str
    unit: str
    rules: tuple[CountingRule, ...] = field(repr=False)
    params: tuple[str, ...]  # parts that are reported
    params_why: str = field(repr=False)
    params_by_version: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()  # kinds whose parameters are overlooked
    background: bool = False  # 1001 classes where ImageNet has 1000
    brought: tuple[CountingRule, ...] = field(repr=False)  # rules for what is no plan
    classes: tuple[str, ...] = ()  # there, the only ones whose parameters are seen

    def plan(self, plan: Subject) -> Subject:
        """The network that is counted: with a background class where the convention has one."""
        if isinstance(plan, Brought):
            return plan
        if self.background and plan.include_top and plan.classes == 1000:
            return make_plan(**plan.asked | {"classes": 1001})
        return plan

    def coefficients(self, kind: str) -> Mapping[str, int]:
        """Size -> how often it is counted, for one kind of operation."""
        return next((rule.counts for rule in self.rules if kind in rule.kinds), {})

    def counts(self, operation: Operation) -> Mapping[str, int]:
        """Size -> how often it is counted, for one operation: of a brought one, from every side."""
        if not operation.seen:
            return self.coefficients(operation.kind)
        found: Counter[str] = Counter()
        for rule in self.brought:
            if rule.fits(operation):
                found.update(rule.counts)
        return found

    def ops(self, operation: Operation) -> int:
        """What one operation counts."""
        counts = self.counts(operation)
        return sum(times * operation.sizes[size] for size, times in counts.items())

    def parts(self, plan: Subject) -> tuple[str, ...]:
        """The parts of the parameters that are reported for a plan."""
        if isinstance(plan, Brought):
            return self.params
        return self.params_by_version.get(plan.family.version, self.params)

    def parameters(self, operation: Operation, parts: tuple[str, ...]) -> int:
        """How many of one operation's parameters are reported."""
        if self.overlooks(operation):
            return 0
        return sum(operation.params.get(part, 0) for part in parts)

    def overlooks(self, operation: Operation) -> bool:
        """Whether it does not see the operation's parameters."""
        if operation.seen:
            return bool(self.classes) and operation.seen.get("class") not in self.classes
        return operation.kind in self.unseen

    def totals(self, plan: Subject) -> Totals:
        """Operations and parameters of a plan, or of what is brought."""
        counted = self.plan(plan)
        found, parts = operations_of(counted), self.parts(counted)
        return Totals(
            ops=sum(self.ops(operation) for operation in found),
            unit=self.unit,
            params=sum(self.parameters(operation, parts) for operation in found),
            convention=self.name,
        )
