"""Whether arrays look as training leaves them: for formats without checksums, what is odd is said.

Two tensors of one shape may have changed places, or a bit have flipped, and a file is none the worse for
it.  But a trained network says twice how its layers' results are spread.  Once by the running mean and
variance; and once by what stands before them: a normalised channel is about beta and gamma**2 by its own
batch normalisation, an activation and a convolution do to that what they do to a Gaussian,

    mean  E = sum of w E(x)        variance  V = sum of w**2 V(x), of channels that do not know each other

and over the channels of a layer both go together (on real networks of V1 and V3 the means by 0.96 and
more).  Where they do not in few layers and do in all others, those few are named.  It is a remark and no
proof: weights that were averaged without their statistics, for instance, are other ones honestly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops
from ..models.layers import Activation, Add, BatchNorm, Conv, Depthwise, Layer, Pointwise
from ..models.network_plan import Plan
from ..ops.checks import Array

Moments = tuple[Array, Array]  # of each channel the mean and the variance
_FAR = 1e4  # times the mean of the others: in trained networks below a hundred
_LARGEST = {"weight": 1e4, "gamma": 1e4, "beta": 1e4, "bias": 1e5, "mean": 1e6, "variance": 1e9}
_CHANNELS = 16  # fewer say too little
_SHARE = 1 / 3  # of the layers may be odd; more, and the network is not of the kind that is judged
_NAMED = 3
_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(21)  # points of a Gaussian
_WEIGHT = _WEIGHT / _WEIGHT.sum()


def implausible(plan: Plan, params: Mapping[str, Array]) -> Iterator[str]:
    """Sentences about arrays that training would hardly leave so, each beginning with "warning: "."""
    far = [name for name in plan.arrays if name in params and _far_out(name, params[name])]
    if far:
        yield f"warning: numbers far out in {_listed(far)}; is the file damaged?"
    judged = [(name, _odd(*pair)) for name, *pair in _told_twice(plan, params)]
    odd = [name for name, wrong in judged if wrong]
    if odd and len(odd) <= max(1, _SHARE * len(judged)):
        yield (
            f"warning: the running statistics of {_listed(odd)} are not those of the arrays before "
            "them, as in all other layers; were arrays exchanged or changed?"
        )


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _far_out(name: str, value: Array) -> bool:
    """Whether its largest number is out of all proportion to the others."""
    if value.size < 2 or value.dtype.kind != "f":
        return False
    sizes = np.abs(value, dtype=np.float64).ravel()
    largest = sizes.max()
    others = (sizes.sum() - largest) / (sizes.size - 1)
    return bool(
        largest > _LARGEST.get(name.rpartition(".")[2], np.inf)
        or (others > 0 and largest > max(1.0, _FAR * others))
    )


def _told_twice(plan: Plan, params: Mapping[str, Array]) -> Iterator[tuple[str, Moments, Moments]]:
    """Of each batch normalisation whose input is known: its name, moments expected, moments stored."""
    known: dict[str, Moments] = {}
    for layer in plan.layers:
        own = {
            short: params[f"{layer.name}.{short}"].astype(np.float64)
            for short in layer.arrays | layer.statistics
        }
        before = [known[name] for name in layer.inputs if name in known]
        if isinstance(layer, BatchNorm):
            if before and len(own["mean"]) >= _CHANNELS:
                mean, variance = before[0]
                yield (
                    layer.name,
                    (mean, variance + layer.eps),
                    (own["mean"], own["variance"] + layer.eps),
                )
            known[layer.name] = own["beta"], own["gamma"] ** 2
        elif len(before) == len(layer.inputs) and (after := _after(layer, own, before)) is not None:
            known[layer.name] = after


def _after(layer: Layer, own: Mapping[str, Array], before: list[Moments]) -> Moments | None:
    """What a layer does to a Gaussian; None where that is not known."""
    (mean, variance), bias = before[0], own.get("bias", 0.0)
    if isinstance(layer, Activation):
        settings: dict[str, Any] = {} if layer.slope is None else {"slope": layer.slope}
        if layer.function in ("relu", "relu6"):
            settings["rung"] = "numpy"
        x = mean[:, None] + np.sqrt(variance)[:, None] * _AT
        y, _ = getattr(ops, layer.function)(x, **settings)
        first = y @ _WEIGHT
        return first, (y - first[:, None]) ** 2 @ _WEIGHT
    if isinstance(layer, Conv | Pointwise):
        w = own["weight"].reshape(-1, *own["weight"].shape[-2:]).sum(0)
        squares = (own["weight"] ** 2).reshape(-1, *own["weight"].shape[-2:]).sum(0)
        return mean @ w + bias, variance @ squares
    if isinstance(layer, Depthwise):  # neighbours know each other, by half
        w = own["weight"].sum((0, 1))
        return mean * w + bias, variance * (w**2 + (own["weight"] ** 2).sum((0, 1))) / 2
    if isinstance(layer, Add):
        return mean + before[1][0], variance + before[1][1]
    return None


def _odd(expected: Moments, stored: Moments) -> bool:
    """Whether the two do not go together over the channels."""
    apart = np.abs(expected[0] - stored[0]) / np.sqrt(stored[1])
    ratio = np.log(expected[1]) - np.log(stored[1])
    spread = np.median(np.abs(ratio - np.median(ratio)))
    return bool(
        np.median(apart) > 1.2
        or spread > 1.5
        or _together(expected[0], stored[0]) < 0.75
        or _together(np.log(expected[1]), np.log(stored[1])) < 0.25
    )


def _together(one: Array, other: Array) -> float:
    """Their correlation; 1 where one of them is the same everywhere, as before any training."""
    spreads = one.std() * other.std()
    if not spreads > 1e-12:
        return 1.0
    return float(((one - one.mean()) * (other - other.mean())).mean() / spreads)
