"""Probabilities from logits of 8 bits: exponentials of differences to the largest logit of an image.

    y[n, c] = clamp(zero + round(e[c] / sum_d e[d] / sy), low, high)
    e[c] = exp(sx (x[n, c] - largest))

A difference is one of 256, so exponentials are a table of 256, which a caller makes once.  With two
roundings they are integers, 2^31 times the real ones (`exponentials`); their sum has 12 bits before its
point, and the quotient is a product with the sum's reciprocal, three Newton steps from a straight line
(`reciprocal`).  With one rounding the table is float32, and so are the sum, added in order, and the rest:

    y[n, c] = clamp(zero + round(e[c] * (1 / (sum * sy))), low, high)        half an integer away from 0
"""

from typing import NamedTuple

import numpy as np

from ..compiling import Rungs, compiled, prange
from .requantise import HALF, clamped, high_product, shifted, twice

ONE = 2**31 - 1  # as near to 1 as 31 bits of fraction come
WHOLE = 12  # bits before the point of a sum
EIGHTH = 1895147668  # exp(-1/8)
THIRD = 715827883  # 1/3
# exp(-2^k) for k = -2 ... 4, each 2^31 times as large
POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


class Softmax(NamedTuple):
    """The table of exponentials, at [-difference], and how the quotient becomes y."""

    single: bool
    table: np.ndarray  # int32, or float32 where there is one rounding
    scale: np.float32  # sy, with one rounding
    zero: int
    low: int
    high: int


# --- integers with 31 bits of fraction ---------------------------------------------------------------


def exponential(x):
    """exp(x), where 1 is 2^31, of an x <= 0 that has 26 bits of fraction.

    x is cut into -1/4 <= r < 0, whose exponential is a polynomial about -1/8, and powers of 2 from 1/4
    to 16, whose exponentials are known.
    """
    if x == 0:
        return ONE
    quarter = 1 << 24
    rest = (x & (quarter - 1)) - quarter
    r = (rest << 5) + (1 << 28)  # plus 1/8
    r2 = high_product(r, r)
    r3, r4 = high_product(r2, r), high_product(r2, r2)
    tail = shifted(high_product(shifted(r4, 2) + r3, THIRD) + r2, 1)
    y = EIGHTH + high_product(EIGHTH, r + tail)
    for k, power in enumerate(POWERS):
        if (rest - x) >> (24 + k) & 1:
            y = high_product(y, power)
    return y


def exponentials(left, multiplier, least):
    """The table of two roundings: of differences 0, -1 ... -255, which 26 bits of fraction hold scaled.

    Below `least` an exponential counts as 0.
    """
    table = np.zeros(256, np.int32)
    for d in range(min(-least, 255) + 1):
        table[d] = exponential(twice(-d, left, multiplier, 0))
    return table


def reciprocal(total):
    """(r, bits): 1 / total = r / 2^31 / 2^bits, for a sum with 12 bits before its point."""
    headroom = 32 - int(total).bit_length()
    fraction = (
        (int(total) << headroom) & (2**32 - 1)
    ) - 2**31  # total = (1 + fraction / 2^31) 2^bits
    half = (fraction + ONE + 1) >> 1
    x = 1515870810 + high_product(half, -1010580540)  # 48/17 - 32/17 half, with 29 bits of fraction
    for _ in range(3):
        x += high_product(x, (1 << 29) - high_product(half, x)) << 2
    return min(x << 1, ONE), WHOLE - headroom


# --- loops: the formulas above -----------------------------------------------------------------------


def loops_forward(x, numbers, y):
    for n in range(len(x)):
        largest = max(int(q) for q in x[n])
        powers = [numbers.table[largest - int(q)] for q in x[n]]
        if numbers.single:
            total = np.float32(0)
            for power in powers:
                total += power
            factor = np.float32(1) / (total * numbers.scale)
            values = [int(np.floor(np.float64(power * factor) + 0.5)) for power in powers]
        else:
            r, bits = reciprocal(sum(shifted(int(power), WHOLE) for power in powers))
            right = bits + 31 - 8
            values = [shifted(high_product(r, power), right) for power in powers]
        y[n] = [clamped(value, numbers) for value in values]


# --- numpy: an image at a time -----------------------------------------------------------------------


def numpy_forward(x, numbers, y):
    for n in range(len(x)):
        powers = numbers.table[int(x[n].max()) - x[n].astype(np.int64)]
        if numbers.single:
            total = np.add.accumulate(powers)[-1]  # in order
            factor = np.float32(1) / (total * numbers.scale)
            value = np.floor((powers * factor).astype(np.float64) + 0.5).astype(np.int64)
        else:
            powers = powers.astype(np.int64)
            total = ((powers + (1 << WHOLE - 1)) >> WHOLE).sum()
            r, bits = reciprocal(total)
            right = bits + 31 - 8
            value = (((powers * r + HALF) >> 31) + (1 << right >> 1)) >> right
        y[n] = np.clip(value + numbers.zero, numbers.low, numbers.high)


# --- numba: images shared between the cores ----------------------------------------------------------


def numba_forward(x, numbers, y):
    limits = numbers.zero, numbers.low, numbers.high
    if numbers.single:
        numba_single(x, numbers.table, numbers.scale, *limits, y)
        return
    totals = np.empty(len(x), np.int64)
    numba_totals(x, numbers.table, totals)
    r, bits = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    for n, total in enumerate(totals):
        r[n], bits[n] = reciprocal(total)
    numba_quotients(x, numbers.table, r, bits + 31 - 8, *limits, y)


@compiled
def numba_single(x, table, scale, zero, low, high, y):
    N, C = x.shape
    for n in prange(N):
        largest, total = np.int64(x[n].max()), np.float32(0)
        for c in range(C):
            total += table[largest - x[n, c]]
        factor = np.float32(1) / (total * scale)
        for c in range(C):
            value = np.int64(
                np.floor(np.float64(np.float32(table[largest - x[n, c]] * factor)) + 0.5)
            )
            y[n, c] = min(max(value + zero, low), high)


@compiled
def numba_totals(x, table, totals):
    N, C = x.shape
    for n in prange(N):
        largest, total = np.int64(x[n].max()), 0
        for c in range(C):
            total += (np.int64(table[largest - x[n, c]]) + (1 << WHOLE - 1)) >> WHOLE
        totals[n] = total


@compiled
def numba_quotients(x, table, r, right, zero, low, high, y):
    N, C = x.shape
    for n in prange(N):
        largest, half = np.int64(x[n].max()), (np.int64(1) << right[n]) >> 1
        for c in range(C):
            value = (np.int64(table[largest - x[n, c]]) * r[n] + HALF) >> 31
            y[n, c] = min(max(((value + half) >> right[n]) + zero, low), high)


RUNGS: Rungs = {
    "loops": (loops_forward,),
    "numpy": (numpy_forward,),
    "numba": (numba_forward,),
}
