"""Residual add, channel scaling and dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import checks
from .checks import Array, Cache

DROPOUTS = ("inverted", "downscale_in_infer")  # modes


@dataclass(frozen=True, eq=False, repr=False)
class AddCache(Cache):
    """A sum hands its gradient on: nothing has to be kept."""


def add(a: Array, b: Array) -> tuple[Array, AddCache]:
    """Residual add (MobileNetV2, arXiv:1801.04381, figure 4): y = a + b.

    a, b  of any shape, the same for both, and of one dtype, float32 or float64

    Returns y and the cache that `add_backward` takes.  ValueError or TypeError where the two differ or
    are no such arrays: nothing is broadcast.
    """
    checks.array("add", "a", a, checks.any_axes(a))
    checks.array("add", "b", b, checks.any_axes(b))
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(
            "add: both must have one shape and dtype, "
            f"found {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        )
    y = a + b
    return y, AddCache("add", y.shape, y.dtype)


def add_backward(dy: Array, cache: AddCache) -> tuple[Array, Array]:
    """Gradients of `add`: a sum hands its gradient to both, da = db = dy.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `add` returned

    Returns (da, db), which are one and the same array.  ValueError for another shape or dtype, and for
    another operator's cache.
    """
    dy = checks.gradient("add", dy, cache)
    return dy, dy


@dataclass(frozen=True, eq=False, repr=False)
class ScaleCache(Cache):
    """What the backward pass needs: either factor is the other's gradient."""

    x: Array
    g: Array


def scale_channels(x: Array, g: Array) -> tuple[Array, ScaleCache]:
    """Squeeze-and-excite's end: a channel times its gate (MobileNetV3, arXiv:1905.02244, figure 4).

        y[n,i,j,c] = x[n,i,j,c] g[n,c]

    x  (N, H, W, C): N images of H x W pixels with C channels, float32 or float64
    g  (N, C): a gate for each image and channel; the dtype of x

    Returns y (N, H, W, C) and the cache that `scale_channels_backward` takes.  ValueError or TypeError,
    naming the argument, where shapes or dtypes do not fit.
    """
    checks.array("scale_channels", "x", x, "N H W C")
    checks.array("scale_channels", "g", g, "N C")
    if g.shape != (x.shape[0], x.shape[3]):
        raise ValueError(
            f"scale_channels: g must be {(x.shape[0], x.shape[3])} for x {x.shape}, found {g.shape}"
        )
    checks.same_dtype("scale_channels", x, g=g)
    cache = ScaleCache("scale_channels", x.shape, x.dtype, x, g)
    return x * g[:, None, None, :], cache


def scale_channels_backward(dy: Array, cache: ScaleCache) -> tuple[Array, Array]:
    """Gradients of `scale_channels`: of the map and of the gates.

        dx[n,i,j,c] = dy[n,i,j,c] g[n,c]        dg[n,c] = sum_ij dy[n,i,j,c] x[n,i,j,c]

    dy     (N, H, W, C): the loss's derivative by y; shape and dtype of that y
    cache  what `scale_channels` returned

    Returns (dx, dg), shaped as x and g.  ValueError for another shape or dtype, and for another
    operator's cache.
    """
    dy = checks.gradient("scale_channels", dy, cache)
    x, g = np.ascontiguousarray(cache.x), cache.g  # NumPy adds in another order where it is not
    # float64 sums: a map has thousands of pixels, and their products may cancel
    dg = np.einsum("nijc,nijc->nc", dy, x, dtype=np.float64).astype(x.dtype)
    return dy * g[:, None, None, :], dg


@dataclass(frozen=True, eq=False, repr=False)
class DropoutCache(Cache):
    """By what each element was multiplied."""

    factor: Array


def dropout(
    x: Array,
    rate: float,
    rng: np.random.Generator | None = None,
    *,
    train: bool,
    mode: str = "inverted",
) -> tuple[Array, DropoutCache]:
    """Dropout (Srivastava et al. 2014; in MobileNetV3, arXiv:1905.02244, section 6.1).

    x      of any shape, float32 or float64
    rate   from 0 to 1: the probability with which an element becomes 0 in training
    rng    a numpy.random.Generator, which training draws from; evaluation has no use for it
    train  True: training; False: evaluation
    mode   "inverted": what survives is divided by 1 - rate in training, and evaluation leaves x as it is
           (PyTorch, Keras); "downscale_in_infer": what survives stays as it is, and evaluation
           multiplies all by 1 - rate (PaddleClas)

    Returns y, shaped as x, and the cache that `dropout_backward` takes.  ValueError or TypeError, naming
    the argument, for what cannot be.
    """
    checks.array("dropout", "x", x, checks.any_axes(x))
    rate = checks.number("dropout", "rate", rate, "within 0..1", lambda v: 0 <= v <= 1)
    checks.choice("dropout", "mode", mode, DROPOUTS)
    inverted = mode == "inverted"
    if checks.flag("dropout", "train", train):
        if not isinstance(rng, np.random.Generator):
            raise ValueError(
                "dropout: training draws from rng, which must be a numpy.random.Generator, "
                f"found {type(rng).__name__}"
            )
        survives = rng.random(x.shape) >= rate
        grown = 1 / (1 - rate) if inverted and rate < 1 else 1
        factor = survives.astype(x.dtype) * x.dtype.type(grown)
    else:
        factor = np.full(x.shape, 1 if inverted else 1 - rate, x.dtype)
    return x * factor, DropoutCache("dropout", x.shape, x.dtype, factor)


def dropout_backward(dy: Array, cache: DropoutCache) -> Array:
    """Gradient of `dropout`: dx = dy times what the forward pass multiplied by, 0 for what was dropped.

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `dropout` returned

    Returns dx, shaped as x.  ValueError for another shape or dtype, and for another operator's cache.
    """
    return checks.gradient("dropout", dy, cache) * cache.factor
