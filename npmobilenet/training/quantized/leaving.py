"""What leaves: the network of integers that a fake-quantised one has become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...ops.checks import Array
from ...ops.integers.numbers import Quantization
from ...predicting.model import Model
from ...quantization.fitting import shifts
from ...quantization.plan import QuantizedPlan
from ...quantization.storing import of_bias, stored
from ...shown import NamedArrays
from .grids import numbers_of
from .passes import Passes
from .points import POOLING, points
from .settings import Quantize


def integers(passes: Passes, params: Mapping[str, Array]) -> tuple[QuantizedPlan, dict[str, Array]]:
    """A quantised plan and its arrays, with the weights, scales and zero points of the passes.

    params  a state's arrays; the normalisations' running estimates are folded

    Integers of weights and biases are those that the forward pass with running estimates has.
    """
    points = passes.points
    numbers: dict[str, Quantization] = {"image": numbers_of("image", points, params)}
    arrays: dict[str, Array] = {}
    for step in points.low.steps:
        name, x = step.name, numbers[step.inputs[0]]
        if step.weighted:
            grid = passes.weight_grid(params, name)
            scales = tuple(float(s) for s in grid.scale.astype(np.float32))
            w_q = Quantization("int8", scales, (0,) * len(scales))
            numbers[f"{name}.weight"] = w_q
            arrays[f"{name}.weight"] = stored(passes.weight(params, name)[0], w_q)
            if "bias" in step.layer.arrays:
                numbers[f"{name}.bias"] = b_q = of_bias(x, w_q)
                arrays[f"{name}.bias"] = stored(passes.bias(params, name), b_q)
        if shifts(step):
            numbers[f"{name}.shifted"] = numbers_of(f"{name}.shifted", points, params)
        numbers[name] = numbers_of(name, points, params)
    how: dict[str, Any] = {"rounding": passes.how.rounding, "pooling": POOLING}
    made = QuantizedPlan(plan=points.ready, numbers=numbers, **how)
    return made, NamedArrays(arrays)


def integer_model(model: Model, params: Mapping[str, Array], how: Quantize) -> Model:
    """The model of integers that a model has become; params: a state's arrays."""
    found = points(model.plan, model.preprocessing)
    qplan, arrays = integers(Passes(model.plan, found, how), params)
    return replace(model, plan=qplan.plan, params=arrays, quantized=qplan)
