"""Batch normalisation, in training (statistics of the batch) and evaluation (running estimates)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..kernels import batchnorm
from . import checks
from .checks import Array, Cache
from .rungs import call, choose


class Statistics(NamedTuple):
    """Running estimates of batch normalisation, as `batch_norm` returns them.

    mean      (C,): of each channel
    variance  (C,): of each channel
    """

    mean: Array
    variance: Array

    def __eq__(self, other: object) -> bool:
        """Whether it is the very same: a tuple's == would ask arrays whether they are true."""
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)


@dataclass(frozen=True, eq=False, repr=False)
class BatchNormCache(Cache):
    """What the backward pass needs; mean and variance are those that normalised x, in float64.

    count, total: values of a channel in the whole batch, and what sums over it, where x is a part of one.
    """

    x: Array  # one row for each pixel
    gamma: Array
    mean: Array
    variance: Array
    eps: float
    train: bool
    rung: str
    count: int = 0
    total: Callable[[Array], Array] | None = None


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
    total: Callable[[Array], Array] | None = None,
) -> tuple[Array, BatchNormCache, Statistics]:
    """Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1).

        y = gamma (x - mean) / sqrt(variance + eps) + beta        channel by channel

    x               (N, H, W, C) or (N, C), float32 or float64
    gamma, beta     (C,): scale and shift of each channel; the dtype of x
    mean, variance  (C,): running estimates, with which evaluation normalises
    train           True: normalise by the mean and biased variance of this batch, and move the estimates
                    towards it; False: normalise by the estimates, and leave them
    eps             at least 0, added to the variance; PyTorch's default is 1e-5, Keras' 1e-3
    momentum        0 to 1, the batch's part in new = (1 - momentum) old + momentum batch, as PyTorch
                    counts it; Keras and TensorFlow write 1 - momentum.  The variance so mixed in is the
                    unbiased one, as in PyTorch
    rung            "loops", "numpy" or "numba": which implementation; None: the fastest
    total           where x is a part of a batch and others have the rest: the sum of a float64 array over
                    all of them.  Training then normalises by the whole batch, and the backward pass
                    sums its two sums in the same way, so all must call either

    Returns y, shaped as x, the cache that `batch_norm_backward` takes, and the new `Statistics`; nothing
    is changed in place.  ValueError or TypeError, naming the argument, where a shape or dtype does not
    fit, or in training with a single value for each channel.
    """
    rung = choose("batch_norm", rung, batchnorm.RUNGS)
    statistics, normalise, _, _ = batchnorm.RUNGS[rung]
    eps = checks.number("batch_norm", "eps", eps, "at least 0", lambda v: v >= 0)
    momentum = checks.number(
        "batch_norm", "momentum", momentum, "within 0..1", lambda v: 0 <= v <= 1
    )
    train = checks.flag("batch_norm", "train", train)
    checks.function("batch_norm", "total", total)
    checks.array("batch_norm", "x", x, "N H W C" if checks.axes(x) == 4 else "N C")
    vectors = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    for name, vector in vectors.items():
        checks.array("batch_norm", name, vector, "C")
        checks.channels("batch_norm", name, vector, x.shape[-1], "channel of x")
    checks.same_dtype("batch_norm", x, gamma=gamma, beta=beta)
    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    used = Statistics(mean.astype(np.float64), variance.astype(np.float64))
    running, count = Statistics(mean, variance), len(rows)
    if train:
        if count:
            call(rung, statistics, rows, used.mean, used.variance)
        if total:
            used, count = _of_all(used, count, total)
        if count < 2:
            raise ValueError(
                f"batch_norm: training needs more than one value for each channel, x is {x.shape}"
            )
        # unbiased here, biased above: the running variance estimates the population's
        unbiased = used.variance * (count / (count - 1))
        running = Statistics(
            ((1 - momentum) * mean + momentum * used.mean).astype(mean.dtype),
            ((1 - momentum) * variance + momentum * unbiased).astype(variance.dtype),
        )
    gamma, beta = np.ascontiguousarray(gamma), np.ascontiguousarray(beta)
    y = np.empty_like(rows)
    if len(rows) or not total:
        call(rung, normalise, rows, *used, gamma, beta, eps, y)
    cache = BatchNormCache(
        "batch_norm", x.shape, x.dtype, rows, gamma, *used, eps, train, rung, count, total
    )
    return y.reshape(x.shape), cache, running


def _of_all(own: Statistics, count: int, total: Callable[[Array], Array]) -> tuple[Statistics, int]:
    """From this part's mean and variance to those of the whole batch, and how many values it has.

    As Chan, Golub and LeVeque put parts together: by the variances within, and that of the means.
    """
    sums = _summed(total, np.append(count * own.mean, count))
    if not count <= sums[-1] < np.inf:
        raise ValueError(
            f"batch_norm: total must add up what all parts count, {count} and more, found {sums[-1]}"
        )
    mean = sums[:-1] / sums[-1]
    variance = _summed(total, count * (own.variance + (own.mean - mean) ** 2)) / sums[-1]
    return Statistics(mean, variance), int(sums[-1])


def _summed(total: Callable[[Array], Array], part: Array) -> Array:
    """The sum over all parts, if that is what it is shaped like."""
    found = total(part)
    if not checks.plain(found) or found.shape != part.shape or found.dtype != part.dtype:
        raise ValueError(
            f"batch_norm: total must return an array of {part.dtype} {part.shape}, as it was given, "
            f"found {checks.shown(found)}"
        )
    return found


def batch_norm_backward(dy: Array, cache: BatchNormCache) -> tuple[Array, Array, Array]:
    """Gradients of `batch_norm`: of its input, its scale and its shift.

        dbeta = sum dy        dgamma = sum dy x^        x^ = (x - mean) / sqrt(variance + eps)
        dx    = gamma / sqrt(variance + eps) (dy - dbeta/count - x^ dgamma/count)      in training
        dx    = gamma / sqrt(variance + eps) dy                                      in evaluation

    dy     shape and dtype of y: the loss's derivative by it
    cache  what `batch_norm` returned; it knows whether that was training

    Sums are over the count = N H W (or N) values of a channel.  Returns (dx, dgamma, dbeta), shaped as
    x, (C,) and (C,).  ValueError for a dy of another shape or dtype than y, and for another operator's
    cache.
    """
    dy = checks.gradient("batch_norm", dy, cache)
    x, rung = cache.x, cache.rung
    _, _, backward_affine, backward_input = batchnorm.RUNGS[rung]
    rows = dy.reshape(x.shape)
    used = cache.mean, cache.variance
    dgamma, dbeta = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    if len(rows) or not cache.total:
        call(rung, backward_affine, rows, x, *used, cache.eps, dgamma, dbeta)
    # in evaluation mean and variance are constants: their two terms of dx are zero
    through = (dgamma, dbeta) if cache.train else (np.zeros_like(dgamma), np.zeros_like(dbeta))
    if cache.total and cache.train:  # the kernel divides by its own count
        share = len(rows) / cache.count
        whole = share * _summed(cache.total, np.stack(through))
        through = whole[0], whole[1]
    dx = np.empty_like(x)
    if len(rows) or not cache.total:
        # and zero times an x that is not finite would be NaN
        source = x if cache.train else np.zeros_like(x)
        call(rung, backward_input, rows, source, *used, cache.gamma, cache.eps, *through, dx)
    return dx.reshape(cache.result), dgamma.astype(x.dtype), dbeta.astype(x.dtype)
