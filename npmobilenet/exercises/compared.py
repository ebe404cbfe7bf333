"""What is to be said of somebody's operator that was asked the cases of `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np

COLUMNS = ("function", "beside", ">cases", ">worst error", ">tolerance", "")
TOLERANCE = 1e-9  # of the largest number of an array, as in the exercises
REASON = 100  # characters of why a form is not taken


@dataclass
class Row:
    """A function beside one witness."""

    function: str
    witness: str
    mode: str = ""  # of batch_norm, which is asked in both: train, eval
    cases: int = 0
    worst: float = 0.0
    failures: int = 0

    def add(self, error: float) -> None:
        """One more case."""
        self.cases += 1
        self.worst = float(np.maximum(self.worst, error))  # NaN stays
        self.failures += not error <= TOLERANCE

    def cells(self) -> tuple[object, ...]:
        """As they are drawn."""
        worst = f"{self.worst:.1e}" if np.isfinite(self.worst) else "-"
        verdict = f"{self.failures} failed" if self.failures else "ok"
        name = f"{self.function} {self.mode}".rstrip()
        return name, self.witness, self.cases, worst, f"{TOLERANCE:.0e}", verdict


@dataclass(frozen=True)
class Failing:
    """The smallest case of `verify` in which a function is wrong."""

    function: str
    words: str
    said: str
    numbers: int  # of its arrays


@dataclass(frozen=True)
class Compared:
    """What is to be said of one operator."""

    operator: str
    asked: int
    drawn: int
    left_out: Mapping[str, int]  # words for what a function does not take -> cases
    refused: Mapping[str, str]  # some of those words -> what happened when it was tried
    rows: tuple[Row, ...]
    failing: tuple[Failing, ...] = ()
    said: tuple[str, ...] = ()  # further lines
    mistakes: tuple[Mapping[str, str], ...] = ()  # sentences that were proved, "en" and "zh"
    not_yet: tuple[str, ...] = ()  # functions that raise NotImplementedError

    @property
    def passed(self) -> bool:
        """Whether no case failed."""
        return not any(row.failures for row in self.rows)

    def remarks(self) -> list[str]:
        """What stands below the table."""
        found = []
        if self.left_out:
            parts = [f"{many:,} with {words}" for words, many in self.left_out.items()]
            found.append(
                f"{self.operator}: {self.asked:,} of {self.drawn:,} cases asked; not taken: "
                f"{', '.join(parts)}."
            )
            found += [
                f"  with {words} {shorten(happens, REASON, placeholder=' ...')}"
                for words, happens in self.refused.items()
            ]
        for failing in self.failing:
            found.append(f"{failing.function}: {failing.said}, for {failing.words}.")
        return [*found, *self.said]

    def document(self) -> dict[str, Any]:
        """For a program."""
        return {
            "operator": self.operator,
            "asked": self.asked,
            "drawn": self.drawn,
            "left_out": dict(self.left_out),
            "checks": [
                {"function": row.function, "witness": row.witness, "cases": row.cases,
                 "worst_error": row.worst, "tolerance": TOLERANCE, "failures": row.failures}
                for row in self.rows
            ],
            "failing": [
                {"function": f.function, "case": f.words, "said": f.said} for f in self.failing
            ],
            "mistakes": [dict(sentence) for sentence in self.mistakes],
            "said": list(self.said),
            "not_yet": list(self.not_yet),
        }  # fmt: skip
