"""From layers to ONNX nodes: a function for each kind of layer, and the table that finds it.

ONNX is channels first: where a layer puts out (N, H, W, C) its tensor is (N, C, H, W), and filters are
laid out as PyTorch's.  What a layer puts out after the pooling is (N, C) in both.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..models.capabilities import Consumer
from ..models.layers import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
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
)
from ..ops.checks import Array
from .layout import to_torch


class Graph:
    """Nodes and arrays in the making."""

    def __init__(self, onnx: Any, params: Mapping[str, Array]) -> None:
        self.onnx, self.params = onnx, params
        self.nodes: list[Any] = []
        self.arrays: dict[str, Any] = {}

    def node(
        self, operator: str, name: str, inputs: Sequence[str], output: str, **attributes: Any
    ) -> None:
        """Append a node with one output."""
        made = self.onnx.helper.make_node(operator, inputs, [output], name=name, **attributes)
        self.nodes.append(made)

    def array(self, name: str, value: Any) -> str:
        """Keep an array, float32 unless it holds integers; its name."""
        value = np.asarray(value)
        if value.dtype != np.int64:
            if np.abs(value).max() > np.finfo(np.float32).max:
                raise ValueError(f"{name} holds {np.abs(value).max()}, which float32 cannot")
            value = value.astype(np.float32)
        self.arrays[name] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def arrays_of(self, layer: Layer, *names: str) -> list[str]:
        """Keep those arrays of a layer that it has, the weight in ONNX's layout; their names."""
        kept = []
        for short in names:
            if short in layer.arrays | layer.statistics:
                value = self.params[f"{layer.name}.{short}"]
                if short == "weight" and not isinstance(layer, Dense):
                    value = to_torch(layer, value, False)
                kept.append(self.array(f"{layer.name}.{short}", value))
        return kept


Writer = Callable[[Graph, Any, list[str], str], None]  # of a layer, with tensors in and tensor out


def _conv(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    top, bottom, left, right = layer.window.sides
    attributes = {
        "kernel_shape": layer.kernel,
        "strides": layer.stride,
        "pads": (top, left, bottom, right),
        "group": layer.groups,
    }
    arrays = graph.arrays_of(layer, "weight", "bias")
    graph.node("Conv", layer.name, [*inputs, *arrays], output, **attributes)


def _pointwise(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    arrays = graph.arrays_of(layer, "weight", "bias")
    graph.node("Conv", layer.name, [*inputs, *arrays], output, kernel_shape=(1, 1))


def _batch_norm(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    arrays = graph.arrays_of(layer, "gamma", "beta", "mean", "variance")
    graph.node("BatchNormalization", layer.name, [*inputs, *arrays], output, epsilon=layer.eps)


def _relu6(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    ends = [graph.array("relu6.low", 0.0), graph.array("relu6.high", 6.0)]
    graph.node("Clip", layer.name, [*inputs, *ends], output)


def _swish(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    graph.node("Sigmoid", f"{layer.name}.sigmoid", inputs, f"{layer.name}.sigmoid")
    graph.node("Mul", layer.name, [*inputs, f"{layer.name}.sigmoid"], output)


def _hard_sigmoid(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    slope = 1 / 6 if layer.slope is None else layer.slope
    graph.node("HardSigmoid", layer.name, inputs, output, alpha=slope, beta=0.5)


def _named(operator: str) -> Writer:
    def write(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
        graph.node(operator, layer.name, inputs, output)

    return write


ACTIVATIONS: dict[str, Writer] = {
    "relu": _named("Relu"),
    "relu6": _relu6,
    "hard_swish": _named("HardSwish"),
    "hard_sigmoid": _hard_sigmoid,
    "sigmoid": _named("Sigmoid"),
    "swish": _swish,
}


def _activation(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    ACTIVATIONS[layer.function](graph, layer, inputs, output)


def _pool(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    top, bottom, left, right = layer.window.sides
    below, beside = layer.window.hanging  # which ceil_mode adds by itself
    pads = (top, left, bottom - below, right - beside)
    sizes = {"kernel_shape": layer.kernel, "strides": layer.stride, "pads": pads}
    sizes["ceil_mode"] = int(layer.ceil_mode)
    if isinstance(layer, AveragePool):
        counts = {"count_include_pad": int(layer.count_padding)}
        graph.node("AveragePool", layer.name, inputs, output, **sizes, **counts)
    else:
        graph.node("MaxPool", layer.name, inputs, output, **sizes)


def _global_pool(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    graph.node("GlobalAveragePool", f"{layer.name}.mean", inputs, f"{layer.name}.mean")
    graph.node("Flatten", layer.name, [f"{layer.name}.mean"], output)  # (N, C, 1, 1) -> (N, C)


def _dropout(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    if layer.mode == "inverted":
        graph.node("Identity", layer.name, inputs, output)
    else:
        keep = graph.array(f"{layer.name}.keep", 1 - layer.rate)
        graph.node("Mul", layer.name, [*inputs, keep], output)


def _scale(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    x, gate = inputs
    wide = f"{layer.name}.gate"  # (N, C) -> (N, C, 1, 1)
    axes = graph.array("scale.axes", np.array([2, 3], np.int64))
    graph.node("Unsqueeze", wide, [gate, axes], wide)
    graph.node("Mul", layer.name, [x, wide], output)


def _dense(graph: Graph, layer: Any, inputs: list[str], output: str) -> None:
    arrays = graph.arrays_of(layer, "weight", "bias")
    graph.node("Gemm", layer.name, [*inputs, *arrays], output)


NODES: dict[type[Layer], Writer] = {
    Conv: _conv,
    Depthwise: _conv,
    GroupedConv: _conv,
    Pointwise: _pointwise,
    BatchNorm: _batch_norm,
    Activation: _activation,
    AveragePool: _pool,
    MaxPool: _pool,
    GlobalAveragePool: _global_pool,
    Dropout: _dropout,
    Add: _named("Add"),
    Scale: _scale,
    Dense: _dense,
}


def _written(layer: Layer) -> bool:
    if isinstance(layer, Activation) and layer.function not in ACTIVATIONS:
        return False
    return type(layer) in NODES


ONNX = Consumer("ONNX", "export_onnx", "no ONNX node is written for it", _written)
