"""The learner's rung in the ladder: how long a function takes, beside ours on the same arrays.

Each function is asked in its process, ours here, in turns, so that a machine that slows down slows both.
Only what is right is timed: a wrong program may be fast for that reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from . import ours
from .cases import Case
from .checking import broken
from .judging import judge
from .parent import Learner, Observed
from .record import Exercise

FEW, FRESH = 12, 3  # small cases and fresh ones that must be right
ROUNDS = 3
ROUND = 0.1  # seconds of calls in a round; a slower function is called once
LONGEST = 60.0  # seconds after which a call is ended
# as in MobileNets: plain loops take about a second in convolutions, tenths of it in what looks at no
# neighbours
SIZES = {
    # more of it would be of no network: plain loops take some milliseconds
    "one_window": "7x7x320",
    "conv2d": "1x14x14x32,3x3,o64,s1,same",
    "depthwise_conv2d": "1x28x28x240,3x3,s1,same",
    "pointwise_conv2d": "1x14x14x112,o128",
    "conv2d_backward": "1x14x14x32,3x3,o16,s1,same",
    "depthwise_conv2d_backward": "1x28x28x96,3x3,s1,same",
    "pointwise_conv2d_backward": "1x14x14x64,o64",
    "batch_norm": "1x28x28x192,train,eps0.001,momentum0.1",
    "batch_norm_backward": "1x28x28x192,eps0.001",
    "relu6": "1x28x28x192",
    "relu6_backward": "1x28x28x192",
    "hard_swish": "1x28x28x192",
    "hard_swish_backward": "1x28x28x192",
    "squeeze_excite": "1x28x28x120,q32",
    "squeeze_excite_backward": "1x28x28x120,q32",
    "inverted_residual": "1x14x14x16,o16,t96,s1",
    "inverted_residual_backward": "1x14x14x16,o16,t48,s1",
}
COLUMNS = ("function", "size", "rung", ">time", ">times as fast")
KEY = """times as fast: as yours. Medians; of each rung the first call is not counted. Yours computes in
float64 with one thread of NumPy's, ours with all, simd in float32."""


@dataclass(frozen=True)
class Timed:
    """A table, what stands below it, and the same for a program."""

    rows: tuple[tuple[str, ...], ...]
    notes: str | None
    document: list[dict[str, Any]]
    columns: tuple[str, ...] = COLUMNS


def timed(
    file: Path,
    exercises: list[Exercise],
    *,
    say: Callable[[str], None] = lambda name: None,
    sizes: dict[str, str] = SIZES,
) -> Timed:
    """Time those functions of a file that are right; the notes list the others.

    say: is told the name of each function before it is timed.  ValueError, one line, where the file
    cannot be read or loaded.
    """
    if not file.is_file():
        raise ValueError(f"{file}: no such file; npmobilenet exercises new {file} writes one")
    document: list[dict[str, Any]] = []
    rows: list[tuple[str, ...]] = []
    left_out: dict[str, list[str]] = {}  # why -> names
    with Learner(file) as learner:
        if learner.broken:
            raise ValueError(broken(file, learner.broken))
        for exercise in exercises:
            if exercise.name not in sizes:
                left_out.setdefault("formulas, not timed", []).append(exercise.name)
                continue
            if why := wanting(learner, exercise):
                left_out.setdefault(why, []).append(exercise.name)
                continue
            say(exercise.name)
            size = sizes[exercise.name]
            found = _ladder(learner, exercise, exercise.case(f"{size},#1"))
            if isinstance(found, str):
                left_out.setdefault(found, []).append(exercise.name)
                continue
            yours = found["yours"]
            for rung, seconds in sorted(found.items(), key=lambda item: -item[1]):
                ratio = yours / seconds
                document.append(
                    {"function": exercise.name, "size": size, "rung": rung, "seconds": seconds,
                     "times_as_fast": ratio}
                )  # fmt: skip
                rows.append((exercise.name, size, rung, in_units(seconds), in_times(ratio)))
    notes = [KEY.replace("\n", " ")] if rows else []
    notes += [f"{why}: {', '.join(names)}" for why, names in left_out.items()]
    return Timed(tuple(rows), "\n".join(notes) or None, document)


def wanting(learner: Learner, exercise: Exercise) -> str:
    """Why a function is not timed; empty where a few cases are right."""
    if (wrong := learner.functions.get(exercise.name, "missing")) == "missing":
        return "missing"
    if wrong:
        return wrong
    rng = np.random.default_rng(0)
    fresh = (exercise.fresh(rng) for _ in range(FRESH))
    for case in chain(islice(exercise.small(), FEW), fresh):
        if why := _unlike(exercise, case, learner.ask(exercise, case)):
            return why
    return ""


def _unlike(exercise: Exercise, case: Case, observed: Observed) -> str:
    """What is wrong with an answer, in a few words."""
    failure = judge(exercise, case, observed)
    if failure is None:
        return ""
    if failure.outcome == "not yet":
        return "not yet"
    return failure.said or "not right, see npmobilenet exercises check"


def _ladder(learner: Learner, exercise: Exercise, case: Case) -> dict[str, float] | str:
    """Rung -> seconds, "yours" among them; or why yours cannot be timed."""
    warm = learner.ask(exercise, case, limit=LONGEST)  # where Numba compiles, and pages are touched
    if why := _unlike(exercise, case, warm):
        return why
    calls = {r: ours.ready(exercise.name, r, case.arguments) for r in ours.rungs(exercise.name)}
    found: dict[str, list[float]] = {"yours": [], **{rung: [] for rung in calls}}
    for number in range(ROUNDS + 1):
        for rung, call in calls.items():
            if number or rung != "loops":  # plain loops have nothing to warm up
                spent = list(_spent(call, ROUND))
                found[rung] += spent if number else []
        if not number:
            continue
        observed = learner.time(exercise, case, ROUND, ROUND + LONGEST)
        if observed.outcome != "timed":
            return observed.said
        found["yours"] += observed.seconds
    return {rung: median(seconds) for rung, seconds in found.items()}


def _spent(call: ours.Call, seconds: float) -> Iterator[float]:
    """Seconds of each of as many calls as there is time for, as the learner's process counts them."""
    ends, first = time.perf_counter() + seconds, True
    while first or time.perf_counter() < ends:
        first, began = False, time.perf_counter()
        call()
        yield time.perf_counter() - began


def in_units(seconds: float) -> str:
    """1.2 s, 34 ms, 5.6 µs: two figures at least."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            break
    number = seconds / size
    return f"{number:.2g} {unit}" if number < 10 else f"{number:,.0f} {unit}"


def in_times(ratio: float) -> str:
    """0.52, 1.0, 34, 1,200."""
    return f"{ratio:.2g}" if ratio < 0.995 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"
