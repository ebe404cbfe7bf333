"""From layers to TFLite operators: a function for each kind of layer, and the table that finds it.

Activations stay (N, H, W, C); filters are turned as tflite_arrays says.  What has been pooled stays
(N, 1, 1, C) up to the end, so that a gate is broadcast over height and width by itself, and a dense layer
is a 1x1 convolution, which may have a scale for each channel in every runtime, or, where the quantised
plan says so, FULLY_CONNECTED, which rounds otherwise.  Floats and integers are the same operators: in a
graph with numbers, tensors are stored as those say.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..models.capabilities import Consumer
from ..models.layers import (
    Activation,
    Add,
    AveragePool,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
    Shape,
)
from ..ops.checks import Array
from ..ops.integers.activations import of_constant
from ..ops.integers.elementwise import constant
from ..ops.window import Window, window
from ..quantization.storing import of_bias
from .tflite_arrays import DEPTHWISE, depthwise, outputs_axis, to_theirs
from .tflite_build import Graph


@dataclass
class Job:
    """One layer to be written: its arrays, tensors that it reads, what it clamps its result to."""

    graph: Graph
    layer: Any
    inputs: list[int]
    arrays: dict[str, Array] = field(default_factory=dict)
    activation: str | None = None
    pooling: str = "mean"
    connected: bool = False  # whether a dense layer is FULLY_CONNECTED

    def output(self, suffix: str = "") -> int:
        """The tensor of its result, or of what lies between, NAME + suffix."""
        return self.graph.tensor(self.layer.name + suffix, as_image(self.layer.output))

    def constants(self, operator: str) -> list[int]:
        """Weight and bias of an operator, zeros where the layer has none."""
        name, graph = self.layer.name, self.graph
        stored, image = graph.numbers.get(f"{name}.weight"), graph.tensors[self.inputs[0]].numbers
        zeros = np.zeros(self.layer.output[-1], np.int32 if stored else np.float32)
        if stored and image:
            graph.numbers.setdefault(f"{name}.bias", of_bias(image, stored))
        value = to_theirs(self.layer, self.arrays["weight"], as_conv=not self.connected)
        weight = graph.array(f"{name}.weight", value, outputs_axis(operator))
        return [weight, graph.array(f"{name}.bias", self.arrays.get("bias", zeros))]


def as_image(shape: Shape) -> Shape:
    """What has been pooled is (1, 1, C)."""
    return shape if len(shape) == 3 else (1, 1, *shape)


def same(place: Window, layer: Layer) -> bool:
    """Whether zeros lie around the image as TensorFlow's SAME puts them there."""
    return place.sides == window(layer.name, place.size, place.kernel, place.stride, "same").sides


def _padded(job: Job) -> tuple[list[int], dict[str, Any]]:
    """The input, widened by an operator of its own where it must be, and padding and strides."""
    graph, layer, place = job.graph, job.layer, job.layer.window
    x, kind = job.inputs, "VALID"
    if same(place, layer):
        kind = "SAME"
    elif any(place.sides):
        top, bottom, left, right = place.sides
        zeros = np.array([(0, 0), (top, bottom), (left, right), (0, 0)], np.int32)
        wide = graph.tensor(f"{layer.name}.padded", (*place.padded, layer.input[-1]), x[0])
        x = [graph.operator("PAD", [*x, graph.array(f"{layer.name}.sides", zeros)], wide)]
    padding = getattr(graph.tflite.Padding, kind)
    return x, {"Padding": padding, "StrideH": layer.stride[0], "StrideW": layer.stride[1]}


def _conv(job: Job) -> int:
    x, options = _padded(job)
    operator = "CONV_2D"
    if depthwise(job.layer):
        options["DepthMultiplier"] = job.layer.output[-1] // job.layer.groups
        operator = DEPTHWISE
    inputs = [*x, *job.constants(operator)]
    return job.graph.operator(operator, inputs, job.output(), job.activation, **options)


def _matrix(job: Job) -> int:
    operator, options = "CONV_2D", {"StrideH": 1, "StrideW": 1}
    if job.connected:
        operator, options = "FULLY_CONNECTED", {"KeepNumDims": True}
    else:
        options["Padding"] = job.graph.tflite.Padding.VALID
    inputs = [*job.inputs, *job.constants(operator)]
    return job.graph.operator(operator, inputs, job.output(), job.activation, **options)


def _simple(operator: str) -> Callable[[Job], int]:
    def write(job: Job) -> int:
        return job.graph.operator(operator, job.inputs, job.output(), job.activation)

    return write


def number(graph: Graph, name: str, value: float) -> int:
    """A constant that is broadcast to whatever it meets, as an integer where `name` has numbers."""
    found = graph.numbers.get(name)
    if found is None:
        return graph.array(f"{value:g}", np.array(value, np.float32))
    return graph.array(name, np.array(constant(value, found), found.dtype).reshape(()))


def _hard_sigmoid(job: Job) -> int:
    """relu6(6 (slope x + 1/2)) / 6, as an addition and a multiplication."""
    graph, name, x = job.graph, job.layer.name, job.inputs
    slope = 1.0 if job.layer.slope is None else 6 * job.layer.slope
    if slope != 1.0:
        x = [graph.operator("MUL", [*x, number(graph, "", slope)], job.output(".sloped"))]
    for short, value in (("three", 3), ("sixth", 1 / 6)):
        if f"{name}.shifted" in graph.numbers:
            dtype = graph.numbers[f"{name}.shifted"].dtype
            graph.numbers.setdefault(f"{name}.{short}", of_constant(value, dtype))
    three, sixth = number(graph, f"{name}.three", 3), number(graph, f"{name}.sixth", 1 / 6)
    x = [graph.operator("ADD", [*x, three], job.output(".shifted"), "relu6")]
    return graph.operator("MUL", [*x, sixth], job.output())


def _swish(job: Job) -> int:
    gate = job.graph.operator("LOGISTIC", job.inputs, job.output(".gate"))
    return job.graph.operator("MUL", [*job.inputs, gate], job.output())


ACTIVATIONS: dict[str, Callable[[Job], int]] = {
    "relu": _simple("RELU"),
    "relu6": _simple("RELU6"),
    "hard_swish": _simple("HARD_SWISH"),
    "hard_sigmoid": _hard_sigmoid,
    "sigmoid": _simple("LOGISTIC"),
    "swish": _swish,
}


def _activation(job: Job) -> int:
    return ACTIVATIONS[job.layer.function](job)


def _pool(job: Job) -> int:
    place, padding = job.layer.window, job.graph.tflite.Padding
    options = {
        "Padding": padding.SAME if same(place, job.layer) else padding.VALID,
        "StrideH": place.stride[0],
        "StrideW": place.stride[1],
        "FilterHeight": place.kernel[0],
        "FilterWidth": place.kernel[1],
    }
    operator = "MAX_POOL_2D" if isinstance(job.layer, MaxPool) else "AVERAGE_POOL_2D"
    return job.graph.operator(operator, job.inputs, job.output(), **options)


def _global_pool(job: Job) -> int:
    graph, (height, width, _) = job.graph, job.layer.input
    if job.pooling == "average_pool":
        options = {"StrideH": height, "StrideW": width, "Padding": graph.tflite.Padding.VALID}
        options |= {"FilterHeight": height, "FilterWidth": width}
        return graph.operator("AVERAGE_POOL_2D", job.inputs, job.output(), **options)
    axes = graph.array("height and width", np.array([1, 2], np.int32))
    return graph.operator("MEAN", [*job.inputs, axes], job.output(), KeepDims=True)


def _dropout(job: Job) -> int:
    if job.layer.mode == "inverted" or job.graph.numbers:
        return job.inputs[0]
    keep = number(job.graph, "", 1 - job.layer.rate)
    return job.graph.operator("MUL", [*job.inputs, keep], job.output())


WRITERS: dict[type[Layer], Callable[[Job], int]] = {
    Conv: _conv,
    Depthwise: _conv,
    GroupedConv: _conv,
    Pointwise: _matrix,
    Dense: _matrix,
    Activation: _activation,
    AveragePool: _pool,
    MaxPool: _pool,
    GlobalAveragePool: _global_pool,
    Dropout: _dropout,
    Add: _simple("ADD"),
    Scale: _simple("MUL"),
}


def _written(layer: Layer) -> bool:
    if isinstance(layer, Activation):
        return layer.function in ACTIVATIONS
    if isinstance(layer, AveragePool | MaxPool):  # whose operators have no other padding
        counted = isinstance(layer, AveragePool) and layer.count_padding and any(layer.window.sides)
        return not counted and (not any(layer.window.sides) or same(layer.window, layer))
    return type(layer) in WRITERS


TFLITE = Consumer("TFLite", "export_tflite", "no TFLite operator is written for it", _written)
