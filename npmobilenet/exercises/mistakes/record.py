"""A planted mistake: its number, where it can be made, what is said of it, and its wrong program."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ops.checks import Array
from ..observing import copied

Arguments = dict[str, Any]
Outputs = dict[str, Array]
Program = Callable[..., Outputs]
Before = Callable[[Arguments], Arguments]
After = Callable[[Outputs, Arguments], Outputs]
Sentence = tuple[str, str]

# what NumPy and Python raise where a program reads beyond an array or sizes do not fit
STOPS = (IndexError, ValueError, ZeroDivisionError)


@dataclass(frozen=True, eq=False)
class Mistake:
    """One wrong program and its sentence, in English and Chinese.

    Several records share a number where one mistake can be made in several ways.  program takes the
    exercise's arguments by name, gives its outputs in their order, and may raise one of STOPS where
    such a program would stop.
    """

    number: int
    exercises: tuple[str, ...]
    sentence: Sentence
    program: Program


def outcome(program: Program, arguments: Arguments) -> Outputs | None:
    """What a program gives; None where it stops.  It is given copies, and no warning is shown."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return program(**copied(arguments))
    except STOPS:
        return None


def played(
    operator: Program, before: Before | None = None, after: After | None = None, **how: Any
) -> Program:
    """An honest operator with its arguments changed before, its outputs after, or other parts in it."""

    def program(**arguments: Any) -> Outputs:
        given = before(arguments) if before else arguments
        found = operator(**given, **how)
        return after(found, arguments) if after else found

    return program


def on(name: str, change: Callable[[Array], Array]) -> Before:
    """Before: one argument changed, where it is given."""

    def before(arguments: Arguments) -> Arguments:
        value = arguments[name]
        return arguments if value is None else arguments | {name: change(value)}

    return before


def out(name: str, change: Callable[[Array], Array]) -> After:
    """After: one output changed."""
    return lambda found, _: found | {name: change(found[name])}


def mistakes(
    number: int, sentence: Sentence, programs: Mapping[str, Iterable[Program]]
) -> Iterator[Mistake]:
    """A record for every program of every exercise: {exercise: programs}."""
    for exercise, ways in programs.items():
        for program in ways:
            yield Mistake(number, (exercise,), sentence, program)
