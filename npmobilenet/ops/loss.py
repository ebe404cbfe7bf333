"""Softmax cross-entropy."""

from dataclasses import dataclass

import numpy as np

from . import checks
from .checks import Array


@dataclass(frozen=True)
class CrossEntropyCache:
    """What the backward pass needs."""

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

        loss = 1/N sum_n ( logsumexp(z_n) - sum_k q_nk z_nk )

    q is 1 at the label.  labels may also be q itself, (N, classes) of real numbers whose rows add up
    to 1.  Label smoothing e makes it (1 - e) q plus e/classes everywhere (Szegedy et al. 2016,
    section 7), as in PyTorch.  ValueError for a label outside 0..classes-1, and for a q that is no
    probability.
    """
    checks.array("softmax_cross_entropy", "logits", logits, "N classes")
    count, classes = logits.shape
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"softmax_cross_entropy: label_smoothing must be within 0..1, found {label_smoothing}"
        )
    q = _target(np.asarray(labels), logits)
    target = q * q.dtype.type(1 - label_smoothing) + q.dtype.type(label_smoothing / classes)
    z = logits - logits.max(axis=1, keepdims=True)  # logsumexp: the largest exponent becomes 0
    log_sum = np.log(np.exp(z).sum(axis=1, keepdims=True))
    log_probabilities = z - log_sum
    loss = -(target * log_probabilities).sum(dtype=np.float64) / count
    return float(loss), CrossEntropyCache(np.exp(log_probabilities), target)


def _target(labels: Array, logits: Array) -> Array:
    """labels as rows of probabilities in the dtype of logits, both (N, classes)."""
    count, classes = logits.shape
    if labels.shape == logits.shape and labels.dtype.kind == "f":
        if not (labels >= 0).all() or not np.allclose(labels.sum(axis=1), 1, atol=1e-4):
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
    """dlogits (N, classes) = dloss (softmax(z) - q) / N; dloss is 1.0 when the loss is the end."""
    difference = cache.probabilities - cache.target
    return np.asarray(difference * difference.dtype.type(dloss / len(difference)))
