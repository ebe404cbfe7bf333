"""What a row of the table is: a hazard, what must happen there, and the code that tries it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

Size = Literal[
    "tiny", "quick", "whole"
]  # a few cases for a test, some for every change, all of them
SIZES: tuple[Size, ...] = ("tiny", "quick", "whole")


class NotHere(Exception):
    """A hazard cannot be tried on this machine; the message says why."""


@dataclass(frozen=True)
class Found:
    """What came of a hazard: how many cases, those that went wrong, and figures besides.

    bad      a line a case: what was done, and what happened instead of what must
    figures  what is published and is no fault, such as {"silent mutations of .npz": 63}
    """

    tried: int
    bad: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hazard:
    """One row: what is tried, what must happen, and `prove`, which tries it with few or many cases."""

    title: str
    must: str
    prove: Callable[[Size], Found]


# modules and packages of this one, each with a HAZARD, in the order of the table
ROWS: tuple[str, ...] = (
    "calls",
    "layouts",
    "values",
    "weights",
    "hostile_files",
    "names",
    "images",
    "runs",
    "other_data",
    "downloads",
    "writers",
    "kernel_cache",
    "threads",
    "long_runs",
    "command_line",
    "fuzzing",
    "mutants",
    "coverage",
)


def hazards(names: Iterable[str] = ROWS) -> dict[str, Hazard]:
    """The rows by name."""
    return {name: import_module(f"{__package__}.{name}").HAZARD for name in names}
