"""Cases: what a learner's function is asked, and the numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from zlib import crc32

import numpy as np

from ..ops.checks import Array
from .sizes import Sizes, in_words

Value = Array | dict[str, Array] | int | float | str | None
Arguments = dict[str, Value]
# a whole number within bounds, both included: from Hypothesis, or from a generator
Draw = Callable[[int, int], int]
LARGEST = 200_000  # numbers in one array


@dataclass(frozen=True, eq=False)
class Case:
    """The arguments of one call, in order; `text` is how --case spells it."""

    arguments: Arguments
    sizes: Sizes

    @property
    def text(self) -> str:
        """What `Exercise.case` makes the same case of."""
        return self.sizes.text

    @property
    def words(self) -> str:
        """The same for a reader."""
        return in_words(self.sizes)

    def __repr__(self) -> str:
        return f"Case({self.text})"


class Filler:
    """Gives a case's arrays their numbers, which follow from its text alone.

    Small ones get 1, 2, 3, ... shuffled: no two alike, none of them 0, and a person can add them up.
    Those with a seed get normal numbers, in which nothing is equal by chance.
    """

    def __init__(self, sizes: Sizes) -> None:
        self.rng = np.random.default_rng(crc32(sizes.text.encode()))
        self.drawn = sizes.seed is not None

    def array(self, *shape: int) -> Array:
        """Any numbers: of a small case whole and positive.  ValueError where they would be too many."""
        if prod(shape) > LARGEST:
            raise ValueError(f"an array has at most {LARGEST:,} numbers, this one {prod(shape):,}")
        if self.drawn:
            return self.rng.normal(0, 2, shape)
        return self.rng.permutation(np.arange(1.0, prod(shape) + 1)).reshape(shape)

    def positive(self, *shape: int) -> Array:
        """Numbers above 0, as variances are."""
        return np.abs(self.array(*shape)) + 0.25 * self.drawn

    def signed(self, scale: float, *shape: int) -> Array:
        """The same numbers times `scale`, each with a sign."""
        found = self.array(*shape) * scale
        return found if self.drawn else found * self.rng.choice((-1.0, 1.0), shape)

    def around(self, points: Iterable[float], *shape: int) -> Array:
        """Numbers on all sides of an activation's kinks, and none on a kink."""
        found = self.array(*shape)
        if self.drawn:
            return self.rng.uniform(-9, 9, shape)
        repeated = np.resize(np.array(list(points), float), found.size)
        return self.rng.permutation(repeated).reshape(shape)


def in_order(*groups: Iterable[Sizes]) -> tuple[Sizes, ...]:
    """The groups one after another, each by how many numbers there are; no case twice."""
    found = (size for group in groups for size in sorted(group, key=lambda s: s.numbers))
    return tuple(dict.fromkeys(found))


def drawing(rng: np.random.Generator) -> Draw:
    """Whole numbers from a generator, as `Exercise.draw` asks for them."""
    return lambda low, high: int(rng.integers(low, high + 1))
