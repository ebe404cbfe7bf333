"""Standard, depthwise and grouped convolution: those that look at neighbours.

They differ in the shape of their filters, and in little else that is not inside the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import conv, depthwise, grouped
from ..kernels.compiling import Rungs
from . import checks
from .checks import Array, Cache, Pair
from .rungs import call, choose
from .window import Padding, Window, window


@dataclass(frozen=True, eq=False, repr=False)
class ConvCache(Cache):
    """What the backward pass needs.  `x` is padded; where nothing was padded it is the caller's."""

    x: Array
    w: Array
    window: Window
    has_bias: bool
    rung: str
    groups: tuple[int, ...] = ()  # what a kernel takes besides: of a grouped convolution, how many


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: int | Pair = 1,
    padding: Padding = "same",
    dilation: int | Pair = 1,
    rung: str | None = None,
) -> tuple[Array, ConvCache]:
    """Standard convolution.  x (N,H,W,M), w (K,L,M,O), b (O,) or None -> y (N,I,J,O) and a cache.

        y[n,i,j,o] = b[o] + sum_uvm x[n, s*i+d*u, t*j+e*v, m] w[u,v,m,o]

    over the padded x (MobileNetV1, section 3.1).  N images of H rows, W columns and M channels; O filters
    of K rows and L columns.  stride (s,t) and dilation (d,e): an integer or a pair.
    padding: "same" (TensorFlow's: ceil(H/s) rows, an odd zero
    below and right), "symmetric" (d(K-1)//2 zeros on every side), "valid" (none), p, (p, q) or (top,
    bottom, left, right).  rung: "loops", "numpy", "numba" or "simd", None for the fastest that
    there is.  ValueError or TypeError, naming the argument, for anything that cannot be.
    """
    rung = choose("conv2d", rung, conv.RUNGS, x=x)
    checks.array("conv2d", "x", x, "N H W M", rung=rung)
    checks.array("conv2d", "w", w, "K L M O", rung=rung)
    if w.shape[2] != x.shape[3]:
        raise ValueError(
            f"conv2d: w has filters of {w.shape[2]} channels but x has {x.shape[3]} channels"
            f"{checks.as_grouped(w.shape[2], x.shape[3])}"
        )
    place = window("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    return _forward("conv2d", conv.RUNGS, rung, x, w, b, place)


def conv2d_backward(
    dy: Array, cache: ConvCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients (dx, dw), or (dx, dw, db) with a bias, of `conv2d` for dy (N,I,J,O).

    Shaped as x, w and b were.  cache: what `conv2d` returned; it may be used again.  dx is None with
    input_gradient=False: the first layer of a network has no use for it.  ValueError for another
    operator's cache, or a dy of another shape or precision than y.
    """
    return _backward("conv2d", conv.RUNGS, dy, cache, input_gradient)


def depthwise_conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: int | Pair = 1,
    padding: Padding = "same",
    dilation: int | Pair = 1,
    rung: str | None = None,
) -> tuple[Array, ConvCache]:
    """Depthwise convolution.  x (N,H,W,M), w (K,L,M), b (M,) or None -> y (N,I,J,M) and a cache.

        y[n,i,j,m] = b[m] + sum_uv x[n, s*i+d*u, t*j+e*v, m] w[u,v,m]

    over the padded x (MobileNetV1, section 3.1, equation 3): every channel has one filter of K rows and L
    columns.  stride (s,t) and dilation (d,e): an integer or a pair.
    padding: "same" (TensorFlow's: ceil(H/s) rows, an odd zero
    below and right), "symmetric" (d(K-1)//2 zeros on every side), "valid" (none), p, (p, q) or (top,
    bottom, left, right).  rung: "loops", "numpy", "numba" or "simd", None for the fastest that
    there is.  ValueError or TypeError, naming the argument, for anything that cannot be.
    """
    rung = choose("depthwise_conv2d", rung, depthwise.RUNGS, x=x)
    checks.array("depthwise_conv2d", "x", x, "N H W M", rung=rung)
    checks.array("depthwise_conv2d", "w", w, "K L M", rung=rung)
    if w.shape[2] != x.shape[3]:
        raise ValueError(
            f"depthwise_conv2d: w has {w.shape[2]} filters but x has {x.shape[3]} channels; "
            "each channel needs its own filter"
        )
    place = window("depthwise_conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    return _forward("depthwise_conv2d", depthwise.RUNGS, rung, x, w, b, place)


def depthwise_conv2d_backward(
    dy: Array, cache: ConvCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients (dx, dw), or (dx, dw, db) with a bias, of `depthwise_conv2d` for dy (N,I,J,M).

    Shaped as x, w and b were.  cache: what `depthwise_conv2d` returned.  dx is None with
    input_gradient=False.  ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    return _backward("depthwise_conv2d", depthwise.RUNGS, dy, cache, input_gradient)


def grouped_conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    groups: int,
    stride: int | Pair = 1,
    padding: Padding = "same",
    dilation: int | Pair = 1,
    rung: str | None = None,
) -> tuple[Array, ConvCache]:
    """Grouped convolution.  x (N,H,W,M), w (K,L,M/groups,O), b (O,) or None -> y (N,I,J,O) and a cache.

    Filters o // (O/groups) = g see the M/groups channels of group g (Krizhevsky et al. 2012, section
    3.5).  groups divides M and O.  With groups=M each channel has O/M filters of its own, the depth
    multiplier of TensorFlow and Keras, whose filters (K,L,M,D) are w.reshape(K, L, 1, M * D) here.
    stride and dilation: an integer or a pair.  padding: "same", "symmetric", "valid", p, (p, q) or (top,
    bottom, left, right).  rung: "loops", "numpy" or "numba", None for the fastest that there is.
    ValueError or TypeError, naming the argument, for anything that cannot be.
    """
    operator = "grouped_conv2d"
    rung = choose(operator, rung, grouped.RUNGS)
    checks.array(operator, "x", x, "N H W M", rung=rung)
    checks.array(operator, "w", w, "K L M/groups O", rung=rung)
    if not checks.whole(groups) or groups < 1 or x.shape[3] % groups or w.shape[3] % groups:
        raise ValueError(
            f"{operator}: groups must divide the {x.shape[3]} channels of x and the {w.shape[3]} "
            f"filters of w, found {checks.shown(groups)}"
        )
    if w.shape[2] * groups != x.shape[3]:
        raise ValueError(
            f"{operator}: w has filters of {w.shape[2]} channels but {groups} groups of x have "
            f"{x.shape[3] // groups} channels each"
        )
    place = window(operator, x.shape[1:3], w.shape[:2], stride, padding, dilation)
    return _forward(operator, grouped.RUNGS, rung, x, w, b, place, (int(groups),))


def grouped_conv2d_backward(
    dy: Array, cache: ConvCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients (dx, dw), or (dx, dw, db) with a bias, of `grouped_conv2d` for dy (N,I,J,O).

    Shaped as x, w and b were.  cache: what `grouped_conv2d` returned.  dx is None with
    input_gradient=False.  ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    return _backward("grouped_conv2d", grouped.RUNGS, dy, cache, input_gradient)


def _forward(
    operator: str,
    rungs: Rungs,
    rung: str,
    x: Array,
    w: Array,
    b: Array | None,
    place: Window,
    groups: tuple[int, ...] = (),
) -> tuple[Array, ConvCache]:
    filters = w.shape[-1]
    if b is not None:
        checks.array(operator, "b", b, "O", rung=rung)
        checks.channels(operator, "b", b, filters, "filter")
    checks.same_dtype(operator, x, w=w, b=b)
    kept = place.pad(operator, x), np.ascontiguousarray(w), place
    y = np.empty((len(x), *place.output, filters), x.dtype)
    cache = ConvCache(operator, y.shape, y.dtype, *kept, b is not None, rung, groups)
    forward, _, _ = rungs[rung]
    call(rung, forward, cache.x, cache.w, *groups, place.stride, place.dilation, y)
    if b is not None:
        y += b
    return y, cache


def _backward(
    operator: str, rungs: Rungs, dy: Array, cache: ConvCache, input_gradient: bool
) -> tuple[Array | Any, ...]:
    dy = checks.gradient(operator, dy, cache)
    place, x, w, rung = cache.window, cache.x, cache.w, cache.rung
    _, backward_input, backward_weight = rungs[rung]
    dx = None
    if checks.flag(operator, "input_gradient", input_gradient):
        padded = np.empty_like(x)
        call(rung, backward_input, dy, w, *cache.groups, place.stride, place.dilation, padded)
        dx = np.ascontiguousarray(place.crop(padded))
    dw = np.empty_like(w)
    call(rung, backward_weight, x, dy, *cache.groups, place.stride, place.dilation, dw)
    if not cache.has_bias:
        return dx, dw
    return dx, dw, bias_gradient(dy)


def bias_gradient(dy: Array) -> Array:
    """db[o] = sum of dy over every other axis, gathered in float64."""
    axes = tuple(range(dy.ndim - 1))
    if dy.dtype == object:
        return np.asarray(dy.sum(axis=axes))
    return np.asarray(dy.sum(axis=axes, dtype=np.float64).astype(dy.dtype))
