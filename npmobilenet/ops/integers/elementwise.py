"""Residual add and multiplication of 8-bit integers, and how they meet real numbers."""

from __future__ import annotations

import numpy as np

from ...kernels.integer import elementwise, tables
from .. import checks
from ..checks import Array
from ..rungs import call, choose
from . import arguments
from .numbers import LIMITS, Quantization
from .scales import bounds, of_change, of_product, of_sum
from .scales import requantise as numbers_of


def add(
    a: Array,
    b: Array,
    a_q: Quantization,
    b_q: Quantization,
    y_q: Quantization,
    *,
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Sum of two maps of integers, which may have different scales.

        y = clamp(zy + round((sa (a - za) + sb (b - zb)) / sy), low, high)

    a, b           of the same shape, whose first axis is the images; int8 both, or uint8 both
    a_q, b_q, y_q  quantizations of a, b and y, of one dtype, with one scale each
    activation     None, "relu" or "relu6", which narrow low and high
    rounding       "double", as LiteRT's reference kernels: both operands and their sum are rounded;
                   "single", as XNNPACK on x86: scales are, to 21 bits, and the sum
    rung           "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as a.  ValueError or TypeError, naming the argument, for anything else.
    """
    operator = "add"
    rung = choose(operator, rung, elementwise.RUNGS)
    _maps(operator, a_q=a_q, b_q=b_q, y_q=y_q)
    arguments.array(operator, "a", a, checks.any_axes(a), a_q)
    arguments.array(operator, "b", b, checks.any_axes(b), b_q)
    if a.shape != b.shape:
        raise ValueError(f"{operator}: a and b must have one shape, found {a.shape} and {b.shape}")
    rounding = arguments.rounding(operator, rounding)
    limits = bounds(y_q, arguments.activation(operator, activation), rounding)
    zeros = a_q.zero_point[0], b_q.zero_point[0]
    numbers = elementwise.Sum(
        rounding == "single", zeros, *of_sum(rounding, a_q, b_q, y_q), y_q.zero_point[0], *limits
    )
    y = np.empty(a.shape, y_q.dtype)
    forward, _ = elementwise.RUNGS[rung]
    flat = (np.ascontiguousarray(part).reshape(-1) for part in (a, b))
    call(rung, forward, *flat, numbers, y.reshape(-1))
    return y


def multiply(
    x: Array,
    g: Array,
    x_q: Quantization,
    g_q: Quantization,
    y_q: Quantization,
    *,
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Product of two maps of integers, or of a map and a factor for each channel (squeeze-excite).

        y = clamp(zy + round(sx sg / sy * (x - zx) (g - zg)), low, high)

    x              (N, ..., C), int8 or uint8
    g              shaped as x, or (N, C): then all pixels of a channel have the same factor
    x_q, g_q, y_q  quantizations of x, g and y, of one dtype, with one scale each
    activation     None, "relu" or "relu6", which narrow low and high
    rounding       "double", as LiteRT's reference kernels, or "single", as XNNPACK on x86
    rung           "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x.  ValueError or TypeError, naming the argument, for anything else.
    """
    operator = "multiply"
    rung = choose(operator, rung, elementwise.RUNGS)
    _maps(operator, x_q=x_q, g_q=g_q, y_q=y_q)
    arguments.array(operator, "x", x, checks.any_axes(x), x_q)
    arguments.array(operator, "g", g, checks.any_axes(g), g_q)
    per_channel = x.ndim > 2 and g.ndim == 2
    if x.ndim < 2 or g.shape != ((len(x), x.shape[-1]) if per_channel else x.shape):
        raise ValueError(
            f"{operator}: g must have the shape of x, or (N, C), one factor a channel; "
            f"found {g.shape} beside x {x.shape}"
        )
    rounding = arguments.rounding(operator, rounding)
    limits = bounds(y_q, arguments.activation(operator, activation), rounding)
    out = numbers_of(rounding, of_product(x_q, g_q, y_q), y_q, limits, x.shape[-1])
    y = np.empty(x.shape, y_q.dtype)
    pixels = int(np.prod(x.shape[1:-1]))
    shape = len(x), pixels, x.shape[-1]
    factors = len(x), 1 if per_channel else pixels, x.shape[-1]
    _, forward = elementwise.RUNGS[rung]
    zeros = x_q.zero_point[0], g_q.zero_point[0]
    left, right = np.ascontiguousarray(x).reshape(shape), np.ascontiguousarray(g).reshape(factors)
    call(rung, forward, left, right, zeros, out, y.reshape(shape))
    return y


def requantize(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    *,
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """The same numbers in another quantization, of int8 or uint8.

        y = clamp(zy + round(sx / sy * (x - zx)), low, high)

    x           of any shape, whose first axis is the images; int8 or uint8
    x_q, y_q    its quantization and the wanted one
    activation  None, "relu" or "relu6", which narrow low and high
    rounding    "double", as LiteRT's reference kernels, or "single", as XNNPACK on x86, to 8
                bits of sx / sy where both are int8 or both uint8
    rung        "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x.  ValueError or TypeError, naming the argument, for anything else.
    """
    operator = "requantize"
    rung = choose(operator, rung, tables.RUNGS)
    arguments.quantization(operator, "x_q", x_q)
    arguments.quantization(operator, "y_q", y_q)
    arguments.array(operator, "x", x, checks.any_axes(x), x_q)
    rounding = arguments.rounding(operator, rounding)
    out = of_change(rounding, x_q, y_q, arguments.activation(operator, activation))
    y = np.empty(x.shape, y_q.dtype)
    forward, _ = tables.RUNGS[rung]
    call(
        rung,
        forward,
        np.ascontiguousarray(x).reshape(-1, 1),
        x_q.zero_point[0],
        out,
        y.reshape(-1, 1),
    )
    return y


def quantize(x: Array, q: Quantization, *, rounding: str = "double") -> Array:
    """Real numbers as integers.

        y = clamp(zero + round(x / scale), low, high)

    x         float32 or float64, of any shape; infinities are clamped, NaN is refused
    q         the wanted quantization, of int8 or uint8, with one scale or one a channel (the last axis)
    rounding  "double": half an integer is rounded away from 0, x divided by the scale, as LiteRT's
              reference kernels; "single": to the even one, x multiplied by 1 / scale, as XNNPACK

    Returns y, of the dtype of q, computed in float32.  ValueError or TypeError for anything else.
    """
    operator = "quantize"
    if not checks.plain(x) or x.dtype not in (np.float32, np.float64):
        found = x.dtype if checks.plain(x) else type(x).__name__
        raise TypeError(f"{operator}: x must be an array of float32 or float64, found {found}")
    arguments.quantization(operator, "q", q, x.shape[-1] if x.ndim else 1)
    arguments.rounding(operator, rounding)
    if np.isnan(x).any():
        raise ValueError(f"{operator}: x must hold numbers, found NaN")
    scale, zero = np.asarray(q.scale, np.float32), np.asarray(q.zero_point, np.int64)
    low, high = LIMITS[q.dtype]
    with np.errstate(over="ignore"):  # what is too large is clamped
        real = x.astype(np.float32)
        ratio = real * (np.float32(1) / scale) if rounding == "single" else real / scale
    ratio = np.clip(ratio.astype(np.float64), -1024, 1024)  # beyond every bound
    if rounding == "single":
        value = np.rint(ratio)
    else:
        value = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio)
    return np.asarray(np.clip(value + zero, low, high).astype(q.dtype))


def dequantize(x: Array, q: Quantization) -> Array:
    """Integers as the real numbers they stand for: scale (x - zero), in float32.

    x  int8, uint8 or int32 as q says, of any shape
    q  its quantization, with one scale or one a channel (the last axis)

    Returns float32, shaped as x.  ValueError or TypeError for anything else.
    """
    operator = "dequantize"
    if not isinstance(q, Quantization):
        raise TypeError(f"{operator}: q must be a Quantization, found {type(q).__name__}")
    if not checks.plain(x) or x.dtype != q.dtype:
        found = x.dtype if checks.plain(x) else type(x).__name__
        raise TypeError(f"{operator}: x must be {q.dtype}, as its quantization says, found {found}")
    if len(q.scale) not in {1, x.shape[-1] if x.ndim else 1}:
        raise ValueError(f"{operator}: x {x.shape} has not the {len(q.scale)} channels of q")
    scale, zero = np.asarray(q.scale, np.float64), np.asarray(q.zero_point, np.int64)
    if len(q.scale) == 1:
        scale, zero = scale[0], zero[0]
    return np.asarray((scale * (x.astype(np.int64) - zero)).astype(np.float32))


def _maps(operator: str, **given: Quantization) -> None:
    """Require quantizations of bytes, one scale each and one dtype."""
    for name, q in given.items():
        arguments.quantization(operator, name, q)
    arguments.same_dtype(operator, **given)


def constant(value: float, q: Quantization) -> Array:
    """A number as TFLite keeps one beside a map: one integer."""
    return quantize(np.array([value], np.float32), q)
