"""Softmax cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .checks import Array, Cache


@dataclass(frozen=True, eq=False, repr=False)
class CrossEntropyCache(Cache):
    """What the backward pass needs; shape and dtype are those of the logits."""

    probabilities: Array
    target: Array


def softmax(logits: Array) -> Array:
    """Probabilities from logits: p_k = exp(z_k) / sum_j exp(z_j) along the last axis, without overflow.

    logits  (..., classes), float32 or float64

    Returns probabilities, shaped as the logits, which add up to 1 along the last axis.  TypeError or
    ValueError where logits are no such array.  (MobileNetV1, arXiv:1704.04861, Table 1, "Softmax".)
    """
    checks.array("softmax", "logits", logits, checks.any_axes(logits))
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def softmax_cross_entropy(
    logits: Array, labels: Array, *, label_smoothing: float = 0.0
) -> tuple[float, CrossEntropyCache]:
    """Mean softmax cross-entropy, in nats, with label smoothing (Szegedy et al. 2016, arXiv:1512.00567).

        loss = -1/N sum_nk t_nk log softmax(z_n)_k        t = (1 - e) q + e / classes

    logits           z (N, classes), float32 or float64.  Minus infinity rules a class out; where t is 0
                     that costs nothing
    labels           (N,) integers from 0 to classes - 1: q is 1 there and else 0; or q itself, (N,
                     classes) of real numbers whose rows add up to 1, or miss it by no more than 1e-4
    label_smoothing  e, 0 to 1, as in section 7 of the paper and in PyTorch

    Returns the loss, a float, and the cache that `softmax_cross_entropy_backward` takes.  ValueError or
    TypeError for a label that is no class, a q that is no probability, and shapes that do not fit.
    """
    checks.array("softmax_cross_entropy", "logits", logits, "N classes")
    count, classes = logits.shape
    e = checks.number(
        "softmax_cross_entropy",
        "label_smoothing",
        label_smoothing,
        "within 0..1",
        lambda v: 0 <= v <= 1,
    )
    q = _target(labels, logits)
    target = q * q.dtype.type(1 - e) + q.dtype.type(e / classes)
    z = logits - logits.max(axis=1, keepdims=True)  # logsumexp: the largest exponent becomes 0
    log_sum = np.log(np.exp(z).sum(axis=1, keepdims=True))
    log_probabilities = z - log_sum
    # 0 log 0 is 0, where a product would be NaN
    parts = np.multiply(target, log_probabilities, where=target > 0, out=np.zeros_like(target))
    loss = -parts.sum(dtype=np.float64) / count
    cache = CrossEntropyCache(
        "softmax_cross_entropy", logits.shape, logits.dtype, np.exp(log_probabilities), target
    )
    return float(loss), cache


def _target(given: Any, logits: Array) -> Array:
    """Labels as rows of probabilities in the dtype of logits, both (N, classes)."""
    count, classes = logits.shape
    labels = checks.plain_array(given)
    if labels is None:
        raise TypeError(
            "softmax_cross_entropy: labels must be a NumPy array or a list of numbers, "
            f"found {type(given).__name__}"
        )
    if labels.shape == logits.shape and labels.dtype.kind == "f":
        sums = labels.sum(axis=1, dtype=np.float64)
        if not (labels >= 0).all() or not np.allclose(sums, 1, rtol=0, atol=1e-4):
            raise ValueError(
                "softmax_cross_entropy: rows of labels must be probabilities that add up to 1"
            )
        return labels.astype(logits.dtype)
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"softmax_cross_entropy: labels must be {count} integers, "
            f"found {labels.dtype} {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise ValueError(
            f"softmax_cross_entropy: label {wrong} is outside 0..{classes - 1} of {classes} classes"
        )
    target = np.zeros(logits.shape, logits.dtype)
    target[np.arange(count), labels] = 1
    return target


def softmax_cross_entropy_backward(dloss: float, cache: CrossEntropyCache) -> Array:
    """Gradient of `softmax_cross_entropy`: dlogits = dloss (softmax(z) sum_k t_k - t) / N.

    dloss  a number: the derivative of what is minimised by this loss; 1.0 where it is the loss itself
    cache  what `softmax_cross_entropy` returned

    sum_k t_k is 1, but for what rows of q miss of it: the gradient is that of the loss that was returned.
    Returns dlogits (N, classes).  ValueError where dloss is no finite number, and for another operator's
    cache.
    """
    checks.own("softmax_cross_entropy", cache)
    dloss = checks.number("softmax_cross_entropy", "dloss", dloss, "a number", lambda v: True)
    sums = cache.target.sum(axis=1, keepdims=True, dtype=np.float64).astype(cache.dtype)
    difference = cache.probabilities * sums - cache.target
    return np.asarray(difference * difference.dtype.type(dloss / len(difference)))
