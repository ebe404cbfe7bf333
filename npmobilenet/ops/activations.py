"""Activations, element by element, for any shape: (y, cache) forwards, dx backwards.

    relu          max(x, 0)                          MobileNetV1, figure 3
    relu6         min(max(x, 0), 6)                  MobileNetV2, section 3.3
    sigmoid       1 / (1 + exp(-x))
    swish         x sigmoid(x)                       MobileNetV3, section 5.2
    hard_sigmoid  min(max(slope x + 1/2, 0), 1)      slope 1/6, or 0.2 (PaddlePaddle)
    hard_swish    x relu6(x+3) / 6                   MobileNetV3, section 5.2

Where a function has a kink its gradient is PyTorch's: relu 0 at 0; relu6 0 at 0 and 6; hard_sigmoid
0 at both ends; hard_swish 0 at -3 and 1 at 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels import activations
from . import checks
from .checks import Array, Cache
from .rungs import call, choose


@dataclass(frozen=True, eq=False, repr=False)
class ActivationCache(Cache):
    """What the backward pass needs: x, or y where that says as much."""

    kept: Array
    rung: str = "numpy"
    slope: float = 0.0


def relu(x: Array, *, rung: str | None = None) -> tuple[Array, ActivationCache]:
    """Rectified linear unit (MobileNetV1, arXiv:1704.04861, figure 3): y = max(x, 0).

    x     of any shape, float32 or float64
    rung  "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x, and the cache that `relu_backward` takes.  TypeError or ValueError where x is
    no such array.
    """
    return _clip("relu", x, np.inf, rung)


def relu_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `relu`: dx = dy where x > 0, else 0, at x = 0 too, as PyTorch.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `relu` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    return _clip_backward("relu", dy, cache, np.inf)


def relu6(x: Array, *, rung: str | None = None) -> tuple[Array, ActivationCache]:
    """ReLU that ends at 6 (MobileNetV2, arXiv:1801.04381, Table 1): y = min(max(x, 0), 6).

    x     of any shape, float32 or float64
    rung  "numpy" or "numba": which implementation; None: the fastest

    Returns y, shaped as x, and the cache that `relu6_backward` takes.  TypeError or ValueError where x is
    no such array.
    """
    return _clip("relu6", x, 6.0, rung)


def relu6_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `relu6`: dx = dy where 0 < x < 6, else 0, at x = 0 and x = 6 too, as PyTorch.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `relu6` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    return _clip_backward("relu6", dy, cache, 6.0)


def sigmoid(x: Array) -> tuple[Array, ActivationCache]:
    """Logistic function, in swish (MobileNetV3, arXiv:1905.02244, section 5.2): y = 1 / (1 + exp(-x)).

    x  of any shape, float32 or float64; no x overflows

    Returns y, shaped as x, and the cache that `sigmoid_backward` takes.  TypeError or ValueError where x
    is no such array.
    """
    y = _sigmoid(_checked("sigmoid", x))
    return y, _kept("sigmoid", y)


def sigmoid_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `sigmoid`: dx = dy y (1 - y).

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `sigmoid` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    dy = checks.gradient("sigmoid", dy, cache)
    y = cache.kept
    return np.asarray(dy * y * (1 - y))


def swish(x: Array) -> tuple[Array, ActivationCache]:
    """Swish, also SiLU (MobileNetV3, arXiv:1905.02244, section 5.2): y = x sigmoid(x).

    x  of any shape, float32 or float64; no x overflows

    Returns y, shaped as x, and the cache that `swish_backward` takes.  TypeError or ValueError where x
    is no such array.
    """
    return _checked("swish", x) * _sigmoid(x), _kept("swish", x)


def swish_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `swish`: dx = dy s (1 + x (1 - s)) with s = sigmoid(x).

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `swish` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    dy = checks.gradient("swish", dy, cache)
    x = cache.kept
    s = _sigmoid(x)
    return np.asarray(dy * s * (1 + x * (1 - s)))


def hard_sigmoid(x: Array, *, slope: float = 1 / 6) -> tuple[Array, ActivationCache]:
    """Sigmoid of straight lines (MobileNetV3, arXiv:1905.02244, section 5.2).

        y = min(max(slope x + 1/2, 0), 1)

    x      of any shape, float32 or float64
    slope  above 0: 1/6 in the paper, 0.2 in PaddlePaddle

    Returns y, shaped as x, and the cache that `hard_sigmoid_backward` takes.  TypeError or ValueError,
    naming the argument, where x is no such array or the slope is not above 0.
    """
    scalar = _checked("hard_sigmoid", x).dtype.type
    most = float(np.finfo(scalar).max)
    slope = checks.number("hard_sigmoid", "slope", slope, "above 0", lambda v: 0 < v <= most)
    return np.clip(x * scalar(slope) + scalar(0.5), 0, 1), _kept("hard_sigmoid", x, slope=slope)


def hard_sigmoid_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `hard_sigmoid`: dx = slope dy where |x| < 1/(2 slope), else 0, at both ends too.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `hard_sigmoid` returned; it has the slope

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    dy = checks.gradient("hard_sigmoid", dy, cache)
    x = cache.kept
    end = 0.5 / cache.slope
    return np.where((x <= -end) | (x >= end), 0, dy * dy.dtype.type(cache.slope))


def hard_swish(x: Array) -> tuple[Array, ActivationCache]:
    """Swish with a gate of straight lines (MobileNetV3, arXiv:1905.02244, section 5.2).

        y = x min(max(x + 3, 0), 6) / 6

    x  of any shape, float32 or float64

    Returns y, shaped as x, and the cache that `hard_swish_backward` takes.  TypeError or ValueError where
    x is no such array.
    """
    return _checked("hard_swish", x) * np.clip(x + 3, 0, 6) / 6, _kept("hard_swish", x)


def hard_swish_backward(dy: Array, cache: ActivationCache) -> Array:
    """Gradient of `hard_swish`: dx = dy times 0 for x <= -3, x/3 + 1/2 between, 1 for x >= 3, as PyTorch.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `hard_swish` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    dy = checks.gradient("hard_swish", dy, cache)
    x = cache.kept
    dx = x / 3
    dx += x.dtype.type(0.5)
    dx *= dy
    np.copyto(dx, dy, where=x >= 3)  # not times 1 and 0: infinity times 0 is NaN
    np.copyto(dx, 0, where=x <= -3)
    return dx


def _clip(name: str, x: Array, high: float, rung: str | None) -> tuple[Array, ActivationCache]:
    rung = choose(name, rung, activations.RUNGS)
    x = np.ascontiguousarray(_checked(name, x))
    y = np.empty_like(x)
    scalar = x.dtype.type  # of the array's own precision: nothing is computed in another
    clip, _ = activations.RUNGS[rung]
    call(rung, clip, x.reshape(-1), scalar(0), scalar(high), y.reshape(-1))
    return y, _kept(name, y, rung)


def _clip_backward(name: str, dy: Array, cache: ActivationCache, high: float) -> Array:
    dy = checks.gradient(name, dy, cache)
    y = cache.kept
    dx = np.empty_like(dy)
    scalar = dy.dtype.type
    _, backward = activations.RUNGS[cache.rung]
    flat = dy.reshape(-1), y.reshape(-1), scalar(0), scalar(high), dx.reshape(-1)
    call(cache.rung, backward, *flat)
    return dx


def _checked(name: str, x: Array) -> Array:
    checks.array(name, "x", x, checks.any_axes(x))
    return x


def _kept(name: str, kept: Array, rung: str = "numpy", slope: float = 0.0) -> ActivationCache:
    """The cache of x or y, which have one shape."""
    return ActivationCache(name, kept.shape, kept.dtype, kept, rung, slope)


def _sigmoid(x: Array) -> Any:
    # exp of minus the absolute value never overflows; both branches are the same function
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)
