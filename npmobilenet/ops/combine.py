"""Residual add, channel scaling and dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import checks
from .checks import Array, Cache


def add(a: Array, b: Array) -> tuple[Array, Cache]:
    """Residual add (MobileNetV2, figure 4).  y = a + b, and a cache.

    a, b: arrays of one shape and dtype, float32 or float64.  ValueError where they differ.
    """
    checks.array("add", "a", a, checks.any_axes(a))
    checks.array("add", "b", b, checks.any_axes(b))
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(
            "add: both must have one shape and dtype, "
            f"found {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        )
    y = a + b
    return y, Cache("add", y.shape, y.dtype)


def add_backward(dy: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients (da, db) of `add`: both are dy, the same array.

    cache: what `add` returned.
    ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    dy = checks.gradient("add", dy, cache)
    return dy, dy


@dataclass(frozen=True, eq=False, repr=False)
class ScaleCache(Cache):
    """What the backward pass needs: either factor is the other's gradient."""

    x: Array
    g: Array


def scale_channels(x: Array, g: Array) -> tuple[Array, ScaleCache]:
    """Squeeze-and-excite's last step (MobileNetV3, figure 4): every channel times its gate.

    x (N,H,W,C), g (N,C) -> y (N,H,W,C), cache.  y[n,i,j,c] = x[n,i,j,c] g[n,c].  ValueError or
    TypeError where shapes or dtypes do not fit.
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
    """Gradients (dx, dg): dx[n,i,j,c] = dy[n,i,j,c] g[n,c], dg[n,c] = sum_ij dy[n,i,j,c] x[n,i,j,c].

    cache: what `scale_channels` returned.
    ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    dy = checks.gradient("scale_channels", dy, cache)
    x, g = cache.x, cache.g
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
    """Dropout: in training each element of x survives with probability 1 - rate, drawn from rng.

    mode "inverted": survivors are multiplied by 1/(1 - rate) in training, and evaluation does
    nothing (PyTorch, Keras).  mode "downscale_in_infer": survivors pass as they are, and evaluation
    multiplies everything by 1 - rate (PaddleClas).  At rate 1 nothing survives.  ValueError unless
    0 <= rate <= 1.
    """
    checks.array("dropout", "x", x, checks.any_axes(x))
    rate = checks.number("dropout", "rate", rate, "within 0..1", lambda v: 0 <= v <= 1)
    if mode not in ("inverted", "downscale_in_infer"):
        raise ValueError(
            f'dropout: mode must be "inverted" or "downscale_in_infer", found {mode!r}'
        )
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
    """dx = dy times the factor of the forward pass, 0 where x did not survive.

    cache: what `dropout` returned.
    ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    return checks.gradient("dropout", dy, cache) * cache.factor
