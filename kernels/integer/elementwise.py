"""Two integer tensors, element by element: the residual add and the product.

Add, with two roundings: both operands are brought to twice the larger of their two scales, with 20 more
bits of fraction, and the sum from there to the scale of y.

    total = scaled((a - za) * 2^20, of a) + scaled((b - zb) * 2^20, of b)
    y = clamp(zero + scaled(total, of y), low, high)

`scaled` is the double rounding of requantise.py.  With one rounding: both scales, divided by that of y,
are integers of 21 bits, with `shift` bits behind the point.

    y = clamp(zero + floor((ma * (a - za) + mb * (b - zb) + 2^(shift - 1)) / 2^shift), low, high)

The product needs no such care: y = requantised((x - zx) * (g - zg)).  x is (N, P, C): N images, P pixels;
g is as x, or (N, 1, C), one factor for all pixels of a channel.
"""

from typing import NamedTuple

import numpy as np

from ..compiling import Rungs, compiled, prange
from .conv import requantised
from .requantise import HALF, clamped, numpy_twice, twice

FRACTION = 20  # bits


class Sum(NamedTuple):
    """The numbers of an addition.  left and the third multiplier belong to two roundings alone."""

    single: bool
    zeros: tuple[int, int]  # of a, of b
    multiplier: tuple[int, int, int]  # of a, of b, of their sum
    left: int
    right: tuple[int, int, int]  # with one rounding the last is `shift`
    zero: int
    low: int
    high: int


# --- loops: the formulas above, in Python's integers -----------------------------------------------


def loops_add(a, b, numbers, y):
    za, zb = numbers.zeros
    ma, mb, my = numbers.multiplier
    ra, rb, ry = numbers.right
    for p in range(len(y)):
        first, second = int(a[p]) - za, int(b[p]) - zb
        if numbers.single:
            value = (first * ma + second * mb + (1 << ry >> 1)) >> ry
        else:
            total = twice(first << FRACTION, 0, ma, ra) + twice(second << FRACTION, 0, mb, rb)
            value = twice(total, numbers.left, my, ry)
        y[p] = clamped(value, numbers)


def loops_product(x, g, zeros, sums):
    N, P, C = x.shape
    zx, zg = zeros
    for n in range(N):
        for p in range(P):
            for c in range(C):
                sums[n, p, c] = (int(x[n, p, c]) - zx) * (int(g[n, p % g.shape[1], c]) - zg)


# --- numpy -----------------------------------------------------------------------------------------


def numpy_add(a, b, numbers, y):
    za, zb = numbers.zeros
    ma, mb, my = numbers.multiplier
    ra, rb, ry = numbers.right
    first, second = a.astype(np.int64) - za, b.astype(np.int64) - zb
    if numbers.single:
        value = (first * ma + second * mb + (1 << ry >> 1)) >> ry
    else:
        total = numpy_twice(first << FRACTION, 0, ma, ra)
        total += numpy_twice(second << FRACTION, 0, mb, rb)
        value = numpy_twice(total, numbers.left, my, ry)
    y[...] = np.clip(value + numbers.zero, numbers.low, numbers.high)


def numpy_product(x, g, zeros, sums):
    zx, zg = zeros
    np.multiply(x.astype(np.int32) - np.int32(zx), g.astype(np.int32) - np.int32(zg), out=sums)


# --- numba: the loops compiled ---------------------------------------------------------------------


def numba_add(a, b, numbers, y):
    limits = numbers.zero, numbers.low, numbers.high
    if numbers.single:
        ma, mb, _ = numbers.multiplier
        numba_single(a, b, *numbers.zeros, ma, mb, numbers.right[2], *limits, y)
    else:
        scales = numbers.multiplier, numbers.right, numbers.left
        numba_double(a, b, *numbers.zeros, *scales, *limits, y)


@compiled
def numba_single(a, b, za, zb, ma, mb, shift, zero, low, high, y):
    half = (1 << shift) >> 1
    for p in prange(len(y)):
        first, second = np.int64(a[p]) - za, np.int64(b[p]) - zb
        y[p] = min(max(((first * ma + second * mb + half) >> shift) + zero, low), high)


@compiled
def numba_double(a, b, za, zb, multiplier, right, left, zero, low, high, y):
    ma, mb, my = multiplier
    ra, rb, ry = right
    up_a, up_b, up_y = (1 << ra) >> 1, (1 << rb) >> 1, (1 << ry) >> 1
    for p in prange(len(y)):
        first = (((np.int64(a[p]) - za) << FRACTION) * ma + HALF) >> 31
        first = (first + up_a - (first < 0 and ra > 0)) >> ra
        second = (((np.int64(b[p]) - zb) << FRACTION) * mb + HALF) >> 31
        second = (second + up_b - (second < 0 and rb > 0)) >> rb
        total = np.int64(np.int32((first + second) << left))
        total = (total * my + HALF) >> 31
        total = (total + up_y - (total < 0 and ry > 0)) >> ry
        y[p] = min(max(total + zero, low), high)


def numba_product(x, g, zeros, sums):
    numba_products(x, g, np.int32(zeros[0]), np.int32(zeros[1]), sums)


@compiled
def numba_products(x, g, zx, zg, sums):
    N, P, C = x.shape
    for row in prange(N * P):
        n, p = row // P, row % P
        factor, pixel = g[n, p % g.shape[1]], x[n, p]
        for c in range(C):
            sums[n, p, c] = (np.int32(pixel[c]) - zx) * (np.int32(factor[c]) - zg)


RUNGS: Rungs = {
    "loops": (loops_add, requantised(loops_product, "loops")),
    "numpy": (numpy_add, requantised(numpy_product, "numpy")),
    "numba": (numba_add, requantised(numba_product, "numba")),
}
