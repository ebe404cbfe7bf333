"""Where we differ from PyTorch by intention: each with its reason, found in a difference by its rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Difference(NamedTuple):
    """One tensor of one call that is not PyTorch's.

    operator  the operator's name in `verify`
    what      which numbers were planted, and `where`: into which argument
    tensor    "y", or "d" and the name of an argument
    only_at   whether all that differs is where the planted argument itself is NaN
    exact     whether PyTorch in float64 agrees
    """

    operator: str
    what: str
    where: str
    tensor: str
    rung: str
    only_at: bool
    exact: bool

    @property
    def infinite(self) -> bool:
        """Whether what was planted has infinities or NaN."""
        return "NaN" in self.what or "Inf" in self.what


@dataclass(frozen=True)
class Named:
    """A named difference: when it is one, and why it stays."""

    name: str
    reason: str
    holds: Callable[[Difference], bool]


EXCEPTIONS = (
    Named(
        "more exact",
        "sums and statistics are gathered in float64: where PyTorch's float32 overflows or cancels, its "
        "own float64 agrees with us",
        lambda d: d.exact,
    ),
    Named(
        "filters that are not finite",
        "the compiled gradient of a convolution's input gathers, and multiplies zeros around dy by every "
        "filter entry: an entry that is not finite makes more of dx NaN",
        lambda d: (
            d.operator in ("conv2d", "depthwise_conv2d", "grouped_conv2d")
            and (d.where, d.tensor) == ("w", "dx")
            and d.rung in ("numba", "simd")
            and d.infinite
        ),
    ),
    Named(
        "an infinite gamma",
        "y is computed as the formula stands, (x - mean) / sqrt(variance + eps) gamma + beta, which is "
        "infinite; PyTorch multiplies gamma by the mean first, infinity minus infinity",
        lambda d: d.operator.startswith("batch_norm") and d.where == "gamma" and d.infinite,
    ),
    Named(
        "the gradient at NaN itself",
        "of an x that is NaN, PyTorch's dx depends on how long the array is (vectorised or not)",
        lambda d: d.only_at and d.tensor == "dx",
    ),
    Named(
        "the scale's gradient at infinity",
        "an infinite x is clipped, and what is clipped adds dy (q - zero point) by the rule; PyTorch's "
        "operations give infinity minus infinity",
        lambda d: d.operator == "fake_quantize" and d.tensor == "dscale" and d.infinite,
    ),
    Named(
        "an infinite derivative of the loss",
        "dlogits = dloss (p - t) is infinite with the sign of p - t; PyTorch subtracts infinities",
        lambda d: d.operator == "softmax_cross_entropy" and d.where == "dy" and d.infinite,
    ),
)
SQUARES = (
    "squares beyond float32",
    "a compiled step gathers variances in float32, as PyTorch does: beyond 1e19 they are infinite, and "
    "what is normalised by them is 0, as there",
)
CANCELLING = (
    "gradients that cancel",
    "of images that are all near 1e4 the gradient of a filter is a sum of dy x whose parts cancel: a "
    "compiled step's, in float32, keeps few of its digits",
)
NOISE = (
    "float32 keeps no digit",
    "where maps are nearly constant, normalisation divides rounding by the root of eps, layer by layer:"
    " of some gradient the executor's float32, too, is off by more than half of what it is in float64",
)
WIDTHS = (
    "channels that are no multiple of 8",
    "an engine's vectors hold 8 channels: an infinite element times the zeros that fill one up is NaN",
)


def named(difference: Difference) -> str:
    """Which exception it is; "" for none."""
    return next((e.name for e in EXCEPTIONS if e.holds(difference)), "")


def only_at_nan(ours: object, theirs: object, planted: object) -> bool:
    """Whether two tensors differ nowhere but where the planted one is NaN."""
    a, b, x = (np.asarray(t, np.float64) for t in (ours, theirs, planted))
    if not a.shape == b.shape == x.shape:
        return False
    off = ~np.isclose(a, b, rtol=1e-4, atol=0, equal_nan=True) & (a != b)
    return bool(off.any() and np.isnan(x)[off].all())
