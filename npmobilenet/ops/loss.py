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
    """Probabilities exp(z) / sum exp(z) along the last axis, without overflow."""
    checks.array("softmax", "logits", logits, checks.any_axes(logits))
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def softmax_cross_entropy(
    logits: Array, labels: Array, *, label_smoothing: float = 0.0
) -> tuple[float, CrossEntropyCache]:
    """Mean softmax cross-entropy.  logits (N, classes), labels (N,) integers -> loss and a cache.

        loss = -1/N sum_nk q_nk log softmax(z_n)_k

    q is 1 at the label.  labels may also be q itself, (N, classes) of real numbers whose rows add up
    to 1, or miss it by no more than 1e-4.  Label smoothing e makes it (1 - e) q plus e/classes
    everywhere (Szegedy et al. 2016, section 7), as in PyTorch.  Where q is 0 a logit of minus
    infinity, a class that is ruled out, costs nothing.  ValueError for a label outside 0..classes-1,
    and for a q that is no probability.
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
    """dlogits (N, classes) = dloss (softmax(z) sum_k q_k - q) / N; dloss is 1.0 when the loss is the end.

    The sum is 1, but for what q's rows miss of it: the gradient is that of the loss that was returned.
    """
    checks.own("softmax_cross_entropy", cache)
    dloss = checks.number("softmax_cross_entropy", "dloss", dloss, "a number", lambda v: True)
    sums = cache.target.sum(axis=1, keepdims=True, dtype=np.float64).astype(cache.dtype)
    difference = cache.probabilities * sums - cache.target
    return np.asarray(difference * difference.dtype.type(dloss / len(difference)))
