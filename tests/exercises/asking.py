"""Learners' functions asked in this process: what the child would answer, without the child."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from npmobilenet.exercises.cases import Arguments, Case
from npmobilenet.exercises.diagnosis import Diagnosis, alike, diagnose
from npmobilenet.exercises.observing import copied, described
from npmobilenet.exercises.record import Exercise, Results

Call = Callable[[Arguments], Results | None]


def functions(source: str) -> dict[str, Any]:
    """What a learner's file defines."""
    found: dict[str, Any] = {"__name__": "my_ops"}
    exec(compile(source, "my_ops.py", "exec"), found)
    return found


def asking(exercise: Exercise, function: Callable[..., Any]) -> Call:
    """Its arrays for arguments; None where it raises, or returns something else than arrays."""

    def call(arguments: Arguments) -> Results | None:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                returned = function(*copied(arguments).values())
        except Exception:
            return None
        found = described(returned, list(exercise.outputs))
        return None if any(isinstance(value, str) for value in found.values()) else found

    return call


def failing(exercise: Exercise, call: Call, fresh: int = 0) -> Case | None:
    """The first small case, or else the first of so many fresh ones, that is wrong."""
    for case in exercise.small():
        if not alike(call(case.arguments), exercise.reference(**case.arguments)):
            return case
    rng = np.random.default_rng(1)
    for _ in range(fresh):
        case = exercise.fresh(rng)
        if not alike(call(case.arguments), exercise.reference(**case.arguments)):
            return case
    return None


def said_of(exercise: Exercise, call: Call) -> Diagnosis | None:
    """The diagnosis of a wrong function, on the first case that it fails."""
    case = failing(exercise, call)
    assert case is not None, "no small case fails"
    return diagnose(exercise, case, call(case.arguments), call)
