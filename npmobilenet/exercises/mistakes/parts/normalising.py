"""Batch normalisation and its gradient, honest unless given other parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ....ops.checks import Array
from ..record import Outputs

Axes = tuple[int, ...]
CHANNELS: Axes = (0, 1, 2)  # over images, rows and columns: one number for each channel


def root(variance: Array, eps: float) -> Array:
    """ε under the root."""
    return np.asarray(np.sqrt(variance + eps))


def root_slope(variance: Array, eps: float) -> Array:
    """Its derivative for the variance."""
    return np.asarray(0.5 / np.sqrt(variance + eps))


def root_beside(variance: Array, eps: float) -> Array:
    """ε beside the root."""
    return np.asarray(np.sqrt(variance) + eps)


def root_beside_slope(variance: Array, eps: float) -> Array:
    """Its derivative."""
    return np.asarray(0.5 / np.sqrt(variance))


def root_alone(variance: Array, eps: float) -> Array:
    """No ε."""
    return np.asarray(np.sqrt(variance))


def no_root(variance: Array, eps: float) -> Array:
    """The variance itself."""
    return np.asarray(variance + eps)


# the derivative of no root, and what is written for it where d stands for the root
VARIANCE_SLOPES: tuple[Callable[[Array, float], Array], ...] = (
    lambda variance, eps: np.ones_like(variance),
    lambda variance, eps: np.asarray(0.5 / (variance + eps)),
)


@dataclass(frozen=True)
class Norm:
    """How x is normalised: over which axes, by which variance and root, by which terms backwards."""

    axes: Axes = CHANNELS
    ddof: int = 0
    root: Callable[[Array, float], Array] = root
    slope: Callable[[Array, float], Array] = root_slope
    centred: bool = True
    scaled: bool = True  # by gamma
    mean_term: Callable[[int], float] = lambda count: 1 / count  # the weight of the sum of dy
    variance_term: Callable[[int], float] = lambda count: 1 / count

    def statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance, with axes of length 1."""
        mean = x.mean(self.axes, keepdims=True)
        return mean, x.var(self.axes, ddof=self.ddof, keepdims=True)

    def apply(self, x: Array, gamma: Array, beta: Array, eps: float) -> Array:
        """y of training."""
        return self.by(x, *self.statistics(x), gamma, beta, eps)

    def by(
        self, x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, eps: float
    ) -> Array:
        """y with those statistics."""
        x_hat = (x - mean if self.centred else x) / self.root(variance, eps)
        return (gamma * x_hat if self.scaled else x_hat) + beta

    def backward(self, dy: Array, x: Array, gamma: Array, eps: float) -> tuple[Array, Array, Array]:
        """dx, dgamma and dbeta of training."""
        mean, variance = self.statistics(x)
        d, away = self.root(variance, eps), x - mean
        count = x.size // mean.size
        scaled = gamma * dy if self.scaled else dy
        dx = scaled / d - self.mean_term(count) * scaled.sum(self.axes, keepdims=True) / d
        spread = (scaled * away).sum(self.axes, keepdims=True) / d**2
        # the variance moves by 2 (x - mean) / count, the root by its slope
        moved = 2 * away * self.slope(variance, eps) * self.variance_term(count)
        dx = dx - spread * moved * count / (count - self.ddof)
        return dx, (dy * away / d).sum(CHANNELS), dy.sum(CHANNELS)


HONEST_NORM = Norm()


def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    train: bool,
    eps: float,
    momentum: float,
    *,
    norm: Norm = HONEST_NORM,
    running_ddof: int = 1,
    weight: Callable[[float], float] = lambda momentum: momentum,
    batch_normalises: Callable[[bool], bool] = lambda train: train,
    batch_moves: Callable[[bool], bool] = lambda train: train,
    running_axes: Axes = CHANNELS,
    keep: bool = False,
) -> Outputs:
    """y, and the running mean and variance after it."""
    if batch_normalises(train):
        y = norm.apply(x, gamma, beta, eps)
    else:
        y = norm.by(x, mean, variance, gamma, beta, eps)
    if batch_moves(train):
        new = weight(momentum)
        moved = x.mean(running_axes, keepdims=keep)
        spread = x.var(running_axes, ddof=running_ddof, keepdims=keep)
        mean = (1 - new) * mean + new * moved
        variance = (1 - new) * variance + new * spread
    return {"y": y, "mean": mean, "variance": variance}


def batch_norm_backward(
    dy: Array, x: Array, gamma: Array, eps: float, *, norm: Norm = HONEST_NORM
) -> Outputs:
    """dx, dgamma and dbeta."""
    dx, dgamma, dbeta = norm.backward(dy, x, gamma, eps)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
