"""From the numbers that a tensor takes to the range in which it is stored, by four rules.

    minmax          from the least to the greatest: nothing is cut off, and one outlier makes all coarse
    moving_average  of the least and greatest of each batch, new = old + rate (batch - old)
    percentile      without the lowest and the highest (100 - p) percent
    mse             the range with the least mean squared error of what is stored

The last two count how often which number comes: once over the images for the range, once to count.
A range always has 0 in it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import LIMITS
from .storing import of_range

BINS = 2048  # of a count: eight for each integer
FRACTIONS = np.linspace(0.2, 1.0, 81)  # of a range, among which the best is looked for


class MinMax:
    """From the least number to the greatest."""

    passes = 1  # how often all images are looked at

    def __init__(self) -> None:
        self.low = self.high = 0.0

    def see(self, values: Array, turn: int) -> None:
        """A batch of the tensor; turn: which pass it is, 0 or 1."""
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))

    def range(self) -> tuple[float, float]:
        """The range."""
        return self.low, self.high


class MovingAverage(MinMax):
    """The least and greatest of each batch, averaged: what comes once counts little."""

    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.rate, self.begun = rate, False

    def see(self, values: Array, turn: int) -> None:
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        rate = self.rate if self.begun else 1.0
        self.low += rate * (low - self.low)
        self.high += rate * (high - self.high)
        self.begun = True


class Counted(MinMax):
    """How often which number comes, in bins of equal width between the least and the greatest."""

    passes = 2

    def __init__(self) -> None:
        super().__init__()
        self.counts = np.zeros(BINS, np.int64)

    def see(self, values: Array, turn: int) -> None:
        if turn == 0:
            super().see(values, turn)
        elif self.high > self.low:
            scale = np.float32(BINS / (self.high - self.low))
            place = ((values.ravel() - np.float32(self.low)) * scale).astype(np.int32)
            np.clip(place, 0, BINS - 1, out=place)
            self.counts += np.bincount(place, minlength=BINS)

    @property
    def edges(self) -> Array:
        """Of the bins."""
        return np.linspace(self.low, self.high, BINS + 1)


class Percentile(Counted):
    """Without the numbers beyond a percentile, on either side."""

    def __init__(self, percentile: float = 99.99) -> None:
        super().__init__()
        self.percentile = percentile

    def range(self) -> tuple[float, float]:
        share = np.cumsum(self.counts) / max(1, int(self.counts.sum()))
        outside = 1 - self.percentile / 100
        first = int(np.searchsorted(share, outside, side="right"))
        last = int(np.searchsorted(share, 1 - outside, side="left"))
        edges = self.edges
        low, high = edges[min(first, BINS - 1)], edges[min(last, BINS - 1) + 1]
        return min(0.0, float(low)), max(0.0, float(high))


class MeanSquaredError(Counted):
    """The range with the least mean squared error: a coarser step for all, or an outlier cut off."""

    def __init__(self, dtype: str = "int8", symmetric: bool = False) -> None:
        super().__init__()
        self.dtype, self.symmetric = dtype, symmetric

    def range(self) -> tuple[float, float]:
        low, high = self.low, self.high
        for _ in range(2):  # one end, then the other, which then may let the first one move
            high = self._best(lambda f: (low, self.high * f))[1]  # noqa: B023
            low = self._best(lambda f: (self.low * f, high))[0]  # noqa: B023
        return low, high

    def _best(self, of: Callable[[float], tuple[float, float]]) -> tuple[float, float]:
        return min((of(float(f)) for f in FRACTIONS), key=self._error)

    def _error(self, ends: tuple[float, float]) -> float:
        """Summed squared error of all that was counted, in the middle of its bin."""
        numbers = of_range(*ends, self.dtype, self.symmetric)
        least, greatest = LIMITS[self.dtype]
        edges = self.edges
        middles = (edges[:-1] + edges[1:]) / 2
        scale, zero = numbers.scale[0], numbers.zero_point[0]
        whole = np.clip(np.rint(middles / scale) + zero, least, greatest)
        return float(self.counts @ ((whole - zero) * scale - middles) ** 2)


OBSERVERS = ("minmax", "moving_average", "percentile", "mse")


def observer(name: str, *, dtype: str, symmetric: bool, percentile: float, rate: float) -> MinMax:
    """A fresh observer of one tensor."""
    if name == "moving_average":
        return MovingAverage(rate)
    if name == "percentile":
        return Percentile(percentile)
    return MeanSquaredError(dtype, symmetric) if name == "mse" else MinMax()
