"""Checks a learner's file: all small cases in order, then larger ones; the first that fails is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..text import read_text
from .again import asked_again
from .cases import Case
from .exercise import EXERCISES
from .judging import Failure, judge
from .larger import larger_failure
from .parent import ENDED, Learner, Observed
from .products import Products, products
from .record import Exercise, Results

if TYPE_CHECKING:
    from .diagnosis import Diagnosis

# the case on which the learner's own loops count what they multiply, after the text of standard_cost
COUNTED = "1x5x5x2,3x3,o4,s2"


@dataclass(frozen=True)
class Count:
    """What a learner's own loops multiply, counted by running them on numbers that count."""

    case: Case
    loops: tuple[str, ...]  # names of the functions that were run
    multiplications: int | None  # None where they do not run on such numbers
    with_padding: int
    expected: int  # with the zeros of the padding
    formula: float | None = None  # what the learner's function says
    said: str = ""  # why they could not be counted


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is to be said of one function."""

    exercise: Exercise
    state: str  # right, wrong, not yet, missing, broken
    cases: int = 0  # asked
    seconds: float = 0.0
    failure: Failure | None = None
    diagnosis: Diagnosis | None = None
    products: Products | None = None
    said: str = ""  # why it could not be asked
    count: Count | None = None
    left: int = 0  # cases for which there was no time: the function is too slow

    @property
    def right(self) -> bool:
        """Whether every case that was asked is right."""
        return self.state == "right"

    @property
    def sentence(self) -> Mapping[str, str] | None:
        """What is said of it, "en" and "zh": what was proved, else what was seen; None for neither."""
        if self.diagnosis is not None and self.diagnosis.sentence is not None:
            return self.diagnosis.sentence
        seen = self.failure.seen if self.failure else None
        return {"en": seen[0], "zh": seen[1]} if seen else None


@dataclass(frozen=True)
class Checked:
    """What is to be said of a file."""

    file: Path
    broken: str  # why it cannot be loaded; empty where it can
    limited: bool  # whether its memory was limited
    verdicts: tuple[Verdict, ...]

    @property
    def right(self) -> bool:
        """Whether everything that was asked for is right."""
        return not self.broken and all(verdict.right for verdict in self.verdicts)


def check(
    file: Path,
    exercises: list[Exercise],
    *,
    case: str | None = None,
    done: Callable[[Verdict], None] = lambda verdict: None,
) -> Checked:
    """Check those functions of a file; only one case of each where `case` spells one.

    done: is told each verdict as soon as it stands.  No process is left behind.  ValueError, one line,
    where the file cannot be read or the case is none.
    """
    if file.is_dir():
        raise ValueError(f"{file} is a directory; expected a Python file")
    if not file.is_file():
        raise ValueError(f"{file}: no such file; npmobilenet exercises new {file} writes one")
    only = {e.name: e.case(case) for e in exercises} if case is not None else {}
    with Learner(file) as learner:
        if learner.broken:
            return Checked(file, broken(file, learner.broken), learner.limited, ())
        verdicts = []
        for exercise in exercises:
            verdict = _checked(learner, exercise, only.get(exercise.name))
            done(verdict)
            verdicts.append(verdict)
        return Checked(file, "", learner.limited, tuple(verdicts))


def broken(file: Path, observed: Observed) -> str:
    """Why a file cannot be loaded."""
    if observed.outcome == "raised" or observed.outcome == "not yet":
        try:
            read_text(file)
        except ValueError as error:  # which says it with the line and what to do
            return str(error)
    return f"{file.name} cannot be loaded: {observed.said}"


def _checked(learner: Learner, exercise: Exercise, only: Case | None) -> Verdict:
    started = time.perf_counter()
    wrong = learner.functions.get(exercise.name, "missing")
    if wrong == "missing":
        return Verdict(exercise, "missing", said=f"there is no {exercise.signature}")
    if wrong:
        return Verdict(exercise, "broken", said=wrong)
    asked = left = 0

    def judged(case: Case, twice: bool = False) -> Failure | None:
        nonlocal asked
        asked += 1
        return judge(exercise, case, learner.ask(exercise, case, twice=twice))

    cases: Iterator[Case] = iter([only]) if only else exercise.small()
    failure = next(filter(None, (judged(case, twice=True) for case in cases)), None)
    if failure is None and only is None:
        failure, _, left = larger_failure(exercise, judged)
    verdict = Verdict(exercise, _state(failure), asked, failure=failure, left=left)
    if failure is not None and (failure.comparable or failure.outcome == "raised"):
        verdict = _explained(learner, verdict, failure)
    if verdict.state in ("right", "wrong"):
        verdict = replace(verdict, count=_count(learner, exercise))
    return replace(verdict, seconds=time.perf_counter() - started)


def _state(failure: Failure | None) -> str:
    if failure is None:
        return "right"
    return failure.outcome if failure.outcome in ("wrong", "not yet") else "broken"


def _explained(learner: Learner, verdict: Verdict, failure: Failure) -> Verdict:
    """What the function does instead: asked of it, in further cases."""
    from .diagnosis import UnansweredError, diagnose

    exercise, ended = verdict.exercise, False

    def call(arguments: dict[str, Any]) -> Results | None:
        nonlocal ended
        if not ended:
            asked = {"outputs": list(exercise.outputs)}
            observed = learner.call(exercise.name, arguments, asked)
            ended = observed.outcome in ENDED
        if ended:  # each more would cost seconds
            raise UnansweredError
        whole = observed.outcome == "returned" and not observed.others
        return observed.results if whole else None

    try:
        seen = asked_again(failure, call)
    except UnansweredError:
        return verdict
    if seen is not failure:  # which explains everything
        return replace(verdict, failure=seen)
    found = diagnose(exercise, failure.case, failure.yours or None, call)
    try:
        terms = products(exercise, failure, call)
    except UnansweredError:
        terms = None
    return replace(verdict, diagnosis=found, products=terms)


def _count(learner: Learner, exercise: Exercise) -> Count | None:
    """For the exercises about cost: what the learner's own convolutions multiply."""
    loops = {
        "standard_cost": ("conv2d",),
        "separable_cost": ("depthwise_conv2d", "pointwise_conv2d"),
    }.get(exercise.name)
    if loops is None or any(learner.functions.get(name) for name in loops):
        return None
    case, total, padding = exercise.case(COUNTED), 0, 0
    expected = int(exercise.reference(**case.arguments)["macs"])
    for name in loops:
        observed = learner.count(EXERCISES[name], _counted_case(name, case))
        if observed.outcome == "not yet":
            return None
        counts = observed.counts
        if observed.outcome != "counted" or counts["plain"] or not counts["multiplications"]:
            why = observed.said or "it makes plain numbers of them before it multiplies"
            said = f"{name} does not run on numbers that count: {why}"
            if observed.outcome == "counted" and not counts["plain"]:
                said = f"{name} multiplies none of the numbers that it is given"
            return Count(case, loops, None, 0, expected, said=said)
        total += counts["multiplications"]
        padding += counts["with_padding"]
    formula = learner.ask(exercise, case).results.get("macs")
    return Count(case, loops, total, padding, expected, None if formula is None else float(formula))


def _counted_case(name: str, case: Case) -> Case:
    """A convolution's case of the sizes of a cost; the pointwise one sees what the depthwise left."""
    (_, h, w, m), (k, _), n, s = case.sizes.x, case.sizes.kernel, case.sizes.o, case.sizes.s
    if name == "pointwise_conv2d":
        return EXERCISES[name].case(f"1x{-(-h // s)}x{-(-w // s)}x{m},o{n}")
    filters = f",o{n}" if name == "conv2d" else ""
    return EXERCISES[name].case(f"1x{h}x{w}x{m},{k}x{k}{filters},s{s},same")
