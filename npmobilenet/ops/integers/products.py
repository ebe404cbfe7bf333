"""Convolutions and dense layers on 8-bit integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.compiling import Rungs
from ...kernels.integer import conv, depthwise, pointwise
from ..checks import Array, Pair, axes, shown, whole
from ..rungs import call, choose
from ..window import Padding, window
from . import arguments
from .numbers import Quantization
from .scales import of_layer


def conv2d(
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    *,
    stride: int | Pair = 1,
    padding: Padding = "same",
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Standard convolution of integers (Jacob et al. 2017, arXiv:1712.05877, section 2.2).

        total[n,i,j,o] = b[o] + sum_uvm (x[n, s*i+u, t*j+v, m] - zx) (w[u,v,m,o] - zw[o])
        y = clamp(zy + round(sx sw[o] / sy * total), low, high)     over x padded with zx

    x             (N, H, W, M), int8 or uint8 as `x_q` says, whose numbers are sx (x - zx)
    w             (K, L, M, O), of the dtype of `w_q`, which has one scale or one for each filter
    b             (O,), int32 at the scale sx sw; None: nothing is added
    x_q, w_q, y_q quantizations of x, w and y; y is of the dtype of x
    stride, padding   as `nm.ops.conv2d` takes them; what is padded stands for the real 0
    activation    None, "relu" or "relu6", which narrow low and high
    rounding      "double", as LiteRT's reference kernels, or "single", as XNNPACK on x86
    rung          "loops", "numpy", "numba" or "simd": which implementation; None: the fastest

    Returns y (N, I, J, O).  Sums wrap around in 32 bits (`could_overflow` tells before).  ValueError or
    TypeError, naming the argument, for shapes, dtypes or quantizations that do not fit.
    """
    return _grouped(
        "conv2d", x, w, b, x_q, w_q, y_q, 1, stride, padding, activation, rounding, rung
    )


def grouped_conv2d(
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    *,
    groups: int,
    stride: int | Pair = 1,
    padding: Padding = "same",
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Grouped convolution of integers: as `conv2d`, but filter o sees its own group of channels alone.

    w is (K, L, M / groups, O).  Everything else, results and errors too, is as `conv2d` has it.
    """
    operator = "grouped_conv2d"
    if not whole(groups) or groups < 1:
        raise ValueError(f"{operator}: groups must be a positive integer, found {shown(groups)}")
    return _grouped(
        operator, x, w, b, x_q, w_q, y_q, int(groups), stride, padding, activation, rounding, rung
    )


def _grouped(
    operator: str,
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    groups: int,
    stride: int | Pair,
    padding: Padding,
    activation: str | None,
    rounding: str,
    rung: str | None,
) -> Array:
    rung = _highest(operator, rung, conv.RUNGS)
    _quantized(operator, x, "N H W M", w, "K L M O", (x_q, w_q, y_q))
    channels, filters = x.shape[3], w.shape[3]
    if channels % groups or filters % groups or w.shape[2] != channels // groups:
        raise ValueError(
            f"{operator}: w {w.shape} has filters of {w.shape[2]} channels, x has {channels} in "
            f"{groups} group{'s' * (groups > 1)}"
        )
    place = window(operator, x.shape[1:3], w.shape[:2], stride, padding, 1)
    padded = arguments.padded(operator, x, x_q.zero_point[0], place)
    y = np.empty((len(x), *place.output, filters), y_q.dtype)
    rest = (place.stride, groups)
    return _run(
        operator, conv.RUNGS, rung, padded, w, b, (x_q, w_q, y_q), rest, activation, rounding, y
    )


def depthwise_conv2d(
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    *,
    stride: int | Pair = 1,
    padding: Padding = "same",
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Depthwise convolution of integers: a filter for each channel.

        total[n,i,j,m] = b[m] + sum_uv (x[n, s*i+u, t*j+v, m] - zx) (w[u,v,m] - zw[m])
        y = clamp(zy + round(sx sw[m] / sy * total), low, high)     over x padded with zx

    w is (K, L, M), b (M,).  Everything else, results and errors too, is as `conv2d` has it.
    """
    operator = "depthwise_conv2d"
    rung = _highest(operator, rung, depthwise.RUNGS)
    _quantized(operator, x, "N H W M", w, "K L M", (x_q, w_q, y_q))
    if w.shape[2] != x.shape[3]:
        raise ValueError(
            f"{operator}: w has {w.shape[2]} filters but x has {x.shape[3]} channels; "
            "each channel needs its own filter"
        )
    place = window(operator, x.shape[1:3], w.shape[:2], stride, padding, 1)
    padded = arguments.padded(operator, x, x_q.zero_point[0], place)
    y = np.empty((len(x), *place.output, x.shape[3]), y_q.dtype)
    q, rest = (x_q, w_q, y_q), (place.stride,)
    return _run(operator, depthwise.RUNGS, rung, padded, w, b, q, rest, activation, rounding, y)


def pointwise_conv2d(
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    *,
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Pointwise convolution of integers: a product of matrices at every pixel.

        total[n,i,j,o] = b[o] + sum_m (x[n,i,j,m] - zx) (w[m,o] - zw[o])
        y = clamp(zy + round(sx sw[o] / sy * total), low, high)

    w is (M, O).  Everything else, results and errors too, is as `conv2d` has it.
    """
    q = (x_q, w_q, y_q)
    return _product("pointwise_conv2d", x, "N H W M", w, b, q, activation, rounding, rung)


def dense(
    x: Array,
    w: Array,
    b: Array | None,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    *,
    activation: str | None = None,
    rounding: str = "double",
    rung: str | None = None,
) -> Array:
    """Dense layer on integers.

        total[n,o] = b[o] + sum_m (x[n,m] - zx) (w[m,o] - zw[o])
        y = clamp(zy + round(sx sw[o] / sy * total), low, high)

    x is (N, M), w (M, O).  With rounding="double" the sum is multiplied in float64 and rounded once, half
    an integer away from zero, as LiteRT's reference kernel does.  Everything else is as `conv2d` has it.
    """
    q = (x_q, w_q, y_q)
    return _product("dense", x, "N M", w, b, q, activation, rounding, rung)


Three = tuple[Quantization, Quantization, Quantization]


def _product(
    operator: str,
    x: Array,
    axes: str,
    w: Array,
    b: Array | None,
    q: Three,
    activation: str | None,
    rounding: str,
    rung: str | None,
) -> Array:
    rung = _highest(operator, rung, pointwise.RUNGS)
    _quantized(operator, x, axes, w, "M O", q)
    if len(w) != x.shape[-1]:
        raise ValueError(
            f"{operator}: w has filters of {len(w)} channels but x has {x.shape[-1]} channels"
        )
    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    y = np.empty((len(rows), w.shape[1]), q[2].dtype)
    _run(operator, pointwise.RUNGS, rung, rows, w, b, q, (), activation, rounding, y)
    return y.reshape(*x.shape[:-1], w.shape[1])


def _highest(operator: str, rung: str | None, offered: Rungs) -> str:
    """The rung asked for, or the highest that runs here: these operators have a fourth."""
    found = choose(operator, rung, offered)
    return "simd" if rung is None and found == "numba" and "simd" in offered else found


def _quantized(operator: str, x: Array, x_axes: str, w: Array, w_axes: str, q: Three) -> None:
    """Require arrays as their quantizations say."""
    x_q, w_q, y_q = q
    arguments.quantization(operator, "x_q", x_q)
    arguments.quantization(operator, "w_q", w_q, w.shape[-1] if axes(w) else 0)
    arguments.quantization(operator, "y_q", y_q)
    arguments.same_dtype(operator, x_q=x_q, y_q=y_q)
    arguments.array(operator, "x", x, x_axes, x_q)
    arguments.array(operator, "w", w, w_axes, w_q)


def _run(
    operator: str,
    rungs: Rungs,
    rung: str,
    x: Array,
    w: Array,
    b: Array | None,
    q: Three,
    rest: tuple[Any, ...],
    activation: str | None,
    rounding: str,
    y: Array,
) -> Array:
    """Call the kernel with everything it wants."""
    x_q, w_q, y_q = q
    channels = y.shape[-1]
    rounding = arguments.rounding(operator, rounding)
    activation = arguments.activation(operator, activation)
    b = arguments.bias(operator, b, channels)
    out = of_layer(operator, rounding, x_q, w_q, y_q, activation, channels)
    zeros = x_q.zero_point[0], arguments.zeros(w_q, channels)
    (forward,) = rungs[rung]
    call(rung, forward, x, np.ascontiguousarray(w), b, zeros, *rest, out, y)
    return y
