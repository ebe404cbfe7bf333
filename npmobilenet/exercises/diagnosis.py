"""Names a mistake where that can be proved: by a wrong program that gives the learner's very numbers.

    found = diagnose(exercise, case, results, call)
    found.sentence["en"], found.agreeing, found.wiring

A program is named only if it gives what the learner's function gave on the failing case, on FRESH fresh
ones, and on the exercise's small ones; the source is never read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import numpy as np

from ..ops.checks import Array
from .cases import Arguments, Case, drawing
from .mistakes import Mistake, of, outcome
from .mistakes.record import Sentence
from .record import Exercise, Results
from .sizes import Sizes
from .wiring import wiring_lines

FRESH = 50  # cases on which the learner's numbers must be the program's, whatever they are
TELLING = 20  # of them, those on which the program's are not the right ones
DRAWS = 2_000  # of fresh cases; of these all are asked that are of a kind that was not asked yet
STOPS = 100  # cases at most that are asked where the programs stop, as the function then must
SMALL = 400  # small cases at most, spread over all of them
PROVING, WIRING = 5.0, 2.0  # seconds, after which a slow function is not asked any more
CLOSE = 1e-8  # how near numbers are that are the same but for the order of a sum

# what a learner's function gives for arguments; None where it raised
Call = Callable[[Arguments], Results | None]


class UnansweredError(Exception):
    """`call` raises it where a function hangs or dies: it is not asked again."""


@dataclass(frozen=True)
class Diagnosis:
    """What can be said of a wrong function: the mistake that was proved, or else its wiring."""

    sentence: Mapping[str, str] | None  # "en" and "zh"; None where no program does the same
    agreeing: int = 0  # fresh cases on which the program gives the same numbers
    of: int = 0
    wiring: tuple[str, ...] = ()  # lines in English, where no program does the same
    number: int = 0  # of the mistake, and of all whose programs gave the same: they are one
    numbers: tuple[int, ...] = ()


def diagnose(exercise: Exercise, case: Case, found: Results | None, call: Call) -> Diagnosis | None:
    """The mistake whose program does what the learner's function does; else the wiring, or None.

    found: what it gave on the failing case, None where it raised.  call may raise UnansweredError.
    """
    proof = Proof(exercise, case, found, within(PROVING, call))
    try:
        named = proof.on_fresh() and proof.on_small()
    except UnansweredError:  # what was asked until then may be enough
        named = proof.enough
    if named:
        return proof.named()
    try:
        lines = wiring_lines(exercise, case, found, within(WIRING, call)) if found else ()
    except UnansweredError:
        return None
    return Diagnosis(None, wiring=lines) if lines else None


def within(seconds: float, call: Call) -> Call:
    """The same function, which is not asked any more after that time."""
    ends = time.monotonic() + seconds

    def limited(arguments: Arguments) -> Results | None:
        if time.monotonic() > ends:
            raise UnansweredError
        return call(arguments)

    return limited


class Proof:
    """The mistakes of an exercise that have done all that the learner's function did, so far."""

    def __init__(self, exercise: Exercise, case: Case, found: Results | None, call: Call) -> None:
        self.exercise, self.call = exercise, call
        self.cases = self.telling = 0
        self.left: list[Mistake] = list(of(exercise.name))
        self._keep(self._outcomes(case.arguments, exercise.reference(**case.arguments)), found)

    @property
    def enough(self) -> bool:
        """Whether those that are left are proved."""
        return bool(self.left) and self.cases >= FRESH and self.telling >= TELLING

    def on_fresh(self) -> bool:
        """Whether some are left after enough fresh cases, many of them telling, one of each kind."""
        stopped, kinds = 0, set()
        if not self.left:
            return False
        for sizes, its_kind in fresh(self.exercise):
            if self.enough and its_kind in kinds:
                continue
            kinds.add(its_kind)
            arguments = self.exercise.fill(sizes)
            right = self.exercise.reference(**arguments)
            played = self._outcomes(arguments, right)
            some = [results for results in played if results is not None]
            wrong = any(not alike(results, right) for results in some)
            if not some and stopped >= STOPS:
                continue  # nothing more is learnt here
            found = self.call(arguments)
            self._keep(played, found)
            if not self.left:
                return False
            stopped += found is None
            self.cases += found is not None
            self.telling += found is not None and wrong
        return self.enough

    def on_small(self) -> bool:
        """Whether some are left after the small cases, in which odd sizes are."""
        small = list(self.exercise.small())
        for case in islice(small, 0, None, max(1, -(-len(small) // SMALL))):
            right = self.exercise.reference(**case.arguments)
            self._keep(self._outcomes(case.arguments, right), self.call(case.arguments))
            if not self.left:
                return False
        return True

    def named(self) -> Diagnosis:
        """The first of those that are left; all of them give the same numbers."""
        first, numbers = self.left[0], dict.fromkeys(mistake.number for mistake in self.left)
        return Diagnosis(
            _languages(first.sentence), self.cases, self.cases, (), first.number, tuple(numbers)
        )

    def _outcomes(self, arguments: Arguments, right: Results) -> list[Results | None]:
        """What each of those left gives, under the names of the exercise's outputs."""
        found = (outcome(mistake.program, arguments) for mistake in self.left)
        return [
            None if results is None else dict(zip(right, results.values(), strict=True))
            for results in found
        ]

    def _keep(self, played: list[Results | None], found: Results | None) -> None:
        pairs = zip(self.left, played, strict=True)
        self.left = [mistake for mistake, results in pairs if alike(results, found)]


Kind = tuple[object, ...]


@cache
def fresh(exercise: Exercise) -> tuple[tuple[Sizes, Kind], ...]:
    """The sizes of the fresh cases, the same in every run, and of which kind they are."""
    draw = drawing(np.random.default_rng(0))
    drawn = [replace(exercise.draw(draw), seed=seed) for seed in range(DRAWS)]
    return tuple((sizes, kind(sizes)) for sizes in drawn)


def kind(sizes: Sizes) -> Kind:
    """What is rare among fresh cases, and may be a case of its own: filters larger than the image, ..."""
    ahead = [
        (min(max(size - taps, -3), 0), min(max(taps - sizes.s, -1), 0))
        for size, taps in zip(sizes.x[1:3], sizes.kernel, strict=False)
    ]
    return sizes.padding, sizes.s, sizes.mode, *ahead


def alike(one: Results | None, other: Results | None) -> bool:
    """Whether two answers are the same: names, shapes and numbers; or both stopped."""
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(_close(one[name], other[name]) for name in one)


def _close(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    with np.errstate(all="ignore"):
        finite = np.isfinite(one) & np.isfinite(other)  # or every number would be near to inf
        least = float(np.abs(one).max(initial=1.0, where=finite))
        near = finite & (np.abs(one - other) <= CLOSE * (least + np.abs(other)))
        return bool((near | (one == other) | (np.isnan(one) & np.isnan(other))).all())


def _languages(sentence: Sentence) -> Mapping[str, str]:
    return dict(zip(("en", "zh"), sentence, strict=True))
