"""What a claim is: a statement somebody printed, and a function that runs code to judge it.

    SOURCE = Source("v1", "MobileNetV1's paper")

    @SOURCE.claim("Table 1 has 28 layers.")
    def layers() -> Finding: ...

A function computes numbers and says of each part of the statement whether they bear it out.  The
verdict follows from that and cannot be written down:

    right        every part holds
    half right   some parts hold
    depends      one statement, several cases: it holds in some of them
    wrong        nothing of it holds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

VERDICTS = ("right", "half right", "depends", "wrong")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Several numbers of one kind: in a sentence set apart by commas, for programs a list."""

    values: tuple[Any, ...]
    spec: str = ""  # how each is written, such as ".2f"

    def __format__(self, spec: str) -> str:
        return ", ".join(format(value, spec or self.spec) for value in self.values)


Number = int | float | Fraction | str | Listing


@dataclass(frozen=True)
class Finding:
    """What running the code gave.

    numbers: everything computed, by name.  evidence: a sentence in which {name} stands for one of
    them.  parts: each part of the statement, or each case that it is tried in, and whether the numbers
    bear it out.  cases: the parts are cases.
    """

    numbers: Mapping[str, Number]
    evidence: str
    parts: Mapping[str, bool]
    cases: bool = False

    @property
    def verdict(self) -> str:
        """One of VERDICTS."""
        holding = list(self.parts.values())
        if all(holding):
            return "right"
        if not any(holding):
            return "wrong"
        return "depends" if self.cases else "half right"

    @property
    def text(self) -> str:
        """The evidence with its numbers."""
        return self.evidence.format(**self.numbers)


@dataclass(frozen=True)
class Claim:
    """A statement, in our words, and the function that judges it."""

    name: str  # "v1.layers"
    source: str
    text: str
    judge: Callable[[], Finding]


@dataclass(frozen=True)
class Checked:
    """A claim and what became of it."""

    claim: Claim
    finding: Finding

    def to_json(self) -> dict[str, Any]:
        """For programs; fractions are written as text."""
        return {
            "name": self.claim.name,
            "source": self.claim.source,
            "claim": self.claim.text,
            "verdict": self.finding.verdict,
            "evidence": self.finding.text,
            "parts": {name: bool(holds) for name, holds in self.finding.parts.items()},
            "numbers": {name: _plain(n) for name, n in self.finding.numbers.items()},
        }


def _plain(number: Any) -> Any:
    """A number as JSON has it."""
    if isinstance(number, Listing):
        return [_plain(value) for value in number.values]
    return str(number) if isinstance(number, Fraction) else number


@dataclass(frozen=True)
class Source:
    """Where claims come from; its own are in `claims`, in the order of the file."""

    name: str
    title: str
    claims: list[Claim] = field(default_factory=list)

    def claim(self, text: str) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
        """Decorator: the function judges this statement."""

        def register(judge: Callable[[], Finding]) -> Callable[[], Finding]:
            name = f"{self.name}.{judge.__name__.replace('_', '-')}"
            self.claims.append(Claim(name, self.name, text, judge))
            return judge

        return register
