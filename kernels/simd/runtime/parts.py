"""What compiled code is made of: functions made to measure, and helpers, of which here the smallest.

    @part                  a helper that is compiled into whoever calls it
    @made("panel", 14, 2)  names a function that another function has made: panel_14_2

A function that makes one, `def window(kernel, stride): ...`, declares by its arguments what the made one
needs; Numba takes them as constants.
"""

import math

import numpy as np
from numba import njit

from ..isa.lanes import BYTES, LANES
from ..isa.vector import add, broadcast, element_at, load, set_element, store

_named: set[str] = set()


def made(*name, module=None):
    """The name of a function that was made, and the module it is for; its files go by both."""

    def rename(function):
        function.__name__ = function.__qualname__ = "_".join(map(str, name))
        function.__module__ = module or function.__module__
        return function

    return rename


def part(function):
    """A helper that is compiled into whoever calls it.

    Its name must be its own.  Work items come from disk, compiled by one process or another, each with
    the helpers that it calls; helpers of one name, numbered alike by chance, are one to the linker.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if name in _named:
        raise ValueError(f"two compiled helpers are named {name}")
    _named.add(name)
    return njit(nogil=True, fastmath={"contract"}, error_model="numpy")(function)


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
def zero(at, count):
    """Write `count` vectors of zeros."""
    for q in range(0, count * BYTES, BYTES):
        store(at + q, broadcast(np.float32(0)))


@part
def add_to(y, x, count):
    """y += x, `count` vectors."""
    for q in range(0, count * BYTES, BYTES):
        store(y + q, add(load(x + q), load(y + q)))


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
