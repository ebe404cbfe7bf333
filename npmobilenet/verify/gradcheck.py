"""Is a backward pass the gradient of its forward pass?  For functions of anybody's.

found = nm.gradcheck(f, f_backward, x, w)
assert found, found
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.checks import Array, integer, number
from ..shown import Shown
from . import calling
from .differences import Slope, slope

MOST = 300  # entries of an array that are checked; of a larger one as many, drawn
# where all of a gradient is smaller than this share of the largest of all, errors are measured by that
LEAST = 1e-3
COLUMNS = (
    "gradient of", ">checked", "worst entry", ">expected", ">yours", ">difference", ">kinks", "",
)  # fmt: skip


@dataclass(frozen=True)
class GradientRow:
    """What is to be said of the gradient of one array; its worst entry stands for all."""

    name: str
    shape: tuple[int, ...]
    checked: int
    worst: tuple[int, ...]
    expected: float
    yours: float
    error: float  # of the worst entry, in shares of the largest expected
    kinks: int  # entries at which the slopes of both sides differ, or differences mean nothing
    passed: bool

    @property
    def difference(self) -> float:
        """yours - expected."""
        return self.yours - self.expected


@dataclass(frozen=True, repr=False)
class GradientCheck(Shown):
    """What `gradcheck` found: true where every gradient is right."""

    rows: tuple[GradientRow, ...]
    called: str  # how the backward pass was called
    tolerance: float

    def __bool__(self) -> bool:
        return all(row.passed for row in self.rows)

    def __repr__(self) -> str:
        """The table: nobody has many of these."""
        return str(self)

    def cells(self) -> list[tuple[object, ...]]:
        """The rows as they are drawn, under COLUMNS."""
        return [
            (
                row.name,
                f"{row.checked:,}"
                + (f" of {many:,}" if (many := size(row.shape)) > row.checked else ""),
                f"[{', '.join(map(str, row.worst))}]",
                f"{row.expected:.6g}",
                f"{row.yours:.6g}",
                f"{row.difference:+.1e}",
                row.kinks,
                "ok" if row.passed else "wrong",
            )
            for row in self.rows
        ]

    def remarks(self) -> list[str]:
        """What stands below the table."""
        found = [
            f"Against central differences in float64, within {self.tolerance:g} of the largest entry; "
            f"called as {self.called}."
        ]
        if any(row.kinks for row in self.rows):
            found.append(
                "kinks: entries at which the function bends or jumps, or is too rough for a difference; "
                "there anything between the slopes of both sides is right."
            )
        return found


def size(shape: Sequence[int]) -> int:
    """How many entries."""
    return int(np.prod(shape, dtype=np.int64))


def gradcheck(
    f: Callable[..., Any],
    f_backward: Callable[..., Any],
    *arrays: Array,
    names: Sequence[str] | None = None,
    tolerance: float = 1e-6,
    most: int = MOST,
    seed: int = 0,
) -> GradientCheck:
    """Hold the gradients of a backward pass against central differences of the forward pass.

    f(*arrays) returns y, or (y, cache, ...).  f_backward is called as f_backward(dy, cache) where
    there is a cache and it takes one, else as f_backward(dy, *arrays); it returns the gradient of each
    array, in order, or a dict of them.  What is no array (a stride) goes into both by functools.partial.

    arrays: floating-point, of any shape; both functions get copies in float64.  names: of the arrays
    (those of f's parameters).  tolerance: of an error, in shares of the largest entry.  most: entries of
    an array that are checked, drawn by seed as dy is.

    The result is true where all is right, and prints as a table.  ValueError, one line, for arguments
    that cannot be checked, for gradients that are missing or of another shape, and where a function
    changes what it is given or returns something else when it is called again.
    """
    number("gradcheck", "tolerance", tolerance, "from 1e-9 to 1", lambda v: 1e-9 <= v <= 1)
    most, seed = (
        integer("gradcheck", "most", most, 1),
        integer("gradcheck", "seed", seed, 0, most=None),
    )
    both = calling.Pair(f, f_backward, arrays, names)
    rng = np.random.default_rng(seed)
    y, cache = both.forward()
    dy = rng.standard_normal(y.shape)
    gradients, called = both.backward(dy if y.ndim else float(dy), cache)

    def loss() -> float:
        return float(np.sum(dy * (both.again(y.shape) - y)))

    places = [_places(array.shape, most, rng) for array in both.arrays]
    with np.errstate(all="ignore"):  # beside an entry there may be what is no number
        first = [
            [slope(loss, array, at, np.inf) for at in those]
            for array, those in zip(both.arrays, places, strict=True)
        ]
        scales = _scales(first, y, dy, both.arrays)
        rows = []
        for k, (array, those, scale) in enumerate(zip(both.arrays, places, scales, strict=True)):
            allowed = tolerance * scale
            slopes = [
                found if found.doubt <= allowed else slope(loss, array, at, allowed)
                for found, at in zip(first[k], those, strict=True)
            ]
            for found, at in zip(slopes, those, strict=True):
                if not np.isfinite((found.value, *found.sides)).all():
                    raise ValueError(
                        f"gradcheck: f returns NaN or infinity beside {both.names[k]}"
                        f"[{', '.join(map(str, at))}] = {array[at]:g}; no difference can be taken there"
                    )
            rows.append(_row(both.names[k], gradients[k], those, slopes, allowed, tolerance))
    return GradientCheck(tuple(rows), called, tolerance)


def _places(shape: tuple[int, ...], most: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """All entries, or as many as `most` of them, in order."""
    many = size(shape)
    flat = np.arange(many) if many <= most else np.sort(rng.choice(many, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(k, shape)) for k in flat]


def _scales(slopes: list[list[Slope]], y: Array, dy: Array, arrays: Sequence[Array]) -> list[float]:
    """What errors of each gradient are measured by: its largest entry."""
    largest = [
        max((abs(s.value) for s in those if np.isfinite(s.value)), default=0.0) for those in slopes
    ]
    # the loss that would be moved by as much as all of x is: gradients are small against this
    usual = float(np.abs(dy * y).max(initial=0)) / max(
        1.0, *(float(np.abs(a).max()) for a in arrays)
    )
    least = LEAST * max(*largest, usual)
    return [max(own, least) or 1.0 for own in largest]


def _row(
    name: str,
    gradient: Array,
    places: list[tuple[int, ...]],
    slopes: list[Slope],
    allowed: float,
    tolerance: float,
) -> GradientRow:
    """The gradient of one array, by its worst entry."""
    worst, most = 0, -1.0
    for k, (at, found) in enumerate(zip(places, slopes, strict=True)):
        off = _off(float(gradient[at]), found, allowed)
        if off > most:
            worst, most = k, off
    at, found = places[worst], slopes[worst]
    kinks = sum(s.doubt > allowed for s in slopes)
    return GradientRow(
        name, gradient.shape, len(places), at, found.value, float(gradient[at]),
        most * tolerance / allowed, kinks, most <= allowed,
    )  # fmt: skip


def _off(yours: float, found: Slope, allowed: float) -> float:
    """How far an entry is from what it may be; infinite where it is no number."""
    if not np.isfinite(yours):
        return np.inf
    if found.doubt <= allowed:
        return abs(yours - found.value)
    low, high = found.sides
    return max(low - yours, yours - high, 0.0)
