"""Hard-swish, hard-sigmoid and softmax of 8-bit integers."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from ...kernels.integer import softmax as softmaxes
from ...kernels.integer import tables
from .. import checks
from ..checks import Array
from ..rungs import call, choose
from . import arguments
from .elementwise import add, constant, multiply
from .numbers import LIMITS, Quantization
from .scales import bounds, multipliers, single, unbounded

WHOLE = 5  # bits before the point of a difference of logits
EXP_BITS = 31 - WHOLE


def hard_swish(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    *,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """x * relu6(x + 3) / 6 of integers, as TFLite's HARD_SWISH has it (MobileNetV3, arXiv:1905.02244).

    x         of any shape, whose first axis is the images; int8 or uint8
    x_q, y_q  quantizations of x and y, of one dtype, with one scale each
    rounding  "double" or "single": both compute in the same 16 bits, as XNNPACK has no such operator
    rung      "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x.  ValueError or TypeError, naming the argument, for anything else, and where
    the scales are so far apart that LiteRT refuses them or its 16 bits hold nothing.
    """
    operator = "hard_swish"
    rung = choose(operator, rung, tables.RUNGS)
    _maps(operator, x, x_q, y_q)
    arguments.rounding(operator, rounding)
    numbers = hard_swish_numbers(x_q, y_q)
    y = np.empty(x.shape, y_q.dtype)
    _, forward = tables.RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x).reshape(-1), numbers, y.reshape(-1))
    return y


@unbounded()
def hard_swish_numbers(x_q: Quantization, y_q: Quantization) -> tables.HardSwish:
    """What the kernel multiplies by: sx / 128 / sy, and sx / 128 on a scale on which 3 is 2^15."""
    sx, sy = single(x_q), single(y_q)
    fine = np.float32(1 / 128) * sx
    three = np.float32(3) / np.float32(2**15)
    left, fixed, right = multipliers([np.float64(fine / sy), np.float64(fine / three)])
    if left[0] or right[0] > 15 or right[1] > 15 or left[1] > 15:
        raise ValueError(
            "hard_swish: scales must be such that x / 128 / y is at most 1 and 16 bits hold the "
            f"result, found {float(sx):g} and {float(sy):g}"
        )
    short = np.minimum((fixed.astype(np.int64) + 2**15) >> 16, 2**15 - 1)
    return tables.HardSwish(
        x_q.zero_point[0],
        int(short[0]),
        int(right[0]),
        int(short[1]),
        int(left[1] - right[1]),
        y_q.zero_point[0],
        *bounds(y_q, None),
    )


def hard_sigmoid(
    x: Array,
    x_q: Quantization,
    shifted_q: Quantization,
    y_q: Quantization,
    *,
    three_q: Quantization | None = None,
    sixth_q: Quantization | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """relu6(x + 3) / 6 of integers, as TFLite files have it: ADD of 3, with RELU6; MUL by 1/6.

    x          of any shape, whose first axis is the images; int8 or uint8
    x_q, y_q   quantizations of x and y, of one dtype, with one scale each
    shifted_q  that of relu6(x + 3), which lies between
    three_q, sixth_q   those of the constants 3 and 1/6, each kept as one integer; None: a scale of
               3/255, or 1/6/255, at which the constant is the dtype's largest integer
    rounding   "double" or "single", as `add` and `multiply` take it
    rung       "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x.  ValueError or TypeError, naming the argument, for anything else.
    """
    operator = "hard_sigmoid"
    _maps(operator, x, x_q, y_q)
    for name, q in (("shifted_q", shifted_q), ("three_q", three_q), ("sixth_q", sixth_q)):
        if q is not None:
            arguments.quantization(operator, name, q)
            arguments.same_dtype(operator, x_q=x_q, **{name: q})
    three_q = three_q or of_constant(3, x_q.dtype)
    sixth_q = sixth_q or of_constant(1 / 6, x_q.dtype)
    every = np.arange(*np.add(LIMITS[x_q.dtype], (0, 1)), dtype=x_q.dtype).reshape(256, 1)
    three = np.broadcast_to(constant(3, three_q), every.shape)
    middle = add(
        every, three, x_q, three_q, shifted_q, activation="relu6", rounding=rounding, rung=rung
    )
    sixth = np.broadcast_to(constant(1 / 6, sixth_q), every.shape)
    table = multiply(middle, sixth, shifted_q, sixth_q, y_q, rounding=rounding, rung=rung)
    return np.asarray(table.reshape(256)[x.astype(np.int64) - LIMITS[x_q.dtype][0]])


def of_constant(value: float, dtype: str) -> Quantization:
    """How TFLite's converter keeps a positive constant: from 0, the smallest integer, to itself."""
    low, _ = LIMITS[dtype]
    return Quantization(dtype, (float(np.float32(value) / np.float32(255)),), (low,))


def softmax(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    *,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Probabilities of integers: exp(sx x[n,c]) / sum_d exp(sx x[n,d]).

    x         (N, C), int8 or uint8
    x_q, y_q  quantizations of x and y; that of y has the scale 1/256 and its dtype's smallest integer
              as zero point, as all TFLite files have
    rounding  "double", as LiteRT's reference kernels, in fixed point; "single", as its other ones, in
              float32
    rung      "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, C).  ValueError or TypeError, naming the argument, for anything else, and for more
    than 4096 classes with two roundings, whose sum has not the bits.
    """
    operator = "softmax"
    rung = choose(operator, rung, softmaxes.RUNGS)
    _maps(operator, x, x_q, y_q, "N C")
    if y_q.scale[0] != 1 / 256 or y_q.zero_point[0] != LIMITS[y_q.dtype][0]:
        raise ValueError(
            f"{operator}: y_q must have scale 1/256 and zero point {LIMITS[y_q.dtype][0]}, "
            f"found {y_q.scale[0]:g} and {y_q.zero_point[0]}"
        )
    rounding = arguments.rounding(operator, rounding)
    if rounding == "double" and x.shape[1] > 4095:
        raise ValueError(f"{operator}: x must have at most 4095 classes, found {x.shape[1]}")
    y = np.empty(x.shape, y_q.dtype)
    (forward,) = softmaxes.RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x), softmax_numbers(rounding, x_q, y_q), y)
    return y


@unbounded()
def softmax_numbers(rounding: str, x_q: Quantization, y_q: Quantization) -> softmaxes.Softmax:
    """The table of exponentials."""
    sx = single(x_q)
    if rounding == "single":
        table = np.exp((-sx * np.arange(256, dtype=np.float32)).astype(np.float64))
        table = table.astype(np.float32)
    else:
        left, fixed, right = multipliers(min(float(sx) * 2.0**EXP_BITS, 2.0**31 - 1))
        if right[0]:
            raise ValueError(f"softmax: the scale of x must be above 2^-26, found {float(sx):g}")
        radius = floor((2**WHOLE - 1) * 2.0**EXP_BITS / 2.0 ** int(left[0]))
        exponentials: Any = softmaxes.exponentials  # kernels are not annotated
        table = exponentials(int(left[0]), int(fixed[0]), -radius)
    limits = bounds(y_q, None, rounding)
    return softmaxes.Softmax(rounding == "single", table, single(y_q), y_q.zero_point[0], *limits)


def _maps(
    operator: str, x: Array, x_q: Quantization, y_q: Quantization, axes: str | None = None
) -> None:
    arguments.quantization(operator, "x_q", x_q)
    arguments.quantization(operator, "y_q", y_q)
    arguments.same_dtype(operator, x_q=x_q, y_q=y_q)
    arguments.array(operator, "x", x, axes or checks.any_axes(x), x_q)
