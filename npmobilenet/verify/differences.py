"""Central differences, and whether they can be trusted: slopes without a formula.

    D(h) = (L(x + h) - L(x - h)) / 2h        is off by about h² times the third derivative
    B(h) = (L(x + h) - 2 L(x) + L(x - h)) / h  is about h times the second

Of a smooth L, D(h) and D(h/2) nearly agree, and (4 D(h/2) - D(h)) / 3 cancels the h² (Richardson); B
halves with h.  A kink within h of x breaks one of the two: beside x it moves D, and on x, where D cannot
see it, B stays as it is.  Where they break a smaller step is tried, until the kink is out of its reach or
rounding is all that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..ops.checks import Array

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)  # times |x|, where that is more than 1


@dataclass(frozen=True)
class Slope:
    """A derivative at one entry; `left` and `right` are those of either side."""

    value: float
    left: float
    right: float
    doubt: float  # by how much the differences disagree

    @property
    def sides(self) -> tuple[float, float]:
        """The lesser and the greater of the one-sided slopes."""
        return min(self.left, self.right), max(self.left, self.right)


def slope(loss: Callable[[], float], array: Array, at: tuple[int, ...], allowed: float) -> Slope:
    """dL/d array[at], of a loss that is 0 here; by the largest step whose doubt is allowed.

    array is changed and changed back; loss reads it.  Without such a step: that of the least doubt.
    """
    best: Slope | None = None
    for step in STEPS:
        found = _at_step(loss, array, at, step)
        if best is None or found.doubt < best.doubt:
            best = found
        if best.doubt <= allowed:
            break
    assert best is not None
    return best


def _at_step(loss: Callable[[], float], array: Array, at: tuple[int, ...], step: float) -> Slope:
    before = float(array[at])
    h = step * max(1.0, abs(before))
    moved: list[float] = []
    for share in (1.0, 0.5, -0.5, -1.0):
        array[at] = before + share * h
        moved.append(loss())
    array[at] = before
    far, near, nearer_left, far_left = moved
    whole, half = (far - far_left) / (2 * h), (near - nearer_left) / h
    bend, bend_half = (far + far_left) / h, (near + nearer_left) / (h / 2)
    doubt = max(abs(whole - half), abs(bend_half - bend / 2))
    return Slope(
        (4 * half - whole) / 3,
        -nearer_left / (h / 2),
        near / (h / 2),
        doubt if np.isfinite(doubt) else np.inf,
    )
