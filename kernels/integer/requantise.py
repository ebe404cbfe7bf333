"""Sums of 32 bits to 8-bit integers: times a real factor s, rounded, plus the zero point, clamped.

    y = clamp(zero + round(s * total), low, high)

s is a fraction of integers or a float, and that is how it rounds:

    single    round(s * total): total and the product are float32, each the nearest one; then the
              nearest integer, of two equally near the even one

    double    s = multiplier / 2^31 * 2^(left - right), and two roundings:
              high = floor((total * 2^left * multiplier + 2^30) / 2^31)   the nearest, ties upwards
              then  high / 2^right to the nearest, ties away from zero
              total * 2^left wraps in 32 bits, as sums do

    exact     s is float64 and so is the product; the nearest integer, ties away from zero.  This is what
              the dense layer does that otherwise has two roundings

Each channel, the last axis of the sums, has its own s.
"""

from typing import Any, NamedTuple

import numpy as np

from ..compiling import Rungs, compiled, prange

HALF = 1 << 30


class Requantise(NamedTuple):
    """How sums become y.  Only the numbers of its rounding are read."""

    single: bool
    scale: Any  # float32, one for each channel
    left: Any  # int32, three of them for each channel
    multiplier: Any
    right: Any
    zero: int
    low: int
    high: int
    exact: Any = None  # float64, one for each channel; where it is given, the others are not read


# --- loops: the formulas above, in Python's integers -----------------------------------------------


def wrapped(total):
    """The 32 bits that a machine keeps of an integer."""
    return (int(total) + 2**31) % 2**32 - 2**31


def once(total, scale):
    """s * total in float32, to the nearest integer, ties to even."""
    return int(np.rint(np.float32(total) * np.float32(scale)))


def away(value):
    """The nearest integer of a float64, of two equally near that further from 0."""
    whole = int(value)  # towards 0
    return whole + (abs(value - whole) >= 0.5) * (1 if value > 0 else -1)


def high_product(a, b):
    """2 a b / 2^32 to the nearest integer, of two equally near the larger; -2^31 twice saturates."""
    return min((int(a) * int(b) + HALF) >> 31, 2**31 - 1)


def shifted(value, right):
    """value / 2^right to the nearest integer, of two equally near that further from 0."""
    half = (1 << right) >> 1
    return (value + half - (value < 0 and right > 0)) >> right


def twice(total, left, multiplier, right):
    """Two roundings."""
    return shifted(high_product(wrapped(total << int(left)), multiplier), int(right))


def clamped(value, out):
    """With its zero point, within its bounds."""
    return min(max(value + out.zero, out.low), out.high)


def loops_forward(sums, out, y):
    P, O = sums.shape
    for p in range(P):
        for o in range(O):
            total = int(sums[p, o])
            if out.exact is not None:
                value = away(total * float(out.exact[o]))
            elif out.single:
                value = once(total, out.scale[o])
            else:
                value = twice(total, out.left[o], out.multiplier[o], out.right[o])
            y[p, o] = clamped(value, out)


# --- numpy: all sums at a time ---------------------------------------------------------------------


def numpy_once(total, scale):
    return np.rint(total.astype(np.float32) * scale).astype(np.int64)


def numpy_away(value):
    whole = np.trunc(value)
    return np.where(np.abs(value - whole) >= 0.5, whole + np.sign(value), whole).astype(np.int64)


def numpy_high_product(a, b):
    return np.minimum((a.astype(np.int64) * b + HALF) >> 31, 2**31 - 1)


def numpy_shifted(value, right):
    right = np.asarray(right, np.int64)
    half = (1 << right) >> 1
    return (value + half - ((value < 0) & (right > 0))) >> right


def numpy_wrapped(total):
    return total.astype(np.int64).astype(np.int32).astype(np.int64)


def numpy_twice(total, left, multiplier, right):
    total = numpy_wrapped(total.astype(np.int64) << left)
    return numpy_shifted(numpy_high_product(total, multiplier), right)


def numpy_forward(sums, out, y):
    if out.exact is not None:
        value = numpy_away(sums * out.exact)
    elif out.single:
        value = numpy_once(sums, out.scale)
    else:
        value = numpy_twice(sums, out.left, out.multiplier, out.right)
    y[...] = np.clip(value + out.zero, out.low, out.high)


# --- numba: the loops compiled, rows shared between the cores --------------------------------------


def numba_forward(sums, out, y):
    limits = np.int32(out.zero), np.int32(out.low), np.int32(out.high)
    if out.exact is not None:
        numba_exact(sums, out.exact, *limits, y)
    elif out.single:
        numba_single(sums, out.scale, *limits, y)
    else:
        numba_double(sums, out.left, out.multiplier, out.right, *limits, y)


@compiled
def numba_single(sums, scale, zero, low, high, y):
    P, O = sums.shape
    for p in prange(P):
        for o in range(O):
            value = np.rint(np.float32(sums[p, o]) * scale[o])
            # within what float32 holds exactly, and beyond every bound
            value = min(max(value, np.float32(-1024)), np.float32(1024))
            y[p, o] = min(max(np.int32(value) + zero, low), high)


@compiled
def numba_exact(sums, exact, zero, low, high, y):
    P, O = sums.shape
    for p in prange(P):
        for o in range(O):
            value = sums[p, o] * exact[o]
            whole = np.trunc(value)
            if np.abs(value - whole) >= 0.5:
                whole += np.sign(value)
            whole = min(max(whole, -1024.0), 1024.0)  # beyond every bound
            y[p, o] = min(max(np.int32(whole) + zero, low), high)


@compiled
def numba_double(sums, left, multiplier, right, zero, low, high, y):
    P, O = sums.shape
    for p in prange(P):
        for o in range(O):
            total = np.int64(np.int32(np.int64(sums[p, o]) << np.int64(left[o])))
            value = min((total * np.int64(multiplier[o]) + HALF) >> 31, 2**31 - 1)
            shift = np.int64(right[o])
            half = (np.int64(1) << shift) >> 1
            value = (value + half - (value < 0 and shift > 0)) >> shift
            y[p, o] = min(max(value + zero, low), high)


RUNGS: Rungs = {
    "loops": (loops_forward,),
    "numpy": (numpy_forward,),
    "numba": (numba_forward,),
}
