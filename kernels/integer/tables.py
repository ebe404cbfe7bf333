"""Operators from one byte to one byte: another quantization of the same number, and hard-swish.

    requantised   y = requantised(x - zx)

Hard-swish is x * relu6(x + 3) / 6.  LiteRT computes it in 16 bits; `high` below is the upper half of a
doubled product of 16 bits, to the nearest, and `half` the same cut towards 0:

    a = 128 (x - zx)
    scaled = high(a, my)                            a on the scale of y, before the last shift
    gate = high(a * 2^e, mg)                        a on the scale on which 3 is 2^15, saturated
    gate = floor((gate + 2^15) / 2)                 relu6(x + 3) / 6, where 1 is 2^15
    y = clamp(zero + shifted(half(gate, scaled), right), low, high)

where the left shift e leaves its last bit for after the product, and is one to the right where it is
below 0.

There are 256 different x: the compiled rung looks y up in a table of 256, which the one above fills.
"""

from typing import NamedTuple

import numpy as np

from ..compiling import Rungs, compiled, prange
from .conv import requantised
from .requantise import clamped, shifted


class HardSwish(NamedTuple):
    """The numbers of a hard-swish."""

    x_zero: int
    multiplier: int  # my, of 16 bits
    right: int
    gate: int  # mg, of 16 bits
    exponent: int  # e
    zero: int
    low: int
    high: int


# --- loops: the formulas above, in Python's integers -----------------------------------------------


def saturated(value):
    """As near as 16 bits come."""
    return min(max(value, -(2**15)), 2**15 - 1)


def high_product(a, b):
    """2 a b / 2^16 to the nearest integer, of two equally near the larger."""
    return saturated((a * b + 2**14) >> 15)


def cut_product(a, b):
    """2 a b / 2^16 without its fraction."""
    return saturated(abs(a * b) // 2**15 * (1 if a * b >= 0 else -1))


def swished(x, numbers):
    """Hard-swish of one byte, without its zero point."""
    a, e = 128 * (x - numbers.x_zero), numbers.exponent
    scaled = high_product(a, numbers.multiplier)
    gate = high_product(saturated(a << max(e - 1, 0)), numbers.gate)
    if e > 0:
        gate = saturated(gate << 1)
    gate = (shifted(gate, max(-e, 0)) + 2**15) >> 1
    return shifted(cut_product(gate, scaled), numbers.right)


def loops_hard_swish(x, numbers, y):
    for p in range(len(y)):
        y[p] = clamped(swished(int(x[p]), numbers), numbers)


def loops_difference(x, zero, sums):
    for p in range(len(x)):
        sums[p, 0] = int(x[p, 0]) - zero


# --- numpy: a table of all bytes, by the formula ---------------------------------------------------


def numpy_difference(x, zero, sums):
    np.subtract(x, np.int32(zero), out=sums, dtype=np.int32)


def bytes_of(dtype):
    """All 256 of a dtype, those of an unsigned byte in their order."""
    return np.arange(256, dtype=np.uint8).view(dtype)


def filled(formula, x, rest, y):
    """The table of a formula."""
    table = np.empty(256, y.dtype).reshape(256, *y.shape[1:])
    formula(bytes_of(x.dtype).reshape(256, *x.shape[1:]), *rest, table)
    return table.reshape(256)


def numpy_hard_swish(x, numbers, y):
    y[...] = filled(loops_hard_swish, x, (numbers,), y)[x.view(np.uint8)]


# --- numba: the table, looked up by all cores ------------------------------------------------------


def looked_up(formula):
    """The compiled rung of a formula."""

    def forward(x, *rest):
        *given, y = rest
        flat = x.reshape(-1), y.reshape(-1)
        numba_map(flat[0].view(np.uint8), filled(formula, x, given, y), flat[1])

    return forward


@compiled
def numba_map(x, table, y):
    for p in prange(len(x)):
        y[p] = table[x[p]]


RUNGS: Rungs = {
    "loops": (requantised(loops_difference, "loops"), loops_hard_swish),
    "numpy": (requantised(numpy_difference, "numpy"), numpy_hard_swish),
    "numba": (looked_up(requantised(numpy_difference, "numpy")), looked_up(loops_hard_swish)),
}
