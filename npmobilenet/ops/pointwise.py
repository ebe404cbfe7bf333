"""Pointwise convolution and the dense layer: one product y = x @ w, over pixels or images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import pointwise
from . import checks
from .checks import Array, Cache, Pair
from .convolution import bias_gradient
from .rungs import call, choose


@dataclass(frozen=True, eq=False, repr=False)
class PointwiseCache(Cache):
    """What the backward pass needs; x is one row for each pixel that the stride did not skip."""

    x: Array
    w: Array
    shape: tuple[int, ...]  # of the x that was given
    stride: Pair
    has_bias: bool
    rung: str


def pointwise_conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: int | Pair = 1,
    rung: str | None = None,
) -> tuple[Array, PointwiseCache]:
    """Pointwise, 1x1 convolution: mixes channels (MobileNetV1, arXiv:1704.04861, section 3.1).

        y[n,i,j,o] = b[o] + sum_m x[n, s*i, t*j, m] w[m,o]

    x       (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    w       (M, O): a row for each channel of x, a column for each of y; the dtype of x, as b
    b       (O,), added at every pixel; None: nothing is
    stride  (s, t): of the pixels, every s-th row and t-th column is taken; or one number for both
    rung    "loops", "numpy", "numba" or "simd" (float32 only): which implementation; None: the fastest

    Returns y (N, I, J, O) with I = ceil(H/s) and J = ceil(W/t), and the cache that
    `pointwise_conv2d_backward` takes.  ValueError or TypeError, naming the argument, where shapes or
    dtypes do not fit.
    """
    rung = choose("pointwise_conv2d", rung, pointwise.RUNGS, x=x)
    checks.array("pointwise_conv2d", "x", x, "N H W M", rung=rung)
    s, t = checks.pair("pointwise_conv2d", "stride", stride)
    return _forward("pointwise_conv2d", x, x[:, ::s, ::t], w, b, (s, t), rung)


def pointwise_conv2d_backward(
    dy: Array, cache: PointwiseCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients of `pointwise_conv2d`: of its input, its filters and its bias.

        dx[n, s*i, t*j, m]  = sum_o dy[n,i,j,o] w[m,o]      0 at the pixels that a stride skipped
        dw[m,o]             = sum_nij x[n, s*i, t*j, m] dy[n,i,j,o]
        db[o]               = sum_nij dy[n,i,j,o]

    dy              (N, I, J, O): the loss's derivative by y; shape and dtype of that y
    cache           what `pointwise_conv2d` returned
    input_gradient  False: dx is not computed and None, as a network's first layer has no use for it

    Returns (dx, dw), or (dx, dw, db) where there was a bias; each is shaped as what it is the gradient
    of.  ValueError for a dy of another shape or dtype than y, and for another operator's cache.
    """
    dx, *others = _backward("pointwise_conv2d", dy, cache, input_gradient)
    if dx is not None and cache.stride != (1, 1):
        s, t = cache.stride
        dilated = np.zeros(cache.shape, dx.dtype)
        dilated[:, ::s, ::t] = dx  # pixels that were skipped had no part in y
        dx = dilated
    return dx, *others


def dense(
    x: Array, w: Array, b: Array | None = None, *, rung: str | None = None
) -> tuple[Array, PointwiseCache]:
    """Dense (fully connected) layer: the classifier (MobileNetV1, arXiv:1704.04861, Table 1, "FC").

        y[n,o] = b[o] + sum_m x[n,m] w[m,o]

    x     (N, M): a row for each image, float32 or float64
    w     (M, O): a row for each input, a column for each output; the dtype of x, as b
    b     (O,), added to every row; None: nothing is
    rung  "loops", "numpy", "numba" or "simd" (float32 only): which implementation; None: the fastest

    Returns y (N, O) and the cache that `dense_backward` takes.  ValueError or TypeError, naming the
    argument, where shapes or dtypes do not fit.
    """
    rung = choose("dense", rung, pointwise.RUNGS, x=x)
    checks.array("dense", "x", x, "N M", rung=rung)
    return _forward("dense", x, x, w, b, (1, 1), rung)


def dense_backward(
    dy: Array, cache: PointwiseCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients of `dense`: of its input, its weights and its bias.

        dx[n,m] = sum_o dy[n,o] w[m,o]        dw[m,o] = sum_n x[n,m] dy[n,o]        db[o] = sum_n dy[n,o]

    dy              (N, O): the loss's derivative by y; shape and dtype of that y
    cache           what `dense` returned
    input_gradient  False: dx is not computed and None

    Returns (dx, dw), or (dx, dw, db) where there was a bias; each is shaped as what it is the gradient
    of.  ValueError for a dy of another shape or dtype than y, and for another operator's cache.
    """
    return _backward("dense", dy, cache, input_gradient)


def _forward(
    operator: str, x: Array, used: Array, w: Array, b: Array | None, stride: Pair, rung: str
) -> tuple[Array, PointwiseCache]:
    checks.array(operator, "w", w, "M O", rung=rung)
    if w.shape[0] != x.shape[-1]:
        hint = "" if operator == "dense" else checks.as_grouped(w.shape[0], x.shape[-1])
        raise ValueError(
            f"{operator}: w has {w.shape[0]} rows but x has {x.shape[-1]} channels; w is (M, O){hint}"
        )
    if b is not None:
        checks.array(operator, "b", b, "O", rung=rung)
        checks.channels(operator, "b", b, w.shape[1], "output")
    checks.same_dtype(operator, x, w=w, b=b)
    rows = np.ascontiguousarray(used).reshape(-1, x.shape[-1])
    kept = rows, np.ascontiguousarray(w), x.shape, stride
    result = (*used.shape[:-1], w.shape[1])
    cache = PointwiseCache(operator, result, x.dtype, *kept, b is not None, rung)
    y = np.empty((len(rows), w.shape[1]), x.dtype)
    forward, _, _ = pointwise.RUNGS[rung]
    call(rung, forward, cache.x, cache.w, y)
    if b is not None:
        y += b
    return y.reshape(result), cache


def _backward(
    operator: str, dy: Array, cache: PointwiseCache, input_gradient: bool
) -> tuple[Array | Any, ...]:
    dy = checks.gradient(operator, dy, cache)
    x, w, rung = cache.x, cache.w, cache.rung
    _, backward_input, backward_weight = pointwise.RUNGS[rung]
    rows = dy.reshape(-1, w.shape[1])
    dx = None
    if checks.flag(operator, "input_gradient", input_gradient):
        dx = np.empty_like(x)
        call(rung, backward_input, rows, w, dx)
        dx = dx.reshape(*cache.result[:-1], w.shape[0])
    dw = np.empty_like(w)
    call(rung, backward_weight, x, rows, dw)
    if not cache.has_bias:
        return dx, dw
    return dx, dw, bias_gradient(rows)
