"""One call after another of a learner's functions, each held against ours on the same arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.checks import Array
from .cases import LARGEST, Arguments, Case
from .exercise import EXERCISES
from .judging import Failure, judge
from .parent import Learner
from .record import Exercise, Results
from .sizes import Sizes

LIMIT = 30.0  # seconds for a call: layers of networks are larger than any case


@dataclass(frozen=True, eq=False)
class Difference:
    """The first call that is not ours: of which function, for which layers, what came out."""

    exercise: Exercise
    layer: str
    where: str  # "" or "in training step 3"
    failure: Failure


class Stopped(Exception):
    """A network goes no further; the difference is in `args`."""

    @property
    def difference(self) -> Difference:
        """What was found."""
        found: Difference = self.args[0]
        return found


class Asking:
    """Calls of a learner's functions: how many there were, and for which ones ours stood in."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.yours: Counter[str] = Counter()
        self.ours: dict[str, str] = {}  # function -> why it is not the learner's
        self.where = ""

    def __call__(self, name: str, layer: str, arguments: Arguments) -> Results:
        """Output -> array: the learner's where they are right, ours where there are none.

        Stopped where the learner's differ, or did not come.
        """
        exercise = EXERCISES[name]
        if name not in self.ours and (wrong := self.learner.functions.get(name, "missing")):
            self.ours[name] = wrong
        if name in self.ours:
            return exercise.reference(**arguments)
        asked = {"outputs": list(exercise.outputs)}
        observed = self.learner.call(name, arguments, asked, LIMIT)
        if observed.outcome == "not yet":
            self.ours[name] = "not yet"
            return exercise.reference(**arguments)
        if failure := judge(exercise, Case(arguments, sizes(name, arguments)), observed):
            raise Stopped(Difference(exercise, layer, self.where, failure))
        self.yours[name] += 1
        return observed.results


def sizes(name: str, given: Mapping[str, Any]) -> Sizes:
    """How a case of that size is spelled, for who wants to look closer with numbers of its own."""
    x, w, p = (given.get(name) for name in ("x", "w", "p"))
    shape = x.shape if isinstance(x, np.ndarray) else ()
    if np.prod(shape) > LARGEST:  # a case has no more numbers; one image is wrong as well
        shape = (1, *shape[1:])
    fields: dict[str, Any] = {"x": shape, "seed": 1}
    if isinstance(w, np.ndarray):
        fields |= {"kernel": w.shape[:2]} if w.ndim > 2 else {}
        fields |= {"o": w.shape[-1]} if w.ndim != 3 else {}
    if isinstance(p, dict):
        fields |= {"t": p["project"].shape[0], "o": p["project"].shape[1]}
    if "stride" in given:
        fields["s"] = given["stride"]
    if "padding" in given:
        fields["padding"] = given["padding"]
    if "b" in given:
        fields["b"] = given["b"] is not None
    if "w1" in given:
        fields["q"] = given["w1"].shape[1]
    if "eps" in given:
        fields["eps"] = given["eps"]
    if name == "batch_norm":
        fields |= {"mode": "train" if given["train"] else "eval", "momentum": given["momentum"]}
    return Sizes(**fields)


def furthest(yours: Array, ours: Array) -> tuple[float, tuple[int, ...]]:
    """The largest difference, and where; what is no number differs most."""
    with np.errstate(invalid="ignore"):
        error = np.abs(yours - ours)
    error = np.where(np.isnan(error), np.inf, error)
    at = np.unravel_index(int(np.argmax(error)), error.shape)
    return float(error[at]), tuple(int(i) for i in at)
