"""What a named convention is made of: rules, and the parameters it reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..models.network_plan import Plan
from ..models.network_plan import plan as make_plan
from .operations import Operation, operations


@dataclass(frozen=True)
class CountingRule:
    """For operations of these kinds: how often each of their sizes is counted, and why."""

    kinds: tuple[str, ...]
    counts: Mapping[str, int]
    why: str


@dataclass(frozen=True)
class Totals:
    """What one convention says of a plan, for one image."""

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

    def plan(self, plan: Plan) -> Plan:
        """The network that is counted: with a background class where the convention has one."""
        if self.background and plan.include_top and plan.classes == 1000:
            return make_plan(**plan.asked | {"classes": 1001})
        return plan

    def coefficients(self, kind: str) -> Mapping[str, int]:
        """Size -> how often it is counted, for one kind of operation."""
        return next((rule.counts for rule in self.rules if kind in rule.kinds), {})

    def ops(self, operation: Operation) -> int:
        """What one operation counts."""
        counts = self.coefficients(operation.kind)
        return sum(times * operation.sizes[size] for size, times in counts.items())

    def parts(self, plan: Plan) -> tuple[str, ...]:
        """The parts of the parameters that are reported for a plan."""
        return self.params_by_version.get(plan.family.version, self.params)

    def parameters(self, operation: Operation, parts: tuple[str, ...]) -> int:
        """How many of one operation's parameters are reported."""
        if operation.kind in self.unseen:
            return 0
        return sum(operation.params.get(part, 0) for part in parts)

    def totals(self, plan: Plan) -> Totals:
        """Operations and parameters of a plan."""
        counted = self.plan(plan)
        found, parts = operations(counted), self.parts(counted)
        return Totals(
            ops=sum(self.ops(operation) for operation in found),
            unit=self.unit,
            params=sum(self.parameters(operation, parts) for operation in found),
            convention=self.name,
        )
