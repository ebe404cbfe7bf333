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
    """Average pooling: the mean of each window (MobileNetV1, arXiv:1704.04861, Table 1).

        y[n,i,j,m] = sum_uv x[n, s*i+u, t*j+v, m] / area[i,j]     over the padded x

    x              (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    kernel_size    the window's pixels: (K, L) down and across, or one number for both
    stride         pixels from one window to the next: (s, t), or one number; None: the window's own size
    padding        zeros around x.  "valid": none; "same": so many that y has ceil(H/s) x ceil(W/t)
                   pixels, the odd one below and to the right (TensorFlow); "symmetric": (K-1)//2 above
                   and below, (L-1)//2 left and right; p: on every side; (p, q): above and below, left
                   and right; (top, bottom, left, right)
    count_padding  True: area is K*L everywhere (PyTorch's default); False: the pixels of the window that
                   are not padding (TensorFlow)
    rung           "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, I, J, M) and the cache that `avg_pool2d_backward` takes.  ValueError or TypeError,
    naming the argument, where the window does not fit x, or would see padding alone.
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
    """Gradient of `avg_pool2d`: each dy shared out evenly among the pixels of its window.

        dx[n,p,q,m] = sum of dy[n,i,j,m] / area[i,j]     over the windows i, j that hold pixel p, q

    dy     (N, I, J, M): the loss's derivative by y; shape and dtype of that y
    cache  what `avg_pool2d` returned

    Returns dx (N, H, W, M).  ValueError for a dy of another shape or dtype than y, and for another
    operator's cache.
    """
    dy = checks.gradient("avg_pool2d", dy, cache)
    place = cache.window
    padded = np.empty((len(dy), *place.padded, dy.shape[-1]), dy.dtype)
    _, backward, _, _ = pool.RUNGS[cache.rung]
    call(cache.rung, backward, dy, place.kernel, place.stride, cache.area, padded)
    return np.ascontiguousarray(place.crop(padded))


def global_avg_pool(x: Array, *, rung: str | None = None) -> tuple[Array, GlobalPoolCache]:
    """Global average pooling: a channel's mean over all pixels (MobileNetV1, arXiv:1704.04861, Table 1).

        y[n,m] = sum_ij x[n,i,j,m] / (H W)

    x     (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    rung  "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, M) and the cache that `global_avg_pool_backward` takes.  ValueError or TypeError,
    naming the argument, where x is no such array.
    """
    rung = choose("global_avg_pool", rung, pool.RUNGS)
    checks.array("global_avg_pool", "x", x, "N H W M", rung=rung)
    y = np.empty((len(x), x.shape[-1]), x.dtype)
    _, _, forward, _ = pool.RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x), y)
    return y, GlobalPoolCache("global_avg_pool", y.shape, y.dtype, x.shape, rung)


def global_avg_pool_backward(dy: Array, cache: GlobalPoolCache) -> Array:
    """Gradient of `global_avg_pool`: dx[n,i,j,m] = dy[n,m] / (H W), the same at every pixel.

    dy     (N, M): the loss's derivative by y; shape and dtype of that y
    cache  what `global_avg_pool` returned

    Returns dx (N, H, W, M).  ValueError for a dy of another shape or dtype than y, and for another
    operator's cache.
    """
    dy = checks.gradient("global_avg_pool", dy, cache)
    dx = np.empty(cache.shape, dy.dtype)
    _, _, _, backward = pool.RUNGS[cache.rung]
    call(cache.rung, backward, dy, dx)
    return dx
