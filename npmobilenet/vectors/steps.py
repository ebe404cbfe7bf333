"""A step of a quantised plan as a `Case`: what each kind of layer is called, and has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..models.layers import (
    Activation,
    Add,
    AveragePool,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
)
from ..ops.checks import Array
from ..ops.integers.activations import of_constant
from ..quantization.fitting import constants
from ..quantization.plan import QuantizedPlan, Step
from .sums import Case

NAMES: dict[type[Layer], str] = {
    Conv: "conv2d",
    Depthwise: "depthwise_conv2d",
    GroupedConv: "grouped_conv2d",
    Pointwise: "pointwise_conv2d",
    Add: "add",
    Scale: "multiply",
    AveragePool: "avg_pool2d",
    MaxPool: "max_pool2d",
}


def case_of(
    qplan: QuantizedPlan, arrays: Mapping[str, Array], step: Step, inputs: Sequence[Array]
) -> Case:
    """What a step computes of those inputs, integers each."""
    layer: Any = step.layer
    x_q = tuple(qplan[name] for name in step.inputs)
    fields: dict[str, Any] = {"zeros": tuple(q.zero_point[0] for q in x_q)}
    if step.weighted:
        weight, w_q = arrays[f"{step.name}.weight"], qplan[f"{step.name}.weight"]
        channels = weight.shape[-1]
        none = np.zeros(channels, np.int32)
        fields |= {"weight": weight, "w_q": w_q, "bias": arrays.get(f"{step.name}.bias", none)}
        fields["weight_zeros"] = np.broadcast_to(np.array(w_q.zero_point, np.int32), (channels,))
    window = getattr(layer, "window", None)
    if window is not None:
        fields |= {"kernel": window.kernel, "stride": window.stride, "sides": window.sides}
    fields["pad"] = fields["zeros"][0]  # what a window sees outside the map
    if isinstance(layer, GroupedConv):
        fields["groups"] = layer.groups
    operator = _operator(qplan, step)
    if operator == "avg_pool2d" and isinstance(layer, GlobalAveragePool):
        fields |= {"kernel": layer.input[:2], "stride": layer.input[:2], "flat": True}
    if operator == "hard_sigmoid":
        dtype = qplan.dtype
        between = {"shifted": qplan[f"{step.name}.shifted"]}
        for short, name, value in zip(("three", "sixth"), constants(step), (3, 1 / 6), strict=True):
            between[short] = qplan.numbers.get(name) or of_constant(value, dtype)
        fields["between"] = between
    activation = layer.function if operator == "requantize" else step.activation
    return Case(
        operator=operator,
        rounding=qplan.rounding,
        inputs=tuple(inputs),
        x_q=x_q,
        y_q=qplan[step.name],
        activation=activation,
        **fields,
    )


def softmax_case(qplan: QuantizedPlan, logits: Array) -> Case:
    """The probabilities at the end, where a network has them."""
    x_q = qplan[qplan.output]
    return Case(
        operator="softmax",
        rounding=qplan.rounding,
        inputs=(logits,),
        x_q=(x_q,),
        y_q=qplan["softmax"],
        zeros=(x_q.zero_point[0],),
    )


def _operator(qplan: QuantizedPlan, step: Step) -> str:
    layer = step.layer
    if isinstance(layer, Dense):  # most files have it as a convolution of one pixel
        return "dense" if step.name in qplan.connected else "pointwise_conv2d"
    if isinstance(layer, GlobalAveragePool):
        return "mean" if qplan.pooling == "mean" else "avg_pool2d"
    if isinstance(layer, Activation):
        hard = layer.function in ("hard_swish", "hard_sigmoid")
        return layer.function if hard else "requantize"
    return NAMES[type(layer)]
