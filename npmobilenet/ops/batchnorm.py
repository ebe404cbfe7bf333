"""Batch normalisation, in training (statistics of the batch) and evaluation (running estimates)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..kernels import batchnorm
from . import checks
from .checks import Array, Cache
from .rungs import call, choose


class Statistics(NamedTuple):
    """Running mean and variance, each (C,)."""

    mean: Array
    variance: Array


@dataclass(frozen=True, eq=False, repr=False)
class BatchNormCache(Cache):
    """What the backward pass needs; mean and variance are those that normalised x, in float64."""

    x: Array  # one row for each pixel
    gamma: Array
    mean: Array
    variance: Array
    eps: float
    train: bool
    rung: str


def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    *,
    train: bool,
    eps: float = 1e-3,
    momentum: float = 0.1,
    rung: str | None = None,
) -> tuple[Array, BatchNormCache, Statistics]:
    """Batch normalisation.  x (N,H,W,C) or (N,C); the rest (C,) -> y as x, cache, new statistics.

    y = gamma (x - mean) / sqrt(variance + eps) + beta (Ioffe and Szegedy 2015, algorithm 1).

    train=True: normalises by the batch's mean and biased variance and returns the running estimates
    moved towards the batch, new = (1 - momentum) old + momentum batch, with the unbiased variance,
    as PyTorch does.  (Keras and TensorFlow write 1 - momentum for this momentum.)  train=False:
    normalises by the given estimates and returns them unchanged.  Nothing is changed in place.

    ValueError where a shape is wrong, or in training with a single value for each channel.
    """
    rung = choose("batch_norm", rung, batchnorm.RUNGS)
    statistics, normalise, _, _ = batchnorm.RUNGS[rung]
    eps = checks.number("batch_norm", "eps", eps, "at least 0", lambda v: v >= 0)
    momentum = checks.number(
        "batch_norm", "momentum", momentum, "within 0..1", lambda v: 0 <= v <= 1
    )
    train = checks.flag("batch_norm", "train", train)
    checks.array("batch_norm", "x", x, "N H W C" if np.ndim(x) == 4 else "N C")
    vectors = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    for name, vector in vectors.items():
        checks.array("batch_norm", name, vector, "C")
        checks.channels("batch_norm", name, vector, x.shape[-1], "channel of x")
    checks.same_dtype("batch_norm", x, gamma=gamma, beta=beta)
    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    used = Statistics(mean.astype(np.float64), variance.astype(np.float64))
    running = Statistics(mean, variance)
    if train:
        if len(rows) < 2:
            raise ValueError(
                f"batch_norm: training needs more than one value for each channel, x is {x.shape}"
            )
        call(rung, statistics, rows, used.mean, used.variance)
        # unbiased here, biased above: the running variance estimates the population's
        unbiased = used.variance * (len(rows) / (len(rows) - 1))
        running = Statistics(
            ((1 - momentum) * mean + momentum * used.mean).astype(mean.dtype),
            ((1 - momentum) * variance + momentum * unbiased).astype(variance.dtype),
        )
    gamma, beta = np.ascontiguousarray(gamma), np.ascontiguousarray(beta)
    y = np.empty_like(rows)
    call(rung, normalise, rows, *used, gamma, beta, eps, y)
    cache = BatchNormCache("batch_norm", x.shape, x.dtype, rows, gamma, *used, eps, train, rung)
    return y.reshape(x.shape), cache, running


def batch_norm_backward(dy: Array, cache: BatchNormCache) -> tuple[Array, Array, Array]:
    """Gradients (dx, dgamma, dbeta) of `batch_norm` for dy shaped as its y.

        dbeta = sum dy     dgamma = sum dy xhat     dx = gamma (dy - dbeta/P - xhat dgamma/P) / deviation

    with xhat the normalised x and P the values of a channel; in evaluation, where mean and variance do
    not depend on x, dx = gamma dy / deviation.  cache: what `batch_norm` returned.
    ValueError for another operator's cache, or a dy that is not shaped as y.
    """
    dy = checks.gradient("batch_norm", dy, cache)
    x, rung = cache.x, cache.rung
    _, _, backward_affine, backward_input = batchnorm.RUNGS[rung]
    rows = dy.reshape(x.shape)
    used = cache.mean, cache.variance
    dgamma, dbeta = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    call(rung, backward_affine, rows, x, *used, cache.eps, dgamma, dbeta)
    # in evaluation mean and variance are constants: their two terms of dx are zero
    through = (dgamma, dbeta) if cache.train else (np.zeros_like(dgamma), np.zeros_like(dbeta))
    dx = np.empty_like(x)
    call(rung, backward_input, rows, x, *used, cache.gamma, cache.eps, *through, dx)
    return dx.reshape(cache.result), dgamma.astype(x.dtype), dbeta.astype(x.dtype)
