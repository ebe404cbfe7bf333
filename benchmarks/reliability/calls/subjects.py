"""What a subject is: a public function, right arguments for it, and of which kind each of them is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .guards import Guards
from .wrong import Kind

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Call:
    """One right call.

    kinds  of the arguments that are put wrong
    words  argument -> words one of which a refusal may have in the place of its name
    paths  arguments that are paths, of which the system itself may complain
    """

    function: Callable[..., Any]
    good: Mapping[str, Any]
    kinds: Mapping[str, Kind]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What is called: `name` as a line says it, `of` the public names that are tried by it.

    memory: whether arrays reach compiled code, so that it is tried beside unreadable pages, too.
    compiled: whether it may be run under NUMBA_BOUNDSCHECK.
    """

    name: str
    make: Callable[[Draw], Call]
    of: tuple[str, ...]
    memory: bool = False
    compiled: bool = False


class Draw:
    """Sizes, arrays between guards and rungs of one call, from a seed."""

    def __init__(self, rng: np.random.Generator, guards: Guards, rungs: tuple[str, ...]) -> None:
        self.rng, self.guards, self.rungs = rng, guards, rungs
        self.dtype = np.dtype(np.float32 if rng.random() < 0.65 else np.float64)
        self.n, self.h, self.w = (int(k) for k in rng.integers((1, 3, 3), (3, 9, 9)))
        self.m, self.o = (int(k) for k in rng.integers(1, 21, 2))
        self.k = int(rng.choice([1, 2, 3, 5]))

    def rung(self, offered: Iterable[str]) -> str:
        """One of those that are offered and asked for; small sizes for the slow one."""
        known = [r for r in self.rungs if r in offered]
        if self.dtype == np.float64:
            known = [r for r in known if r != "simd"] or known
        found = str(self.rng.choice(known or ["numpy"]))
        if found == "simd":
            self.dtype = np.dtype(np.float32)
        if found == "loops":
            self.h, self.w = min(self.h, 4), min(self.w, 4)
            self.m, self.o = min(self.m, 3), min(self.o, 3)
        return found

    def floats(self, *shape: int, positive: bool = False) -> Array:
        """Normal numbers of the call's precision."""
        found = self.rng.standard_normal(shape)
        return self.guards.like((abs(found) if positive else found).astype(self.dtype))

    def integers(self, dtype: str, *shape: int, least: int = -100, most: int = 100) -> Array:
        """Whole numbers."""
        low, high = max(np.iinfo(dtype).min, least), min(np.iinfo(dtype).max, most)
        return self.guards.like(self.rng.integers(low, high + 1, shape).astype(dtype))

    def some(self, *values: Any) -> Any:
        """One of them."""
        return values[int(self.rng.integers(len(values)))]


# a function, right arguments, and the kinds of them that are put wrong
Made = tuple[Callable[..., Any], dict[str, Any], dict[str, Kind]]
# right arguments of an operator, and the kinds of them
Given = tuple[dict[str, Any], dict[str, Kind]]


def by_name(
    made: Mapping[str, Callable[[Draw], Made]],
    words: Mapping[str, tuple[str, ...]],
    paths: tuple[str, ...] = (),
) -> list[Subject]:
    """Subjects, each named as the one public name that it tries."""

    def subject(name: str, make: Callable[[Draw], Made]) -> Subject:
        return Subject(name, lambda draw: Call(*make(draw), words, paths), (name,))

    return [subject(name, make) for name, make in made.items()]
