"""Is one revision slower than another?  Paired rounds, an interval from resampling, a verdict.

In each round BASE, NEW and BASE once more work one after the other, forwards in one round and backwards
in the next, so that a drift of the machine takes from all alike.  A round gives two ratios:

    new / base     NEW over the geometric mean of its two neighbours
    base / base    the second BASE over the first: what the same code differs from itself by

The interval of a ratio is that of its median over the rounds: 95 % of the medians of rounds drawn anew
lie in it (Efron's percentile bootstrap).  Fewer than six rounds prove nothing that way: even if all agree
that NEW is slower, that happens by chance more often than in 5 of 100 cases.  There the interval reaches
from NEW's least over BASE's most to NEW's most over BASE's least.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LIMIT = 1.02  # of the lower end of new / base: what is more is slower, whatever the noise
RESAMPLES = 10_000
FEWEST = 6  # rounds: 2 / 2**6 is below 5 %


@dataclass(frozen=True)
class Ratio:
    """A median over rounds, and its 95 % interval."""

    middle: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        """ "0.98-1.02"."""
        return f"{self.low:.2f}-{self.high:.2f}"

    def __str__(self) -> str:
        return f"{self.middle:.2f} {self.interval}"


def ratio(values: Sequence[float], above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Of one ratio a round; above, below: what was divided by what, in any round."""
    rounds = np.asarray(values, np.float64)
    if len(rounds) < FEWEST:
        low, high = min(above) / max(below), max(above) / min(below)
        return Ratio(float(np.median(rounds)), low, high)
    drawn = np.random.default_rng(0).integers(len(rounds), size=(RESAMPLES, len(rounds)))
    low, high = np.quantile(np.median(rounds[drawn], axis=1), [0.025, 0.975])
    return Ratio(float(np.median(rounds)), float(low), float(high))


@dataclass(frozen=True)
class Compared:
    """What was measured of one case: one figure a round of each, in the same order."""

    name: str
    unit: str  # "ms", "s" or "MB"
    base: Sequence[float]
    again: Sequence[float]  # BASE a second time
    new: Sequence[float]
    results: str = ""  # how they differ; empty where there are none

    @property
    def new_to_base(self) -> Ratio:
        """Below 1 where NEW is quicker, or smaller."""
        pairs = zip(self.new, self.base, self.again, strict=True)
        values = [new / (base * again) ** 0.5 for new, base, again in pairs]
        return ratio(values, self.new, [*self.base, *self.again])

    @property
    def base_to_base(self) -> Ratio:
        """The noise."""
        values = [again / base for base, again in zip(self.base, self.again, strict=True)]
        return ratio(values, self.again, self.base)

    @property
    def failed(self) -> bool:
        """Whether NEW is slower, or larger, beyond doubt."""
        return self.new_to_base.low > LIMIT


def differing(
    base: dict[str, np.ndarray], again: dict[str, np.ndarray], new: dict[str, np.ndarray]
) -> str:
    """How NEW's results differ from BASE's: "same", to the bit, or the largest difference, relative."""
    for name, array in base.items():
        if name in again and not np.array_equal(array, again[name], equal_nan=True):
            return f"{name}: BASE differs from itself"
    if missing := sorted(set(base) ^ set(new)):
        return f"{missing[0]}: only one has it"
    if shaped := [name for name in base if base[name].shape != new[name].shape]:
        return f"{shaped[0]}: other shapes"
    worst = max(_difference(base[name], new[name]) for name in base)
    return f"{worst:.0e}" if worst else "same"


def _difference(base: np.ndarray, new: np.ndarray) -> float:
    """The largest, relative to the largest of BASE's values; infinite where one is no number."""
    if np.array_equal(base, new, equal_nan=True):
        return 0.0
    found = np.abs(new - base).max() / max(np.abs(base).max(), np.finfo(np.float32).tiny)
    return float(found) if np.isfinite(found) else float("inf")
