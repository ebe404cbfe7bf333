"""The spiral of MobileNetV2's Figure 1: what ReLU leaves of a plane that lies in n dimensions.

A point p of the plane is put into n dimensions, p @ E with E (2, n) drawn at random, and goes through
ReLU.  Of its n coordinates those above 0 remain, each an equation for the point's two numbers: with
fewer than two of them it cannot be told where the point was.
"""

from __future__ import annotations

import numpy as np

from .. import ops
from ..ops.checks import Array

DIMENSIONS = (2, 3, 5, 15, 30)
EMBEDDINGS = 100  # for each number of dimensions


def points() -> Array:
    """The spiral, three turns of 500 points: float64 (500, 2)."""
    angle = np.linspace(0, 6 * np.pi, 500)
    return np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1)


def embeddings(dimensions: int) -> Array:
    """Random matrices into so many dimensions: float64 (100, 2, dimensions), the same every time."""
    return np.random.default_rng(0).standard_normal((EMBEDDINGS, 2, dimensions))


def share_lost(matrices: Array) -> float:
    """Which share of the points fewer than two coordinates are left of; matrices (..., 2, n)."""
    alive = ops.relu(points() @ matrices, rung="numpy")[0] > 0
    return float(np.mean(alive.sum(axis=-1) < 2))  # two unknowns need two equations
