"""Where a network of floats is quantised, so that it does as the network of integers that it becomes.

The integer network is that of the folded plan: a convolution, its normalisation and the ReLU behind it
are one step, with one rounding.  So in the network that learns, which has its normalisations still, what
is rounded is what the last layer of each step puts out, and each weight as it will be folded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...images.preprocessing import Preprocessing
from ...models.capabilities import require
from ...models.folding import fold_layers
from ...models.layers import Activation, BatchNorm, Layer
from ...models.network_plan import Plan
from ...quantization.fitting import keeps_scale, shifts
from ...quantization.handled import QUANTIZED, SLOPE
from ...quantization.plan import Lowered, lowered
from ...quantization.preparing import prepared_plan

POOLING = "mean"  # which integer operator the global pool becomes
SHIFTED = (0.0, 6.0)  # range of a hard sigmoid's relu6(x + 3)
GATE = (0.0, 1.0)  # and of the hard sigmoid


@dataclass(frozen=True)
class Weight:
    """A weight that is quantised: its layer, its normalisation if it has one, its output channels."""

    layer: str
    norm: str | None
    channels: int


@dataclass(frozen=True)
class Points:
    """A plan's tensors that become integers.

    ready    the folded plan, which the integer network has
    low      its steps
    after    layer of the plan, or "image" -> the tensor that is its output, rounded
    fixed    tensor -> range, of those whose range is known beforehand
    same     tensor -> the one whose numbers it has: a pool's are its input's
    free     the other tensors, which need a range
    weights  those that are quantised, by layer
    reads    layer with a weight -> the tensor it reads
    """

    ready: Plan
    low: Lowered
    after: dict[str, str]
    fixed: dict[str, tuple[float, float]]
    same: dict[str, str]
    free: tuple[str, ...]
    weights: dict[str, Weight]
    reads: dict[str, str]


def points(plan: Plan, preprocessing: Preprocessing) -> Points:
    """Of a plan with its normalisations, whose images are prepared so.

    ValueError, naming the layer, for what has no integer operator, or is not learnt here.
    """
    ready, into = prepared_plan(plan), fold_layers(plan)[1]
    require(QUANTIZED, ready)
    for layer in plan.layers:
        _require_learnt(layer, into)
    low = lowered(ready)
    norms = {convolution: norm for norm, convolution in into.items()}
    last = {name: norms.get(name, name) for name in (layer.name for layer in ready.layers)}
    after = {"image": "image"} | {last[low.ends[step.name]]: step.name for step in low.steps}
    fixed = {"image": image_range(preprocessing)}
    same: dict[str, str] = {}
    weights: dict[str, Weight] = {}
    for step in low.steps:
        if shifts(step):
            fixed[f"{step.name}.shifted"], fixed[step.name] = SHIFTED, GATE
        if keeps_scale(step, POOLING):
            same[step.name] = same.get(step.inputs[0], step.inputs[0])
        if step.weighted:
            channels = step.layer.arrays["weight"][-1]
            weights[step.name] = Weight(step.name, norms.get(step.name), channels)
    free = tuple(s.name for s in low.steps if s.name not in fixed and s.name not in same)
    reads = {step.name: step.inputs[0] for step in low.steps if step.weighted}
    return Points(ready, low, after, fixed, same, free, weights, reads)


def image_range(preprocessing: Preprocessing) -> tuple[float, float]:
    """The least and the greatest number that a prepared image can have."""
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    return float((-mean / std).min()), float(((1 - mean) / std).max())


def _require_learnt(layer: Layer, into: dict[str, str]) -> None:
    if isinstance(layer, BatchNorm) and layer.name not in into:
        raise ValueError(
            f"quantize: {layer.name} normalises what is no convolution's alone: it cannot be folded"
        )
    slope = layer.slope if isinstance(layer, Activation) else None
    if slope is not None and not np.isclose(slope, SLOPE):
        raise ValueError(
            f"quantize: {layer.name} is a hard sigmoid of slope {slope:g}; quantised training has that "
            "of 1/6"
        )
