"""Fake quantisation, by which a network of floats learns what rounding will do to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ..kernels import fake_quantize as kernels
from . import checks
from .checks import Array, Cache
from .rungs import call, choose

LARGEST = 2**15  # what least and greatest may be: float32 counts far beyond it


@dataclass(frozen=True, eq=False, repr=False)
class FakeQuantizeCache(Cache):
    """What the backward pass needs: x as rows, and the grid."""

    x: Array
    scale: Array
    zero: Array
    ends: tuple[int, int]
    scales: int
    rung: str


def fake_quantize(
    x: Array,
    scale: Array,
    zero_point: int = 0,
    *,
    least: int = -128,
    greatest: int = 127,
    rung: str | None = None,
) -> tuple[Array, FakeQuantizeCache]:
    """The nearest numbers that integers stand for (Jacob et al. 2018, arXiv:1712.05877, section 3).

        y = (q - zero_point) scale,  q = min(max(round(x / scale) + zero_point, least), greatest)

    x           (N, ..., C), float32 or float64
    scale       (1,), or (C,): one for each entry of the last axis; above 0, in the dtype of x
    zero_point  the integer that stands for 0, from least to greatest
    least, greatest  the integers that there are: -128 and 127; -7 and 7 for weights of 4 bits
    rung        "numpy" or "numba": which implementation; None: the fastest

    Halves are rounded away from 0.  Returns y, shaped as x, and the cache that `fake_quantize_backward`
    takes.  TypeError or ValueError, naming the argument, for what cannot be.
    """
    name = "fake_quantize"
    rung = choose(name, rung, kernels.RUNGS)
    checks.array(name, "x", x, checks.any_axes(x))
    checks.array(name, "scale", scale, "C")
    checks.same_dtype(name, x, scale=scale)
    channels = x.shape[-1] if x.ndim else 1
    if scale.shape not in ((1,), (channels,)):
        raise ValueError(
            f"{name}: scale must have shape (1,) or ({channels},), one for each entry of x's last "
            f"axis, found {scale.shape}"
        )
    if not ((scale > 0) & (scale < np.inf)).all():
        raise ValueError(f"{name}: scale must be above 0 and finite, found {checks.shown(scale)}")
    for what, value in (("least", least), ("greatest", greatest), ("zero_point", zero_point)):
        if not checks.whole(value) or not -LARGEST <= value <= LARGEST:
            raise ValueError(
                f"{name}: {what} must be an integer from {-LARGEST} to {LARGEST}, found "
                f"{checks.shown(value)}"
            )
    if not least <= zero_point <= greatest or least == greatest:
        raise ValueError(
            f"{name}: zero_point must be from least to greatest, found {least}, {zero_point}, "
            f"{greatest}"
        )
    rows = np.ascontiguousarray(x).reshape(-1, _length(x.shape) if len(scale) == 1 else channels)
    scales = np.full(rows.shape[1], scale[0]) if len(scale) == 1 else np.ascontiguousarray(scale)
    zero = np.full(rows.shape[1], zero_point, x.dtype)
    y = np.empty_like(rows)
    number = x.dtype.type
    forward, _ = kernels.RUNGS[rung]
    call(rung, forward, rows, scales, zero, number(least), number(greatest), y)
    ends = int(least), int(greatest)
    cache = FakeQuantizeCache(name, x.shape, x.dtype, rows, scales, zero, ends, len(scale), rung)
    return y.reshape(x.shape), cache


def _length(shape: tuple[int, ...]) -> int:
    """Of the rows that an array is cut into where one scale is for all of it: long ones are faster."""
    return max(1, prod(shape[-2:] if len(shape) > 2 else shape[-1:]))


def fake_quantize_backward(
    dy: Array, cache: FakeQuantizeCache, *, scale_gradient: bool = True
) -> tuple[Array, Array | None]:
    """Gradient of `fake_quantize` by the straight-through rule.

        dx = dy where x is not clipped, else 0
        dscale = sum of dy (round(v) - v), v = x / scale; where it is clipped, of dy (q - zero_point)

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `fake_quantize` returned
    scale_gradient  False: leave dscale out, and return None for it

    Returns dx, shaped as x, and dscale, shaped as scale.  ValueError for another shape or dtype, and for
    another operator's cache.
    """
    dy = checks.gradient("fake_quantize", dy, cache).reshape(cache.x.shape)
    wanted = checks.flag("fake_quantize", "scale_gradient", scale_gradient)
    dx, dscale = np.empty_like(dy), np.empty_like(cache.scale)
    if not dy.size:
        return dx.reshape(cache.result), np.zeros(cache.scales, dy.dtype) if wanted else None
    number = dy.dtype.type
    least, greatest = (number(end) for end in cache.ends)
    _, backward = kernels.RUNGS[cache.rung]
    grid = cache.x, cache.scale, cache.zero, least, greatest
    call(cache.rung, backward, dy, *grid, wanted, dx, dscale)
    if not wanted:
        return dx.reshape(cache.result), None
    if cache.scales == 1:
        dscale = dscale.sum(keepdims=True)
    return dx.reshape(cache.result), dscale
