"""How work is cut into shares; and the smallest helpers of all."""

import math

import numpy as np
from numba import njit

from ..isa.lanes import LANES
from ..isa.vector import element_at, load, set_element, store
from .templates import part


@part
def span(total, piece, pieces, grain):
    """First and end of a piece of `total`, in whole grains; the last piece ends with total."""
    grains = (total + grain - 1) // grain
    first, end = piece * grains // pieces * grain, (piece + 1) * grains // pieces * grain
    return min(total, first), min(total, end)


@part
def panel_count(main, split, vectors):
    """How many micropanels so many vectors make."""
    return split // main + (1 if vectors > split else 0)


@part
def panel_at(panel, main, split, vectors):
    """First vector of a micropanel, and how many it has: `main` up to the split, then one of the rest."""
    first = panel * main
    return (first, main) if first < split else (split, vectors - split)


@part
def copy(x, count, y):
    """`count` elements from x to y."""
    whole = count // LANES * LANES
    for q in range(0, whole, LANES):
        store(y + 4 * q, load(x + 4 * q))
    for q in range(whole, count):
        set_element(y + 4 * q, element_at(x + 4 * q))


@njit(nogil=True, error_model="numpy")
def sigmoid(x):
    """1 / (1 + exp(-x)) of one element; the exponential never overflows."""
    e = np.float32(math.exp(-abs(x)))
    return (np.float32(1) if x >= 0 else e) / (np.float32(1) + e)
