"""Pooling of 8-bit integers."""

from __future__ import annotations

import numpy as np

from ...kernels.integer import pool
from .. import checks
from ..checks import Array, Pair
from ..rungs import call, choose
from ..window import Padding, Window, window
from . import arguments
from .numbers import Quantization
from .scales import bounds, of_mean, requantise


def mean(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    *,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """The mean of each channel over all pixels, as TFLite's MEAN has it.

        y = clamp(zy + round(sx / sy / (H W) * sum_ij (x[n,i,j,m] - zx)), low, high)

    x         (N, H, W, M), int8 or uint8
    x_q, y_q  quantizations of x and y, of one dtype, with one scale each
    rounding  "double", as LiteRT's reference kernels, or "single", as XNNPACK on x86
    rung      "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, M).  ValueError or TypeError, naming the argument, for anything else, and for a map of
    2^23 pixels or more, whose sums might not fit in 32 bits.
    """
    operator = "mean"
    rung = choose(operator, rung, pool.RUNGS)
    _maps(operator, x, x_q, y_q)
    pixels = x.shape[1] * x.shape[2]
    if pixels >= 2**23:
        raise ValueError(f"{operator}: x must have fewer than 2^23 pixels, found {x.shape}")
    rounding = arguments.rounding(operator, rounding)
    factor, limits = of_mean(rounding, x_q, y_q, pixels), bounds(y_q, None, rounding)
    out = requantise(rounding, factor, y_q, limits, x.shape[-1])
    y = np.empty((len(x), x.shape[-1]), y_q.dtype)
    forward, _, _ = pool.RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x), x_q.zero_point[0], out, y)
    return y


def avg_pool2d(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    activation: str | None = None,
    rung: str | None = None,
) -> Array:
    """The average of each window, as TFLite's AVERAGE_POOL_2D has it: y keeps the quantization of x.

        y = clamp(round(sum of x over the window / how many pixels of it lie in the map), low, high)

    x            (N, H, W, M), int8 or uint8
    x_q, y_q     quantizations of x and y, which must be equal
    kernel_size  the window: (K, L) down and across, or one number for both
    stride       (s, t), or one number; None: the window's own size
    padding      as `nm.ops.conv2d` takes it; what is padded does not count
    activation   None, "relu" or "relu6", which narrow low and high
    rung         "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, I, J, M); half an integer is rounded away from 0, whichever rounding a network has.
    ValueError or TypeError, naming the argument, for anything else.
    """
    return _windows("avg_pool2d", 1, x, x_q, y_q, kernel_size, stride, padding, activation, rung)


def max_pool2d(
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    activation: str | None = None,
    rung: str | None = None,
) -> Array:
    """The largest of each window: y keeps the quantization of x, and nothing is rounded.

    The arguments, and what is raised, are those of `avg_pool2d`.  Returns y (N, I, J, M).
    """
    return _windows("max_pool2d", 2, x, x_q, y_q, kernel_size, stride, padding, activation, rung)


def _windows(
    operator: str,
    which: int,
    x: Array,
    x_q: Quantization,
    y_q: Quantization,
    kernel_size: int | Pair,
    stride: int | Pair | None,
    padding: Padding,
    activation: str | None,
    rung: str | None,
) -> Array:
    rung = choose(operator, rung, pool.RUNGS)
    _maps(operator, x, x_q, y_q)
    if x_q != y_q:
        raise ValueError(f"{operator}: y_q must be x_q, as pooling keeps the scale; found {y_q}")
    limits = bounds(y_q, arguments.activation(operator, activation))
    size = checks.pair(operator, "kernel_size", kernel_size)
    place = window(operator, x.shape[1:3], size, size if stride is None else stride, padding, 1)
    _sees_pixels(operator, place)
    y = np.empty((len(x), *place.output, x.shape[-1]), y_q.dtype)
    corner = place.sides[0], place.sides[2]
    forward = pool.RUNGS[rung][which]
    call(rung, forward, np.ascontiguousarray(x), size, place.stride, corner, limits, y)
    return y


def _sees_pixels(operator: str, place: Window) -> None:
    """Require that each window sees a pixel of the map."""
    for axis in (0, 1):
        before, size = place.sides[2 * axis], place.size[axis]
        last = (place.output[axis] - 1) * place.stride[axis] - before
        if place.kernel[axis] <= before or last >= size:
            raise ValueError(
                f"{operator}: padding {place.sides} leaves a {place.kernel[0]}x{place.kernel[1]} "
                "window with nothing but padding"
            )


def _maps(operator: str, x: Array, x_q: Quantization, y_q: Quantization) -> None:
    arguments.quantization(operator, "x_q", x_q)
    arguments.quantization(operator, "y_q", y_q)
    arguments.same_dtype(operator, x_q=x_q, y_q=y_q)
    arguments.array(operator, "x", x, "N H W M", x_q)
