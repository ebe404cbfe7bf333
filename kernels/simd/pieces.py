"""What compiled pieces of all kinds share.

@part                    a helper that is compiled into whoever calls it
filled(template, ...)    a function made from a template
share(...)               how work is cut
"""

import math
from types import FunctionType

import numpy as np
from numba import njit

from .lanes import LANES
from .vector import load, number_at, set_number, store

_named: set[str] = set()


def part(function):
    """A helper that is compiled into whoever calls it.

    Its name must be its own.  Units come from disk, compiled by one process or another, each with the
    helpers that it calls; helpers of one name, numbered alike by chance, are one to the linker.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if name in _named:
        raise ValueError(f"two compiled helpers are named {name}")
    _named.add(name)
    return njit(nogil=True, fastmath={"contract"}, error_model="numpy")(function)


def filled(template, name, **names):
    """A copy of a function in which the names that it leaves open are filled in, as its globals.

    In a closure they would do as well, but Numba's cache would not know the function again in the next
    process.
    """
    found = {**template.__globals__, **names}
    made = FunctionType(template.__code__, found, name, template.__defaults__)
    made.__qualname__, made.__doc__ = name, template.__doc__
    return made


@part
def share(total, piece, pieces, grain):
    """First of a piece of `total`, in whole grains; the last piece ends with total."""
    return min(total, (piece * ((total + grain - 1) // grain) // pieces) * grain)


@part
def copied(x, count, y):
    """`count` numbers from x to y."""
    whole = count // LANES * LANES
    for q in range(0, whole, LANES):
        store(y + 4 * q, load(x + 4 * q))
    for q in range(whole, count):
        set_number(y + 4 * q, number_at(x + 4 * q))


@njit(nogil=True, error_model="numpy")
def sigmoid(x):
    """1 / (1 + exp(-x)) of one number; the exponential never overflows."""
    e = np.float32(math.exp(-abs(x)))
    return (np.float32(1) if x >= 0 else e) / (np.float32(1) + e)
