"""A function that fails a case of `verify`, explained as the exercises explain theirs.

The smallest case by hand, and what the function does instead where that can be proved.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..verify.operators import Case as Drawn
from .cases import Case
from .diagnosis import UnansweredError, diagnose
from .exercise import EXERCISES
from .judging import judge
from .parent import Observed
from .products import products
from .record import Exercise, Results

if TYPE_CHECKING:
    from .checking import Verdict
    from .compared import Compared
    from .comparing import Comparison

LOOKING = 5.0  # seconds for the small cases


def explained(comparison: Comparison, found: Compared, file: str) -> Compared:
    """The same with what is to be said of each function that fails and is an exercise."""
    from .report import language, text

    said, mistakes = list(found.said), list(found.mistakes)
    for failing in found.failing:
        exercise = EXERCISES.get(failing.function)
        if exercise is None or failing.function not in comparison.ways:
            continue
        verdict = _verdict(comparison, exercise)
        if verdict is None:
            said.append(
                f"{exercise.name}: right in all small cases of the exercises that it takes."
            )
            continue
        way = comparison.ways[exercise.name]
        whole = way.parameters is not None and [p for p, _, _ in way.parameters] == [
            *exercise.parameters
        ]
        # the exercises' command does not run functions of other signatures
        lines = text(verdict, language(), file or "my_ops.py").split("\n")
        kept = [line for line in lines if (whole and file) or not line.startswith(" Again: ")]
        said.append("\n" + "\n".join(kept))
        if verdict.sentence is not None:
            mistakes.append(verdict.sentence)
    return replace(found, said=tuple(said), mistakes=tuple(mistakes))


def _verdict(comparison: Comparison, exercise: Exercise) -> Verdict | None:
    """The first small case that fails, and why; None where none does."""
    from .checking import Verdict

    started = time.perf_counter()

    def ask(arguments: dict[str, Any]) -> Observed | None:
        return _asked(comparison, exercise, arguments)

    def call(arguments: dict[str, Any]) -> Results | None:
        observed = ask(arguments)
        if observed is None or observed.outcome not in ("returned", "raised"):
            raise UnansweredError
        names = exercise.reference(**arguments).keys()
        whole = observed.outcome == "returned" and observed.results.keys() >= names
        return {n: observed.results[n] for n in names} if whole else None

    asked = 0
    for case in exercise.small():
        if time.perf_counter() - started > LOOKING:
            return None
        observed = ask(case.arguments)
        if observed is None:
            continue
        asked += 1
        failure = judge(exercise, case, _of_the_exercise(exercise, case, observed))
        if failure is None:
            continue
        verdict = Verdict(exercise, "wrong" if failure.outcome == "wrong" else "broken", asked,
                          failure=failure)  # fmt: skip
        if failure.comparable or failure.outcome == "raised":
            diagnosis = diagnose(exercise, case, failure.yours or None, call)
            try:
                terms = products(exercise, failure, call)
            except UnansweredError:
                terms = None
            verdict = replace(verdict, diagnosis=diagnosis, products=terms)
        return replace(verdict, seconds=time.perf_counter() - started)
    return None


def _asked(
    comparison: Comparison, exercise: Exercise, arguments: dict[str, Any]
) -> Observed | None:
    """What the function does for an exercise's arguments; None where it does not take them."""
    values = {**(exercise.constants(arguments) if exercise.forward else {}), **arguments}
    dy = values.pop("dy", None)
    if exercise.forward == "batch_norm":  # its gradient is of training
        values |= {"train": True, "momentum": 0.1}
    arrays = {n: values[n] for n in comparison.arrays if values.get(n) is not None}
    settings = {n: v for n, v in values.items() if n not in comparison.arrays}
    kept = comparison.taken(Drawn(arrays, {}))
    if exercise.forward == "" and kept.arrays.keys() != arrays.keys():
        return None  # a bias that nobody takes
    for name in ("stride", "padding"):
        if isinstance(settings.get(name), int):
            settings[name] = (settings[name],) * 2
    given = comparison.given(settings)
    if isinstance(given, str):
        return None
    gradients = list(exercise.outputs) if exercise.forward else []
    return comparison.ask({**kept.arrays, **given}, dy, gradients, exercise.name)


def _of_the_exercise(exercise: Exercise, case: Case, observed: Observed) -> Observed:
    """Its results alone; what it does not return (a db, without a bias) does not count."""
    if observed.outcome != "returned":
        return observed
    expected = exercise.reference(**case.arguments)
    results = {
        n: observed.results.get(n, expected[n]) for n in expected if n not in observed.others
    }
    return replace(observed, results=results)
