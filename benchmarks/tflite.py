"""Writing a plan as a .tflite file, the flatbuffer that LiteRT reads.

Activations stay (N, H, W, C) and filters become (O, K, L, M), a depthwise one (1, K, L, M).  What has
been pooled stays (N, 1, 1, C) up to the end, so that a gate spreads over height and width by itself.
Numbers are float32, N is fixed.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from npmobilenet.models.layers import (
    Activation,
    Conv,
    Dense,
    Depthwise,
    Layer,
    Pointwise,
    Shape,
)
from npmobilenet.models.network_plan import Plan
from npmobilenet.ops.checks import Array
from npmobilenet.ops.window import window

from .tflite_graph import Graph

ACTIVATION = schema.ActivationFunctionType
# what a convolution can do itself to its result
FUSED = {"relu": ACTIVATION.RELU, "relu6": ACTIVATION.RELU6}


def write_tflite(plan: Plan, params: Mapping[str, Array], path: Path, batch: int) -> None:
    """Write a folded plan with its params.  ValueError for a layer that no operator stands for."""
    graph, last = Graph(batch), plan.layers[-1]
    values = {"image": graph.tensor("image", (*plan.resolution, plan.channels))}
    fused = _fused(plan)
    merged = {activation.name for activation in fused.values()}
    for layer in plan.layers:
        if layer.name in merged:
            continue
        if layer.kind not in OPERATORS:
            raise ValueError(f"write_tflite: no operator for {layer.name}, a {layer.kind}")
        inputs = [values[source] for source in layer.inputs]
        arrays = {name: params[f"{layer.name}.{name}"] for name in layer.arrays}
        activation = fused.get(layer.name)
        function = FUSED[activation.function] if activation else ACTIVATION.NONE
        values[layer.name] = OPERATORS[layer.kind](graph, layer, inputs, arrays, function)
        if activation:
            values[activation.name] = values[layer.name]
    result = graph.operator(
        "RESHAPE",
        [values[last.name], graph.array("shape", np.array([batch, *last.output], np.int32))],
        graph.tensor("logits", last.output),
    )
    path.write_bytes(graph.packed(plan.model, values["image"], result))


def _fused(plan: Plan) -> dict[str, Activation]:
    """Convolution or dense layer -> the activation that it can compute itself."""
    readers = Counter(source for layer in plan.layers for source in layer.inputs)
    return {
        layer.inputs[0]: layer
        for layer in plan.layers
        if isinstance(layer, Activation)
        and layer.function in FUSED
        and readers[layer.inputs[0]] == 1
        and layer.inputs[0] != "image"
        and isinstance(plan[layer.inputs[0]], Conv | Depthwise | Pointwise | Dense)
    }


# --- an operator, or a few, for each kind of layer -----------------------------------------------


def _windowed(
    graph: Graph, layer: Any, inputs: list[int], arrays: dict[str, Array], function: int
) -> int:
    place, (x,) = layer.window, inputs
    padding = schema.Padding.VALID
    if place.sides == window(layer.name, place.size, place.kernel, place.stride, "same").sides:
        padding = schema.Padding.SAME
    elif any(place.sides):
        top, bottom, left, right = place.sides
        zeros = np.array([(0, 0), (top, bottom), (left, right), (0, 0)], np.int32)
        wide = graph.tensor(f"{layer.name}.padded", (*place.padded, layer.input[-1]))
        x = graph.operator(
            "PAD", [x, graph.array(f"{layer.name}.sides", zeros)], wide, "PadOptions"
        )
    settings = {
        "padding": padding,
        "strideH": layer.stride[0],
        "strideW": layer.stride[1],
        "fusedActivationFunction": function,
    }
    weight, bias = arrays["weight"], _bias(graph, layer, arrays)
    y = graph.tensor(layer.name, layer.output)
    if layer.kind == "depthwise":
        w = graph.array(f"{layer.name}.weight", weight[None])
        settings["depthMultiplier"] = 1
        return graph.operator(
            "DEPTHWISE_CONV_2D", [x, w, bias], y, "DepthwiseConv2DOptions", **settings
        )
    w = graph.array(f"{layer.name}.weight", weight.transpose(3, 0, 1, 2))
    return graph.operator("CONV_2D", [x, w, bias], y, "Conv2DOptions", **settings)


def _pointwise(
    graph: Graph, layer: Any, inputs: list[int], arrays: dict[str, Array], function: int
) -> int:
    w = graph.array(f"{layer.name}.weight", arrays["weight"].T[:, None, None])
    return graph.operator(
        "CONV_2D",
        [*inputs, w, _bias(graph, layer, arrays)],
        graph.tensor(layer.name, layer.output),
        "Conv2DOptions",
        padding=schema.Padding.VALID,
        strideH=1,
        strideW=1,
        fusedActivationFunction=function,
    )


def _dense(
    graph: Graph, layer: Any, inputs: list[int], arrays: dict[str, Array], function: int
) -> int:
    w = graph.array(f"{layer.name}.weight", arrays["weight"].T)
    return graph.operator(
        "FULLY_CONNECTED",
        [*inputs, w, _bias(graph, layer, arrays)],
        graph.tensor(layer.name, (1, 1, *layer.output)),
        "FullyConnectedOptions",
        fusedActivationFunction=function,
        keepNumDims=True,
    )


def _bias(graph: Graph, layer: Layer, arrays: dict[str, Array]) -> int:
    zeros = np.zeros(layer.output[-1], np.float32)
    return graph.array(f"{layer.name}.bias", arrays.get("bias", zeros))


def _activation(graph: Graph, layer: Any, inputs: list[int], *_: Any) -> int:
    (x,), shape = inputs, _shape(layer)

    def step(name: str, operator: str, inputs: list[int], kind: str = "", **options: Any) -> int:
        y = graph.tensor(f"{layer.name}{name}", shape)
        return graph.operator(operator, inputs, y, kind, **options)

    if layer.function == "hard_sigmoid":  # relu6(6 (slope x + 1/2)) / 6
        slope = 1.0 if layer.slope is None else 6 * layer.slope
        if slope != 1.0:
            x = step(".sloped", "MUL", [x, graph.number(slope)], "MulOptions")
        relu6 = {"fusedActivationFunction": ACTIVATION.RELU6}
        x = step(".clipped", "ADD", [x, graph.number(3)], "AddOptions", **relu6)
        return step("", "MUL", [x, graph.number(1 / 6)], "MulOptions")
    if layer.function == "swish":
        gate = step(".gate", "LOGISTIC", [x])
        return step("", "MUL", [x, gate], "MulOptions")
    names = {"relu": "RELU", "relu6": "RELU6", "sigmoid": "LOGISTIC", "hard_swish": "HARD_SWISH"}
    return step("", names[layer.function], [x])


def _global_pool(graph: Graph, layer: Any, inputs: list[int], *_: Any) -> int:
    axes = graph.array("height and width", np.array([1, 2], np.int32))
    y = graph.tensor(layer.name, (1, 1, *layer.output))
    return graph.operator("MEAN", [*inputs, axes], y, "ReducerOptions", keepDims=True)


def _dropout(graph: Graph, layer: Any, inputs: list[int], *_: Any) -> int:
    if layer.mode == "inverted":
        return inputs[0]
    y = graph.tensor(layer.name, _shape(layer))
    return graph.operator("MUL", [*inputs, graph.number(1 - layer.rate)], y, "MulOptions")


def _add(graph: Graph, layer: Any, inputs: list[int], *_: Any) -> int:
    return graph.operator("ADD", inputs, graph.tensor(layer.name, layer.output), "AddOptions")


def _scale(graph: Graph, layer: Any, inputs: list[int], *_: Any) -> int:
    return graph.operator("MUL", inputs, graph.tensor(layer.name, layer.output), "MulOptions")


def _shape(layer: Layer) -> Shape:
    """Of the output; what has been pooled is (1, 1, C)."""
    return layer.output if len(layer.output) == 3 else (1, 1, *layer.output)


OPERATORS: dict[str, Callable[..., int]] = {
    "conv": _windowed,
    "depthwise": _windowed,
    "pointwise": _pointwise,
    "dense": _dense,
    "activation": _activation,
    "global_pool": _global_pool,
    "dropout": _dropout,
    "add": _add,
    "scale": _scale,
}
