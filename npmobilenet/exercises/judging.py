"""Whether what a learner's function returned is right, and what can be seen at once where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.checks import Array
from .cases import Arguments, Case
from .exercise import EXERCISES
from .layout import index
from .mistakes.record import Sentence
from .mistakes.seen import changes, differs, infinite, misnames, returns
from .observing import copied
from .parent import Observed
from .record import Exercise, Results

TOLERANCE = 1e-9  # of the largest number expected
LEAST = 1e-3  # where all that is expected is smaller, errors are measured against this
STEP = 1e-5  # of a nudge


@dataclass(frozen=True)
class Nudge:
    """One number moved a little, and by how much the loss moved: a gradient without a formula."""

    element: str  # x[0, 1, 0, 0]
    slope: float
    expected: float
    yours: float | None


@dataclass(frozen=True, eq=False)
class Failure:
    """A case that the learner's function does not do."""

    case: Case
    expected: Results
    outcome: str  # "wrong", or what stopped the call: raised, hung, died, flooded, not yet
    yours: Results  # the outputs that are arrays of numbers
    output: str = ""  # the first output that differs
    at: tuple[int, ...] | None = None  # the first number of it that differs, where shapes are equal
    said: str = ""  # what stopped the call, as a sentence
    seen: Sentence | None = None  # a mistake that needs no program: arguments changed, types, ...
    printed: str = ""
    nudge: Nudge | None = None

    @property
    def comparable(self) -> bool:
        """Whether there are numbers that a wrong program may be held against."""
        finite = all(np.isfinite(array).all() for array in self.yours.values())
        return self.outcome == "wrong" and not self.seen_first and bool(self.yours) and finite

    @property
    def seen_first(self) -> bool:
        """Whether what was seen explains everything; another shape does not, it has reasons too."""
        return self.seen is not None and not self.output


def agrees(found: Array, expected: Array) -> Any:
    """Number by number: within 1e-9 of the largest that is expected."""
    allowed = TOLERANCE * max(float(np.abs(expected).max(initial=0)), LEAST)
    with np.errstate(invalid="ignore"):
        return np.abs(found - expected) <= allowed  # never of what is no number


def judge(exercise: Exercise, case: Case, observed: Observed) -> Failure | None:
    """What is wrong with a call; None where nothing is."""
    expected = exercise.reference(**case.arguments)
    given: dict[str, Any] = {"case": case, "expected": expected, "printed": observed.printed}
    if observed.outcome != "returned":
        return Failure(**given, outcome=observed.outcome, yours={}, said=observed.said)
    given |= {"outcome": "wrong", "yours": observed.results}
    if seen := _kinds(exercise, expected, observed):
        return Failure(**given, seen=seen)
    if observed.changed:
        return Failure(**given, seen=changes(observed.changed))
    for name, array in expected.items():
        found = observed.results[name]
        if found.shape != array.shape:
            return Failure(**given, output=name, seen=returns(name, _of(found), _of(array)))
    if observed.differ:
        return Failure(**given, seen=differs(observed.differ[0]))
    for name, array in expected.items():
        found = observed.results[name]
        if not (right := agrees(found, array)).all():
            at = tuple(int(i) for i in np.argwhere(~right)[0])
            nudge = nudged(exercise, case, name, at, observed.results)
            unbounded = not np.isfinite(found).all()
            seen = infinite(name, bool(np.isnan(found).any())) if unbounded else None
            return Failure(**given, output=name, at=at, nudge=nudge, seen=seen)
    return None


def _kinds(exercise: Exercise, expected: Results, observed: Observed) -> Sentence | None:
    """Whether outputs are missing, or are no arrays of the type that was asked for."""
    outputs = exercise.outputs
    if "" in observed.others:  # not a tuple of that many
        return returns(
            "", observed.others[""], f"a tuple of {len(outputs)}, ({', '.join(outputs)})"
        )
    if "dp" in observed.others or "dp" in observed.results:  # which is no dict
        found = observed.others.get("dp") or _of(observed.results["dp"])
        return returns("dp", found, "a dict with a gradient for every name in p")
    for name, array in expected.items():
        if name in observed.others:
            none = observed.others[name] == "None" and len(outputs) == 1
            return returns("" if none else name, observed.others[name], _of(array))
        if name not in observed.results:
            return misnames(name, "")
        given = observed.results[name]
        if array.ndim and given.dtype != array.dtype:
            return returns(name, _of(given), _of(array))
    unknown = [n for n in (*observed.results, *observed.others) if n not in expected]
    return misnames("", unknown[0]) if unknown else None


def _of(array: Array) -> str:
    """ "an array of shape (1, 2, 2, 1) and type float64"."""
    if not array.ndim:
        return "a number"
    return f"an array of shape {array.shape} and type {array.dtype}"


def nudged(
    exercise: Exercise, case: Case, output: str, at: tuple[int, ...], yours: Results
) -> Nudge | None:
    """The central difference of the loss sum(dy * y) for one number; None where it is no gradient."""
    if not exercise.forward:
        return None
    forward = EXERCISES[exercise.forward]
    arguments: Arguments = copied(case.arguments) | exercise.constants(case.arguments)
    p = arguments.get("p")
    inside = p if isinstance(p, dict) and output in p else None
    argument = output if inside else output[1:]  # dx -> x
    array = inside[argument] if inside else arguments.get(argument)
    if not isinstance(array, np.ndarray):
        return None
    dy = case.arguments["dy"]
    losses = []
    before = array[at]
    for step in (STEP, -STEP):
        array[at] = before + step
        y = forward.reference(**{k: arguments[k] for k in forward.parameters})[forward.outputs[0]]
        losses.append(float(np.sum(dy * y)))
    element = index(argument, array.shape, at)
    if inside:
        element = element.replace(argument, f'p["{argument}"]', 1)
    found = yours[output][at] if output in yours and yours[output].ndim else None
    return Nudge(
        element,
        (losses[0] - losses[1]) / (2 * STEP),
        float(exercise.reference(**case.arguments)[output][at]),
        None if found is None else float(found),
    )
