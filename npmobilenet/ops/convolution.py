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
    """Standard convolution (MobileNetV1, arXiv:1704.04861, equation 1).

        y[n,i,j,o] = b[o] + sum_uvm x[n, s*i+d*u, t*j+e*v, m] w[u,v,m,o]     over the padded x

    x         (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    w         (K, L, M, O): O filters, each K x L pixels and M channels; the dtype of x, as b
    b         (O,), added at every pixel; None: nothing is
    stride    pixels from one window to the next: (s, t) down and across, or one number for both
    padding   zeros around x.  "same": so many that y has ceil(H/s) x ceil(W/t) pixels, the odd one
              below and to the right (TensorFlow); "symmetric": d(K-1)//2 above and below, e(L-1)//2
              left and right (PyTorch's models); "valid": none; p: on every side; (p, q): above and
              below, left and right; (top, bottom, left, right)
    dilation  pixels from one entry of the filter to the next: (d, e), or one number for both
    rung      "loops", "numpy", "numba" or "simd" (float32 only): which implementation; None: the fastest

    Returns y (N, I, J, O) and the cache that `conv2d_backward` takes.  ValueError or TypeError, naming
    the argument, where shapes or dtypes do not fit or the window is larger than the padded x.
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
    """Gradients of `conv2d`: of its input, its filters and its bias.

        dx[n,p,q,m]  = sum of dy[n,i,j,o] w[u,v,m,o]  where s*i+d*u = p, t*j+e*v = q
        dw[u,v,m,o]  = sum_nij dy[n,i,j,o] x[n, s*i+d*u, t*j+e*v, m]
        db[o]        = sum_nij dy[n,i,j,o]

    dy              (N, I, J, O): the loss's derivative by y; shape and dtype of that y
    cache           what `conv2d` returned
    input_gradient  False: dx is not computed and None, as a network's first layer has no use for it

    Returns (dx, dw), or (dx, dw, db) where there was a bias; each is shaped as what it is the gradient
    of; p and q above count in the padded x.  ValueError for a dy of another shape or dtype than y, and
    for another operator's cache.
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
    """Depthwise convolution: a filter for each channel (MobileNetV1, arXiv:1704.04861, equation 3).

        y[n,i,j,m] = b[m] + sum_uv x[n, s*i+d*u, t*j+e*v, m] w[u,v,m]     over the padded x

    x         (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    w         (K, L, M): M filters of K x L pixels; the dtype of x, as b
    b         (M,), added at every pixel; None: nothing is
    stride    pixels from one window to the next: (s, t) down and across, or one number for both
    padding   zeros around x.  "same": so many that y has ceil(H/s) x ceil(W/t) pixels, the odd one
              below and to the right (TensorFlow); "symmetric": d(K-1)//2 above and below, e(L-1)//2
              left and right (PyTorch's models); "valid": none; p: on every side; (p, q): above and
              below, left and right; (top, bottom, left, right)
    dilation  pixels from one entry of the filter to the next: (d, e), or one number for both
    rung      "loops", "numpy", "numba" or "simd" (float32 only): which implementation; None: the fastest

    Returns y (N, I, J, M), as many channels as x, and the cache that `depthwise_conv2d_backward` takes.
    ValueError or TypeError, naming the argument, where shapes or dtypes do not fit or the window is
    larger than the padded x.
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
    """Gradients of `depthwise_conv2d`: of its input, its filters and its bias, channel by channel.

        dx[n,p,q,m]  = sum of dy[n,i,j,m] w[u,v,m]  where s*i+d*u = p, t*j+e*v = q
        dw[u,v,m]    = sum_nij dy[n,i,j,m] x[n, s*i+d*u, t*j+e*v, m]
        db[m]        = sum_nij dy[n,i,j,m]

    dy              (N, I, J, M): the loss's derivative by y; shape and dtype of that y
    cache           what `depthwise_conv2d` returned
    input_gradient  False: dx is not computed and None, as a network's first layer has no use for it

    Returns (dx, dw), or (dx, dw, db) where there was a bias; each is shaped as what it is the gradient
    of; p and q above count in the padded x.  ValueError for a dy of another shape or dtype than y, and
    for another operator's cache.
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
    """Grouped convolution: a filter sees its own group of channels (Krizhevsky et al. 2012, section 3.5).

        y[n,i,j,o] = b[o] + sum_uvp x[n, s*i+d*u, t*j+e*v, P*g+p] w[u,v,p,o]     g = o // Q

    over the padded x, with P = M/groups channels and Q = O/groups filters in a group.  groups = M with
    O = M D is a depthwise convolution with a depth multiplier D, whose filters TensorFlow and Keras keep
    as (K, L, M, D): here they are w.reshape(K, L, 1, M * D).

    x         (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    w         (K, L, M/groups, O): O filters, each K x L pixels; the dtype of x, as b
    b         (O,), added at every pixel; None: nothing is
    groups    divides M and O
    stride    pixels from one window to the next: (s, t) down and across, or one number for both
    padding   zeros around x: "same" (TensorFlow's), "symmetric" (PyTorch's models), "valid", p, (p, q) or
              (top, bottom, left, right)
    dilation  pixels from one entry of the filter to the next: (d, e), or one number for both
    rung      "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, I, J, O) and the cache that `grouped_conv2d_backward` takes.  ValueError or TypeError,
    naming the argument, where shapes or dtypes do not fit or the window is larger than the padded x.
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
    """Gradients of `grouped_conv2d`: of its input, its filters and its bias, group by group.

        dx[n,p,q,P*g+c]  = sum of dy[n,i,j,o] w[u,v,c,o]  where s*i+d*u = p, t*j+e*v = q, o in group g
        dw[u,v,p,o]      = sum_nij dy[n,i,j,o] x[n, s*i+d*u, t*j+e*v, P*g+p]
        db[o]            = sum_nij dy[n,i,j,o]

    dy              (N, I, J, O): the loss's derivative by y; shape and dtype of that y
    cache           what `grouped_conv2d` returned
    input_gradient  False: dx is not computed and None

    Returns (dx, dw), or (dx, dw, db) where there was a bias; each is shaped as what it is the gradient
    of.  ValueError for a dy of another shape or dtype than y, and for another operator's cache.
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
