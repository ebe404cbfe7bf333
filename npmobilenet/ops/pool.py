"""Average and max pooling over windows, and the average of the whole map."""

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
class MaxPoolCache(Cache):
    """What the backward pass needs: the window, and which of its places was the largest."""

    window: Window
    which: Array
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
    ceil_mode: bool = False,
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
    ceil_mode      True: a last window may hang over below and right, where it begins in the image or
                   before it; what lies beyond never counts (PyTorch)
    rung           "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, I, J, M) and the cache that `avg_pool2d_backward` takes.  ValueError or TypeError,
    naming the argument, where the window does not fit x, or would see padding alone.
    """
    operator = "avg_pool2d"
    rung = choose(operator, rung, pool.RUNGS)
    checks.array(operator, "x", x, "N H W M", rung=rung)
    count_padding = checks.flag(operator, "count_padding", count_padding)
    place = _place(operator, x, kernel_size, stride, padding, 1, ceil_mode)
    padded, size = place.pad(operator, x), place.kernel
    counted = np.zeros((1, *place.padded, 1))
    if count_padding:
        counted[:, : place.padded[0] - place.hanging[0], : place.padded[1] - place.hanging[1]] = 1
    else:
        place.crop(counted)[:] = 1
    covered = np.empty((1, *place.output, 1))
    count, _, _, _ = pool.RUNGS["numpy"]  # a sum of ones
    count(counted, size, place.stride, np.ones(place.output), covered)
    area = covered[0, :, :, 0]
    if not area.all():
        raise ValueError(_only_padding(operator, place))
    y = np.empty((len(x), *place.output, x.shape[-1]), x.dtype)
    cache = PoolCache(operator, y.shape, y.dtype, place, area.astype(x.dtype), rung)
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


def max_pool2d(
    x: Array,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    dilation: int | Pair = 1,
    ceil_mode: bool = False,
    rung: str | None = None,
) -> tuple[Array, MaxPoolCache]:
    """Max pooling: the largest of each window of a channel (Krizhevsky et al. 2012, section 3.4).

        y[n,i,j,m] = max_uv x[n, s*i+d*u, t*j+e*v, m]     over the padded x

    x            (N, H, W, M): N images of H x W pixels with M channels, float32 or float64
    kernel_size  the window's pixels: (K, L) down and across, or one number for both
    stride       pixels from one window to the next: (s, t), or one number; None: the window's own size
    padding      rows and columns around x that are never the largest: "valid", "same", "symmetric", p,
                 (p, q) or (top, bottom, left, right)
    dilation     pixels from one place of the window to the next: (d, e), or one number for both
    ceil_mode    True: a last window may hang over below and right, where it begins in the image or
                 before it (PyTorch)
    rung         "loops", "numpy" or "numba": which implementation; None: the fastest

    Returns y (N, I, J, M), NaN where a window has one, and the cache that `max_pool2d_backward` takes.
    ValueError or TypeError, naming the argument, where the window does not fit x, or would see padding
    alone.
    """
    operator = "max_pool2d"
    rung = choose(operator, rung, pool.MAX_RUNGS)
    checks.array(operator, "x", x, "N H W M")
    place = _place(operator, x, kernel_size, stride, padding, dilation, ceil_mode)
    place.fitting(operator, x)  # so that indices of windows fit, too
    y = np.empty((len(x), *place.output, x.shape[-1]), x.dtype)
    which = np.empty(y.shape, np.int32)
    forward, _ = pool.MAX_RUNGS[rung]
    call(rung, forward, np.ascontiguousarray(x), *_geometry(place), y, which)
    if which.size and which.min() < 0:
        raise ValueError(_only_padding(operator, place))
    return y, MaxPoolCache(operator, y.shape, y.dtype, place, which, rung)


def max_pool2d_backward(dy: Array, cache: MaxPoolCache) -> Array:
    """Gradient of `max_pool2d`: each dy goes to the pixel that was the largest, the first of equals.

    dy     (N, I, J, M): the loss's derivative by y; shape and dtype of that y
    cache  what `max_pool2d` returned

    Returns dx (N, H, W, M).  ValueError for a dy of another shape or dtype than y, and for another
    operator's cache.
    """
    dy = checks.gradient("max_pool2d", dy, cache)
    place = cache.window
    dx = np.empty((len(dy), *place.size, dy.shape[-1]), dy.dtype)
    _, backward = pool.MAX_RUNGS[cache.rung]
    call(cache.rung, backward, dy, cache.which, *_geometry(place), dx)
    return dx


def _place(
    operator: str,
    x: Array,
    kernel_size: int | Pair,
    stride: int | Pair | None,
    padding: Padding,
    dilation: int | Pair,
    ceil_mode: bool,
) -> Window:
    """The resolved windows."""
    size = checks.pair(operator, "kernel_size", kernel_size)
    steps = size if stride is None else stride
    hangs = checks.flag(operator, "ceil_mode", ceil_mode)
    return window(operator, x.shape[1:3], size, steps, padding, dilation, ceil_mode=hangs)


def _geometry(place: Window) -> tuple[Pair, Pair, Pair, Pair]:
    """Window, stride, dilation and corner, as the kernels of max pooling take them."""
    return place.kernel, place.stride, place.dilation, (place.sides[0], place.sides[2])


def _only_padding(operator: str, place: Window) -> str:
    (height, width), sides = place.kernel, place.sides
    return f"{operator}: padding {sides} leaves a {height}x{width} window with nothing but padding"


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
