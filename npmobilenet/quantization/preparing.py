"""A network made ready for integers: the same function, of layers that integer operators compute.

Batch normalisation goes into the layer before it; where there is none, it is a depthwise convolution of
one tap.  A hard sigmoid is relu6(x + 3) / 6 in every runtime for integers; one with another slope s is
that of 6 s x, and the factor goes into the layer before it.  The factor of a dropout that scales in
evaluation goes into the weight of the dense layer behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..models.folding import fold_batch_norm, fold_layers
from ..models.layers import Activation, BatchNorm, Dense, Depthwise, Dropout, Layer
from ..models.network_plan import Plan
from ..ops.checks import Array
from .handled import SLOPE


def prepared(plan: Plan, params: Mapping[str, Array]) -> tuple[Plan, dict[str, Array]]:
    """Plan and params of the same function without batch normalisations and slopes.

    ValueError where params do not fit the plan.
    """
    folded, arrays = fold_batch_norm(plan, params)
    for layer in folded.layers:
        if isinstance(layer, BatchNorm) and len(layer.input) == 3:
            arrays |= _as_depthwise(layer, arrays)
    for name, factor in _factors(folded).items():
        for short in folded[name].arrays:
            value = arrays[f"{name}.{short}"]
            arrays[f"{name}.{short}"] = (value * np.float64(factor)).astype(value.dtype)
    for name, factor in _shares(folded).items():
        value = arrays[f"{name}.weight"]
        arrays[f"{name}.weight"] = (value * np.float64(factor)).astype(value.dtype)
    ready = _rewritten(folded)
    return ready, {name: arrays[name] for name in ready.arrays}


def prepared_plan(plan: Plan) -> Plan:
    """The plan alone of `prepared`: what a plan becomes, whatever its params."""
    return _rewritten(fold_layers(plan)[0])


def _rewritten(folded: Plan) -> Plan:
    factors, shares = _factors(folded), _shares(folded)
    scaling = {folded[name].inputs[0] for name in shares}
    layers: list[Layer] = []
    for layer in folded.layers:
        if isinstance(layer, BatchNorm) and len(layer.input) == 3:
            place: dict[str, Any] = {"name": layer.name, "inputs": layer.inputs}
            place |= {"input": layer.input, "kernel": (1, 1), "padding": "valid"}
            layers.append(Depthwise(**place, bias=True))
        elif isinstance(layer, Activation) and layer.inputs[0] in factors:
            layers.append(replace(layer, slope=None))
        elif isinstance(layer, Dropout) and layer.name in scaling:
            layers.append(replace(layer, mode="inverted"))
        else:
            layers.append(layer)
    return replace(folded, layers=tuple(layers))


def _as_depthwise(norm: BatchNorm, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Weight (1, 1, C) and bias (C,) of a normalisation that follows no convolution."""
    gamma, beta, mean, variance = (
        arrays[f"{norm.name}.{a}"].astype(np.float64) for a in ("gamma", "beta", "mean", "variance")
    )
    dtype = arrays[f"{norm.name}.gamma"].dtype
    s = gamma / np.sqrt(variance + norm.eps)
    weight, bias = s[None, None, :], beta - mean * s
    return {f"{norm.name}.weight": weight.astype(dtype), f"{norm.name}.bias": bias.astype(dtype)}


def _factors(folded: Plan) -> dict[str, float]:
    """Layer -> by what its weight and bias are multiplied, for the hard sigmoid that alone reads it."""
    readers = Counter(source for layer in folded.layers for source in layer.inputs)
    found: dict[str, float] = {}
    for layer in folded.layers:
        if not isinstance(layer, Activation) or layer.function != "hard_sigmoid":
            continue
        source = layer.inputs[0]
        linear = source in folded and folded[source].folds and readers[source] == 1
        if layer.slope is not None and linear:
            found[source] = layer.slope / SLOPE
    return found


def _shares(folded: Plan) -> dict[str, float]:
    """Dense layer -> by what its weight is multiplied, for the dropout before it that scales."""
    readers = [(source, layer) for layer in folded.layers for source in layer.inputs]
    found: dict[str, float] = {}
    for layer in folded.layers:
        if isinstance(layer, Dropout) and layer.mode != "inverted":
            behind = [reader for source, reader in readers if source == layer.name]
            if behind and all(isinstance(reader, Dense) for reader in behind):
                found |= {reader.name: 1 - layer.rate for reader in behind}
    return found
