"""A function that fails a case of `verify`, explained as the exercises explain theirs.

The smallest case by hand, and what the function does instead where that can be proved.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..verify.cases import Case as Drawn
from .cases import Case, Draw
from .diagnosis import UnansweredError, diagnose
from .exercise import EXERCISES
from .judging import judge
from .parent import Observed
from .products import products
from .record import Exercise, Results
from .sizes import Sizes

if TYPE_CHECKING:
    from .checking import Verdict
    from .compared import Compared
    from .comparing import Comparison

LOOKING = 5.0  # seconds for the small cases
DRAWS = 200  # in which a fresh case is looked for that a function takes


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
        said.append("\n" + "\n".join(kept) + "\n")
        if verdict.sentence is not None:
            mistakes.append(verdict.sentence)
    return replace(found, said=tuple(said), mistakes=tuple(mistakes))


def _verdict(comparison: Comparison, exercise: Exercise) -> Verdict | None:
    """The first small case that fails, and why; None where none does."""
    from .checking import Verdict

    started, exercise = time.perf_counter(), _narrowed(comparison, exercise)

    def ask(arguments: dict[str, Any]) -> Observed | None:
        given = _given(comparison, exercise, arguments)
        gradients = list(exercise.outputs) if exercise.forward else []
        if given is None:
            return None
        return comparison.ask(given, arguments.get("dy"), gradients, exercise.name)

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
            try:
                diagnosis = diagnose(exercise, case, failure.yours or None, call)
            except UnansweredError:  # of no case that it would take
                diagnosis = None
            try:
                terms = products(exercise, failure, call)
            except UnansweredError:
                terms = None
            verdict = replace(verdict, diagnosis=diagnosis, products=terms)
        return replace(verdict, seconds=time.perf_counter() - started)
    return None


def _narrowed(comparison: Comparison, exercise: Exercise) -> Exercise:
    """The exercise with those cases alone that the function takes: no "same", or no bias."""

    def takes(sizes: Sizes) -> bool:
        return _given(comparison, exercise, exercise.fill(sizes)) is not None

    def draw(integer: Draw) -> Sizes:
        drawn = (exercise.draw(integer) for _ in range(DRAWS))
        found = next((sizes for sizes in drawn if takes(sizes)), None)
        if found is None:
            raise UnansweredError
        return found

    return replace(exercise, sizes=tuple(filter(takes, exercise.sizes)), draw=draw)


def _given(
    comparison: Comparison, exercise: Exercise, arguments: dict[str, Any]
) -> dict[str, Any] | None:
    """An exercise's arguments as the function is given them; None where it does not take them."""
    values = {**(exercise.constants(arguments) if exercise.forward else {}), **arguments}
    values.pop("dy", None)
    if exercise.forward == "batch_norm":  # its gradient is of training
        values |= {"train": True, "momentum": 0.1}
    arrays = {n: values[n] for n in comparison.arrays if values.get(n) is not None}
    settings = {n: v for n, v in values.items() if n not in comparison.arrays}
    kept = comparison.taken(Drawn(arrays, {})).arrays
    if not exercise.forward and kept.keys() != arrays.keys():
        return None  # a bias that nobody takes
    for name in ("stride", "padding"):
        if isinstance(settings.get(name), int):
            settings[name] = (settings[name],) * 2
    given = comparison.given(settings)
    return None if isinstance(given, str) else {**kept, **given}


def _of_the_exercise(exercise: Exercise, case: Case, observed: Observed) -> Observed:
    """Its results alone; what it does not return (a db, without a bias) does not count."""
    if observed.outcome != "returned":
        return observed
    expected = exercise.reference(**case.arguments)
    results = {
        n: observed.results.get(n, expected[n]) for n in expected if n not in observed.others
    }
    return replace(observed, results=results)
