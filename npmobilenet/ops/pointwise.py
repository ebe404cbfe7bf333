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
    """Pointwise (1x1) convolution.  x (N,H,W,M), w (M,O), b (O,) or None -> y (N,I,J,O), cache.

        y[n,i,j,o] = b[o] + sum_m x[n, s*i, t*j, m] w[m,o]

    that is, y = x @ w (MobileNetV1, section 3.1): M channels of each pixel become O.  A stride (s,t), an
    integer or a pair, skips pixels.  rung: "loops", "numpy", "numba" or "simd", None for the fastest that
    there is.  ValueError or TypeError, naming the argument, where shapes or precisions differ.
    """
    rung = choose("pointwise_conv2d", rung, pointwise.RUNGS, x=x)
    checks.array("pointwise_conv2d", "x", x, "N H W M", rung=rung)
    s, t = checks.pair("pointwise_conv2d", "stride", stride)
    return _forward("pointwise_conv2d", x, x[:, ::s, ::t], w, b, (s, t), rung)


def pointwise_conv2d_backward(
    dy: Array, cache: PointwiseCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients (dx, dw), or (dx, dw, db) with a bias, of `pointwise_conv2d` for dy (N,I,J,O).

    Shaped as x, w and b were.  cache: what `pointwise_conv2d` returned.  dx is None with
    input_gradient=False.  ValueError for another operator's cache, or a dy that is not shaped as y.
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
    """Dense (fully connected) layer.  x (N,M), w (M,O), b (O,) or None -> y (N,O) and a cache.

        y[n,o] = b[o] + sum_m x[n,m] w[m,o]

    N images of M numbers become O each: the classifier.  rung: "loops", "numpy", "numba" or "simd", None
    for the fastest that there is.  ValueError or TypeError, naming the argument, where shapes or
    precisions differ.
    """
    rung = choose("dense", rung, pointwise.RUNGS, x=x)
    checks.array("dense", "x", x, "N M", rung=rung)
    return _forward("dense", x, x, w, b, (1, 1), rung)


def dense_backward(
    dy: Array, cache: PointwiseCache, *, input_gradient: bool = True
) -> tuple[Array | Any, ...]:
    """Gradients (dx, dw), or (dx, dw, db) with a bias, of `dense` for dy (N,O).

    Shaped as x, w and b were.  cache: what `dense` returned.  dx is None with input_gradient=False.
    ValueError for another operator's cache, or a dy that is not shaped as y.
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
