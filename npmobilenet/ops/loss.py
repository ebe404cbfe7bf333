"""Softmax, its logarithm, and the cross-entropy that both lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

from . import checks
from .checks import Array, Cache

REDUCTIONS = ("mean", "sum", "none")


@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxCache(Cache):
    """What the backward pass needs: the y that was returned."""

    y: Array


@dataclass(frozen=True, eq=False, repr=False)
class CrossEntropyCache(Cache):
    """What the backward pass needs; shape and dtype are those of the logits.

    target: what log softmax is multiplied by, weights and smoothing included; by `divisor` the sum of
    all is divided, or of each row, which `rows` says.
    """

    probabilities: Array
    target: Array
    divisor: float
    rows: bool


def _require_classes(operator: str, logits: Array) -> None:
    if not logits.shape[-1]:
        raise ValueError(f"{operator}: logits must have classes, found {logits.shape}")


def softmax(logits: Array) -> Array:
    """Probabilities from logits: p_k = exp(z_k) / sum_j exp(z_j) along the last axis, without overflow.

    logits  (..., classes), float32 or float64

    Returns probabilities, shaped as the logits, which add up to 1 along the last axis; they are all that
    `softmax_backward` needs.  TypeError or ValueError where logits are no such array.
    (MobileNetV1, arXiv:1704.04861, Table 1, "Softmax".)
    """
    checks.array("softmax", "logits", logits, checks.any_axes(logits))
    _require_classes("softmax", logits)
    logits = np.ascontiguousarray(logits)  # NumPy adds in another order where it is not
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def softmax_backward(dy: Array, y: Array) -> Array:
    """Gradient of `softmax`: dlogits = y (dy - sum dy y), the sum along the last axis.

    dy  (..., classes): the loss's derivative by y; shape and dtype of that y
    y   what `softmax` returned

    Returns dlogits (..., classes).  ValueError or TypeError where dy and y are not alike.
    """
    checks.array("softmax_backward", "y", y, checks.any_axes(y))
    y = np.ascontiguousarray(y)
    dy = checks.alike("softmax_backward", "dy", dy, y.shape, y.dtype)
    if not y.size:
        return np.zeros_like(y)
    # Seen from the likeliest class, whose y may be almost 1: its own difference is then exactly 0, and
    # nothing is lost where dy and the sum are almost equal.  A shift of dy changes no gradient.
    likeliest = np.take_along_axis(dy, y.argmax(axis=-1, keepdims=True), axis=-1)
    dy = dy - np.where(np.isfinite(likeliest), likeliest, 0)
    return np.asarray(y * (dy - (dy * y).sum(axis=-1, keepdims=True)))


def log_softmax(logits: Array) -> tuple[Array, SoftmaxCache]:
    """Logarithms of probabilities: y_k = z_k - log sum_j exp(z_j) along the last axis, without overflow.

    logits  (..., classes), float32 or float64

    Returns y, shaped as the logits, and the cache that `log_softmax_backward` takes.  Where a probability
    is too small for its dtype, its logarithm is still right.  TypeError or ValueError where logits are
    no such array.  (Goodfellow and others 2016, section 4.1.)
    """
    checks.array("log_softmax", "logits", logits, checks.any_axes(logits))
    _require_classes("log_softmax", logits)
    logits = np.ascontiguousarray(logits)
    z = logits - logits.max(axis=-1, keepdims=True)  # the largest exponent becomes 0
    y = np.asarray(z - np.log(np.exp(z).sum(axis=-1, keepdims=True)))
    return y, SoftmaxCache("log_softmax", y.shape, y.dtype, y)


def log_softmax_backward(dy: Array, cache: SoftmaxCache) -> Array:
    """Gradient of `log_softmax`: dlogits = dy - softmax(z) sum dy, the sum along the last axis.

    dy     (..., classes): the loss's derivative by y; shape and dtype of that y
    cache  what `log_softmax` returned

    Returns dlogits (..., classes).  ValueError for a dy of another shape or dtype than y, and for another
    operator's cache.
    """
    dy = checks.gradient("log_softmax", dy, cache)
    return np.asarray(dy - np.exp(cache.y) * dy.sum(axis=-1, keepdims=True))


@overload
def softmax_cross_entropy(
    logits: Array,
    labels: Array,
    *,
    label_smoothing: float = 0.0,
    weight: Array | None = None,
    ignore_index: int | None = None,
    reduction: Literal["mean", "sum"] = "mean",
) -> tuple[float, CrossEntropyCache]: ...


@overload
def softmax_cross_entropy(
    logits: Array,
    labels: Array,
    *,
    label_smoothing: float = 0.0,
    weight: Array | None = None,
    ignore_index: int | None = None,
    reduction: Literal["none"],
) -> tuple[Array, CrossEntropyCache]: ...


def softmax_cross_entropy(
    logits: Array,
    labels: Array,
    *,
    label_smoothing: float = 0.0,
    weight: Array | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> tuple[float | Array, CrossEntropyCache]:
    """Softmax cross-entropy, in nats, with label smoothing (Szegedy et al. 2016, arXiv:1512.00567).

        loss_n = -sum_k weight_k t_nk log softmax(z_n)_k        t = (1 - e) q + e / classes

    logits           z (N, classes), float32 or float64.  Minus infinity rules a class out; where t is 0
                     that costs nothing
    labels           (N,) integers from 0 to classes - 1: q is 1 there and else 0; or q itself, (N,
                     classes) of real numbers whose rows add up to 1, or miss it by no more than 1e-4
    label_smoothing  e, 0 to 1, as in section 7 of the paper and in PyTorch
    weight           (classes,), at least 0: how much each class counts; None: 1 for all
    ignore_index     a label, of no class perhaps, whose images count nothing; None: no label
    reduction        "mean": over the images, where labels are integers by their weights; "sum"; "none":
                     all loss_n, (N,).  All three as PyTorch's

    Returns the loss, a float or an array (N,), and the cache that `softmax_cross_entropy_backward` takes.
    ValueError or TypeError for a label that is no class, a q that is no probability, shapes that do not
    fit, and for the mean of images that count nothing.
    """
    operator = "softmax_cross_entropy"
    checks.array(operator, "logits", logits, "N classes")
    e = checks.number(
        operator, "label_smoothing", label_smoothing, "within 0..1", lambda v: 0 <= v <= 1
    )
    checks.choice(operator, "reduction", reduction, REDUCTIONS)
    q, labels_of = _target(labels, logits, ignore_index)
    target = q * q.dtype.type(1 - e) + q.dtype.type(e / logits.shape[1])
    counts = np.ones(len(logits))  # of each image, in the divisor of the mean
    if weight is not None:
        weights = _weights(weight, logits)
        target *= weights
        if labels_of is not None:
            counts = weights[np.maximum(labels_of, 0)].astype(np.float64)
    if labels_of is not None:
        target[labels_of < 0] = 0
        counts[labels_of < 0] = 0
    divisor = float(counts.sum()) if reduction == "mean" else 1.0
    if not divisor:
        raise ValueError(f"{operator}: the mean of nothing: no label counts, reduction is mean")
    log_probabilities, _ = log_softmax(logits)
    # 0 log 0 is 0, where a product would be NaN
    parts = np.multiply(target, log_probabilities, where=target > 0, out=np.zeros_like(target))
    rows = reduction == "none"
    kept = np.exp(log_probabilities), target, divisor, rows
    cache = CrossEntropyCache(operator, logits.shape, logits.dtype, *kept)
    if rows:
        return -parts.sum(axis=1, dtype=np.float64).astype(logits.dtype), cache
    return float(0 - parts.sum(dtype=np.float64) / divisor), cache


def _weights(given: Any, logits: Array) -> Array:
    """The weights of classes in the dtype of logits."""
    weights, classes = checks.plain_array(given), logits.shape[1]
    if (
        weights is None
        or weights.shape != (classes,)
        or weights.dtype.kind not in "fiu"
        or not (np.isfinite(weights) & (weights >= 0)).all()
    ):
        raise ValueError(
            f"softmax_cross_entropy: weight must be {classes} numbers of at least 0, one for each "
            f"class, found {checks.shown(given)}"
        )
    return weights.astype(logits.dtype)


def _target(given: Any, logits: Array, ignore_index: int | None) -> tuple[Array, Array | None]:
    """Labels as rows of probabilities in the dtype of logits, both (N, classes), and as integers.

    Where they are integers, those to be ignored are -1; where they are probabilities, None.
    """
    operator = "softmax_cross_entropy"
    count, classes = logits.shape
    labels = checks.plain_array(given)
    if labels is None:
        raise TypeError(
            f"{operator}: labels must be a NumPy array or a list of numbers, "
            f"found {type(given).__name__}"
        )
    if ignore_index is not None and not checks.whole(ignore_index):
        shown = checks.shown(ignore_index)
        raise ValueError(f"{operator}: ignore_index must be an integer, found {shown}")
    if labels.shape == logits.shape and labels.dtype.kind == "f":
        if ignore_index is not None:
            raise ValueError(f"{operator}: ignore_index needs labels that are integers")
        sums = labels.sum(axis=1, dtype=np.float64)
        if not (labels >= 0).all() or not np.allclose(sums, 1, rtol=0, atol=1e-4):
            raise ValueError(f"{operator}: rows of labels must be probabilities that add up to 1")
        return labels.astype(logits.dtype, order="C"), None  # sums go along rows in memory
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{operator}: labels must be {count} integers, found {labels.dtype} {labels.shape}"
        )
    ignored = np.zeros(count, bool) if ignore_index is None else labels == ignore_index
    outside = ~ignored & ((labels < 0) | (labels >= classes))
    if outside.any():
        raise ValueError(
            f"{operator}: label {labels[outside][0]} is outside 0..{classes - 1} of {classes} classes"
        )
    found = np.where(ignored, -1, labels.astype(np.int64))
    target = np.zeros(logits.shape, logits.dtype)
    target[np.flatnonzero(~ignored), found[~ignored]] = 1
    return target, found


def softmax_cross_entropy_backward(dloss: float | Array, cache: CrossEntropyCache) -> Array:
    """Gradient of `softmax_cross_entropy`: dlogits = dloss (softmax(z) sum_k t_k - t) / divisor.

    dloss  a number: the derivative of what is minimised by this loss; 1.0 where it is the loss itself.
           After reduction="none" an array (N,), one of each image
    cache  what `softmax_cross_entropy` returned

    t bears the weights; sum_k t_k is 1 without them, but for what rows of q miss of it: the gradient is
    that of the loss that was returned.  divisor is N for a mean, or the sum of the labels' weights, else
    1.  Returns dlogits (N, classes).  ValueError where dloss is no finite number, and for another
    operator's cache.
    """
    operator = "softmax_cross_entropy"
    checks.own(operator, cache)
    if cache.rows:
        given: Any = dloss
        rows = checks.alike(operator, "dloss", given, cache.result[:1], cache.dtype)
        scale: Any = rows[:, None]
    else:
        number = checks.number(operator, "dloss", dloss, "a number", lambda v: True)  # type: ignore[arg-type]
        scale = cache.dtype.type(number / cache.divisor)
    sums = cache.target.sum(axis=1, keepdims=True, dtype=np.float64).astype(cache.dtype)
    return np.asarray((cache.probabilities * sums - cache.target) * scale)
