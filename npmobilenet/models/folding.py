"""Batch normalisation folded into the layer before it: the same answers from fewer layers.

In evaluation mean and variance are constants, so that normalising is linear, as a convolution and a dense
layer are:

    gamma (w*x + b - mean) / sqrt(variance + eps) + beta  =  (w s)*x + (b - mean) s + beta
    with one number s = gamma / sqrt(variance + eps) for each output channel
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..ops.checks import Array
from .layers import BatchNorm, Layer
from .network_plan import Plan
from .params import check_params


def fold_batch_norm(plan: Plan, params: Mapping[str, Array]) -> tuple[Plan, dict[str, Array]]:
    """Plan and params without the batch normalisations that follow a convolution or a dense layer.

    For evaluation.  Those layers keep their names and have a bias each.  Computed in float64, returned in
    the precision of params.  A batch normalisation stays where its input is another layer, or where
    another layer reads that input too.  The layers are no longer those that `plan(**asked)` makes.
    ValueError where params do not fit the plan.
    """
    check_params(plan, params)
    without, into = fold_layers(plan)
    arrays: dict[str, Array] = {}
    for layer in plan.layers:
        short = layer.arrays | layer.statistics
        own = {f"{layer.name}.{a}": params[f"{layer.name}.{a}"] for a in short}
        if isinstance(layer, BatchNorm) and layer.name in into:
            arrays |= folded(into[layer.name], layer, arrays, own)
        else:
            arrays |= own
    return without, arrays


def fold_layers(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """The plan alone of `fold_batch_norm`, and which normalisation is put into which layer, by names."""
    readers = Counter(source for layer in plan.layers for source in layer.inputs)
    layers: dict[str, Layer] = {}
    now: dict[str, str] = {}  # normalisation -> the layer that puts out its result
    for layer in plan.layers:
        inputs = tuple(now.get(source, source) for source in layer.inputs)
        before = layers.get(inputs[0])
        if (
            isinstance(layer, BatchNorm)
            and before is not None
            and before.folds
            and readers[layer.inputs[0]] == 1
        ):
            with_bias: Any = {"bias": True}  # a field of every kind that folds
            layers[before.name] = replace(before, **with_bias)
            now[layer.name] = before.name
        else:
            layers[layer.name] = replace(layer, inputs=inputs)
    return replace(plan, layers=tuple(layers.values())), now


def folded(
    convolution: str, norm: BatchNorm, arrays: Mapping[str, Array], own: Mapping[str, Array]
) -> dict[str, Array]:
    """Weight and bias of the convolution or dense layer with `norm` in them."""
    w, b = arrays[f"{convolution}.weight"], arrays.get(f"{convolution}.bias", 0.0)
    gamma, beta, mean, variance = (
        own[f"{norm.name}.{a}"].astype(np.float64) for a in ("gamma", "beta", "mean", "variance")
    )
    s = gamma / np.sqrt(variance + norm.eps)
    # the last axis of every weight of ours is that of the output channels: s needs no reshaping
    folded = {"weight": w * s, "bias": (b - mean) * s + beta}
    return {f"{convolution}.{name}": value.astype(w.dtype) for name, value in folded.items()}
