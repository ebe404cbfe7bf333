"""Average pooling over windows, and over the whole map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels import pool
from . import checks
from .checks import Array, Cache, Pair
from .rungs import call, choose
from .window import Padding, Window, window


@dataclass(frozen=True, eq=False, repr=False)
class PoolCache(Cache):
    """What the backward pass needs: the window, and by how much each sum was divided."""

    window: Window
    area: Array
    rung: str


@dataclass(frozen=True, eq=False, repr=False)
class GlobalPoolCache(Cache):
    """What the backward pass needs: the shape of x."""

    shape: tuple[int, ...]
    rung: str


def avg_pool2d(
    x: Array,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    count_padding: bool = False,
    rung: str | None = None,
) -> tuple[Array, PoolCache]:
    """Average pooling.  x (N,H,W,M) -> y (N,I,J,M) and a cache; stride defaults to the window.

    Padding zeros count in the divisor with count_padding=True (PyTorch's default), not without
    (TensorFlow's).  ValueError where the window does not fit, or would see padding alone.
    """
    rung = choose("avg_pool2d", rung, pool.RUNGS)
    checks.array("avg_pool2d", "x", x, "N H W M", rung=rung)
    size = checks.pair("avg_pool2d", "kernel_size", kernel_size)
    count_padding = checks.flag("avg_pool2d", "count_padding", count_padding)
    place = window("avg_pool2d", x.shape[1:3], size, size if stride is None else stride, padding)
    padded = place.pad("avg_pool2d", x)
    area = np.full(place.output, size[0] * size[1], np.float64)
    if not count_padding:
        inside = place.pad("avg_pool2d", np.ones((1, *place.size, 1)))
        covered = np.empty((1, *area.shape, 1))
        count, _, _, _ = pool.RUNGS["numpy"]  # a sum of ones
        count(inside, size, place.stride, np.ones_like(area), covered)
        area = covered[0, :, :, 0]
        if not area.all():
            raise ValueError(
                f"avg_pool2d: padding {place.sides} leaves a {size[0]}x{size[1]} window with "
                "nothing but padding, whose average is 0/0"
            )
    y = np.empty((len(x), *place.output, x.shape[-1]), x.dtype)
    cache = PoolCache("avg_pool2d", y.shape, y.dtype, place, area.astype(x.dtype), rung)
    forward, _, _, _ = pool.RUNGS[rung]
    call(rung, forward, padded, size, place.stride, cache.area, y)
    return y, cache


def avg_pool2d_backward(dy: Array, cache: PoolCache) -> Array:
    """Gradient dx (N,H,W,M) of `avg_pool2d` for dy (N,I,J,M)."""
    dy = checks.gradient("avg_pool2d", dy, cache)
    place = cache.window
    padded = np.empty((len(dy), *place.padded, dy.shape[-1]), dy.dtype)
    _, backward, _, _ = pool.RUNGS[cache.rung]
    call(cache.rung, backward, dy, place.kernel, place.stride, cache.area, padded)
    return np.ascontiguousarray(place.crop(padded))


def global_avg_pool(x: Array, *, rung: str | None = None) -> tuple[Array, GlobalPoolCache]:
    """Global average pooling.  x (N,H,W,M) -> y (N,M), the mean of each channel, and a cache."""
    rung = choose("global_avg_pool", rung, pool.RUNGS)
    checks.array("global_avg_pool", "x", x, "N H W M", rung=rung)
    y = np.empty((len(x), x.shape[-1]), x.dtype)
    _, _, forward, _ = pool.RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x), y)
    return y, GlobalPoolCache("global_avg_pool", y.shape, y.dtype, x.shape, rung)


def global_avg_pool_backward(dy: Array, cache: GlobalPoolCache) -> Array:
    """Gradient dx (N,H,W,M) of `global_avg_pool` for dy (N,M)."""
    dy = checks.gradient("global_avg_pool", dy, cache)
    dx = np.empty(cache.shape, dy.dtype)
    _, _, _, backward = pool.RUNGS[cache.rung]
    call(cache.rung, backward, dy, dx)
    return dx
