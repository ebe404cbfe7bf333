"""One layer of a plan run by its operator, forwards and backwards: what each kind hands to it.

A function takes the run, the layer and its inputs, and returns the output and the operator's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..ops.checks import Array
from .capabilities import Consumer
from .layers import (
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


class Run:
    """One forward pass: its settings, and the statistics gathered on the way."""

    def __init__(
        self,
        params: Mapping[str, Array],
        train: bool,
        rung: str | None,
        rng: np.random.Generator | None,
        frozen: Collection[str] = (),
        total: Callable[[Array], Array] | None = None,
    ) -> None:
        self.params, self.train, self.rung, self.rng = params, train, rung, rng
        self.frozen, self.total = frozen, total
        self.statistics: dict[str, Array] = {}

    @property
    def common(self) -> str | None:
        """The rung of operators that have no fourth."""
        return "numba" if self.rung == "simd" else self.rung

    def array(self, layer: Layer, name: str) -> Array:
        return self.params[f"{layer.name}.{name}"]

    def weight_and_bias(self, layer: Any) -> tuple[Array, Array | None]:
        return self.array(layer, "weight"), self.array(layer, "bias") if layer.bias else None


def _conv(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    w, b = run.weight_and_bias(layer)
    return ops.conv2d(x, w, b, stride=layer.stride, padding=layer.padding, rung=run.rung)


def _depthwise(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    w, b = run.weight_and_bias(layer)
    return ops.depthwise_conv2d(x, w, b, stride=layer.stride, padding=layer.padding, rung=run.rung)


def _grouped_conv(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    step = {"groups": layer.groups, "stride": layer.stride, "padding": layer.padding}
    return ops.grouped_conv2d(x, *run.weight_and_bias(layer), **step, rung=run.common)


def _pointwise(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    return ops.pointwise_conv2d(x, *run.weight_and_bias(layer), rung=run.rung)


def _batch_norm(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    arrays = (run.array(layer, name) for name in ("gamma", "beta", "mean", "variance"))
    train = run.train and layer.name not in run.frozen
    settings: dict[str, Any] = {"eps": layer.eps, "momentum": layer.momentum, "rung": run.common}
    settings |= {"total": run.total} if train else {}
    y, cache, running = ops.batch_norm(x, *arrays, train=train, **settings)
    if train:
        run.statistics[f"{layer.name}.mean"] = running.mean
        run.statistics[f"{layer.name}.variance"] = running.variance
    return y, cache


def _activation(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    settings: dict[str, Any] = {} if layer.slope is None else {"slope": layer.slope}
    if layer.function in ("relu", "relu6"):  # the only ones with rungs, and they have no loops
        settings["rung"] = "numpy" if run.rung == "loops" else run.common
    result: tuple[Array, Any] = getattr(ops, layer.function)(x, **settings)
    return result


def _pool_settings(run: Run, layer: Any) -> dict[str, Any]:
    step = {"stride": layer.stride, "padding": layer.padding, "ceil_mode": layer.ceil_mode}
    return {**step, "rung": run.common}


def _average_pool(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    settings = _pool_settings(run, layer)
    return ops.avg_pool2d(x, layer.kernel, count_padding=layer.count_padding, **settings)


def _max_pool(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    return ops.max_pool2d(x, layer.kernel, **_pool_settings(run, layer))


def _global_pool(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    return ops.global_avg_pool(x, rung=run.common)


def _dropout(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    return ops.dropout(x, layer.rate, run.rng, train=run.train, mode=layer.mode)


def _dense(run: Run, layer: Any, x: Array) -> tuple[Array, Any]:
    return ops.dense(x, *run.weight_and_bias(layer), rung=run.rung)


def _add(run: Run, layer: Any, a: Array, b: Array) -> tuple[Array, Any]:
    return ops.add(a, b)


def _scale(run: Run, layer: Any, x: Array, g: Array) -> tuple[Array, Any]:
    return ops.scale_channels(x, g)


FORWARD: dict[type[Layer], Callable[..., tuple[Array, Any]]] = {
    Conv: _conv,
    Depthwise: _depthwise,
    GroupedConv: _grouped_conv,
    Pointwise: _pointwise,
    BatchNorm: _batch_norm,
    Activation: _activation,
    AveragePool: _average_pool,
    MaxPool: _max_pool,
    GlobalAveragePool: _global_pool,
    Dropout: _dropout,
    Add: _add,
    Scale: _scale,
    Dense: _dense,
}


def _runs(layer: Layer) -> bool:
    return type(layer) in FORWARD and hasattr(ops, layer.operator)


def _runs_back(layer: Layer) -> bool:
    return _runs(layer) and hasattr(ops, f"{layer.operator}_backward")


RUNNER = Consumer("forward", "forward", "no operator runs it", _runs)
BACK_RUNNER = Consumer("backward", "backward", "no operator gives its gradients", _runs_back)
INFERRER = Consumer("infer", "infer", "no operator runs it", _runs)

WINDOWED = (
    Conv,
    Depthwise,
    GroupedConv,
)  # whose *_backward can leave out the gradient of the input


def execute_forward(run: Run, layer: Layer, inputs: Sequence[Array]) -> tuple[Array, Any]:
    """A layer's output, and what its backward pass needs."""
    return FORWARD[type(layer)](run, layer, *inputs)


def layer_by_layer(
    run: Run, layers: Sequence[Layer], x: Array
) -> Iterator[tuple[Layer, Array, Any]]:
    """Run layers in order: each, its output and its cache; nothing is kept but what later ones read."""
    values = {"image": x}
    last_use = {source: layer.name for layer in layers for source in layer.inputs}
    for layer in layers:
        y, cache = execute_forward(run, layer, [values[name] for name in layer.inputs])
        values[layer.name] = y
        yield layer, y, cache
        del y, cache  # or they would hold their arrays while the next layer makes its own
        for source in layer.inputs:
            if last_use[source] == layer.name:
                values.pop(source, None)


def execute_backward(
    layer: Layer, dy: Array, cache: Any, wanted: bool = True
) -> tuple[tuple[Array | None, ...], tuple[Array, ...]]:
    """Gradients of a layer's inputs, and of its arrays in their order.

    wanted=False: nobody asks for that of the input, and a convolution leaves it out.
    """
    settings = {} if wanted or not isinstance(layer, WINDOWED) else {"input_gradient": False}
    found = getattr(ops, f"{layer.operator}_backward")(dy, cache, **settings)
    gradients = found if isinstance(found, tuple) else (found,)
    return gradients[: len(layer.inputs)], gradients[len(layer.inputs) :]
