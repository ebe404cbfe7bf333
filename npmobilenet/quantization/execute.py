"""One step of a quantised plan run by its integer operator: what each kind hands to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
from ..ops import integers
from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from .fitting import constants
from .plan import QuantizedPlan, Step


class IntegerRun:
    """One pass: the network, its arrays, and which implementation of the operators runs."""

    def __init__(self, qplan: QuantizedPlan, arrays: Mapping[str, Array], rung: str | None) -> None:
        self.qplan, self.arrays = qplan, arrays
        self.rung = rung
        self.common = "numba" if rung == "simd" else rung  # for operators without the fourth rung
        self.how: dict[str, Any] = {"rounding": qplan.rounding, "rung": self.common}

    def q(self, name: str) -> Quantization:
        return self.qplan.numbers[name]

    def stored(self, step: Step) -> tuple[Any, ...]:
        """Numbers of what goes in, then of what comes out: a `Quantization` each."""
        return (*map(self.q, step.inputs), self.q(step.name))

    def clamped(self, step: Step) -> dict[str, Any]:
        """For products, which have all four rungs, and may clamp what they give."""
        return {**self.how, "rung": self.rung, "activation": step.activation}

    def weighted(self, step: Step) -> tuple[Any, ...]:
        """Weight, bias, and numbers of x, of the weight and of y: as the operators take them."""
        name = step.name
        x_q, y_q = self.stored(step)
        weight, bias = self.arrays[f"{name}.weight"], self.arrays.get(f"{name}.bias")
        return weight, bias, x_q, self.q(f"{name}.weight"), y_q


def _conv(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    slides: dict[str, Any] = {"stride": layer.stride, "padding": layer.padding}
    w, b, x_q, w_q, y_q = run.weighted(step)
    return integers.conv2d(x, w, b, x_q, w_q, y_q, **slides, **run.clamped(step))


def _depthwise(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    slides: dict[str, Any] = {"stride": layer.stride, "padding": layer.padding}
    w, b, x_q, w_q, y_q = run.weighted(step)
    return integers.depthwise_conv2d(x, w, b, x_q, w_q, y_q, **slides, **run.clamped(step))


def _grouped(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    slides: dict[str, Any] = {
        "groups": layer.groups,
        "stride": layer.stride,
        "padding": layer.padding,
    }
    how = run.clamped(step) | {"rung": run.common}
    w, b, x_q, w_q, y_q = run.weighted(step)
    return integers.grouped_conv2d(x, w, b, x_q, w_q, y_q, **slides, **how)


def _pointwise(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    return integers.pointwise_conv2d(x, *run.weighted(step), **run.clamped(step))


def _dense(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    if step.name in run.qplan.connected:
        return integers.dense(x, *run.weighted(step), **run.clamped(step))
    pixels = x.reshape(len(x), 1, 1, x.shape[-1])
    y = integers.pointwise_conv2d(pixels, *run.weighted(step), **run.clamped(step))
    return y.reshape(len(x), layer.units)


def _add(run: IntegerRun, step: Step, layer: Any, a: Array, b: Array) -> Array:
    how = {**run.how, "activation": step.activation}
    return integers.add(a, b, *run.stored(step), **how)


def _scale(run: IntegerRun, step: Step, layer: Any, x: Array, g: Array) -> Array:
    how = {**run.how, "activation": step.activation}
    return integers.multiply(x, g, *run.stored(step), **how)


def _activation(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    x_q, y_q = run.stored(step)
    if layer.function == "hard_swish":
        return integers.hard_swish(x, x_q, y_q, **run.how)
    if layer.function == "hard_sigmoid":
        three, sixth = map(run.qplan.numbers.get, constants(step))
        own: dict[str, Any] = {"three_q": three, "sixth_q": sixth}
        return integers.hard_sigmoid(x, x_q, run.q(f"{step.name}.shifted"), y_q, **own, **run.how)
    return integers.requantize(x, x_q, y_q, activation=layer.function, **run.how)


def _global_pool(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    if run.qplan.pooling == "mean":
        return integers.mean(x, *run.stored(step), **run.how)
    x_q, y_q = run.stored(step)
    y = integers.avg_pool2d(x, x_q, y_q, layer.input[:2], rung=run.common)
    return y.reshape(len(x), layer.input[-1])


def _average_pool(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    slides: dict[str, Any] = {
        "stride": layer.stride,
        "padding": layer.window.sides,
        "rung": run.common,
    }
    x_q, y_q = run.stored(step)
    return integers.avg_pool2d(x, x_q, y_q, layer.kernel, **slides)


def _max_pool(run: IntegerRun, step: Step, layer: Any, x: Array) -> Array:
    slides: dict[str, Any] = {
        "stride": layer.stride,
        "padding": layer.window.sides,
        "rung": run.common,
    }
    x_q, y_q = run.stored(step)
    return integers.max_pool2d(x, x_q, y_q, layer.kernel, **slides)


RUNS: dict[type[Layer], Callable[..., Array]] = {
    Conv: _conv,
    Depthwise: _depthwise,
    GroupedConv: _grouped,
    Pointwise: _pointwise,
    Dense: _dense,
    Add: _add,
    Scale: _scale,
    Activation: _activation,
    GlobalAveragePool: _global_pool,
    AveragePool: _average_pool,
    MaxPool: _max_pool,
}


def execute(run: IntegerRun, step: Step, inputs: Sequence[Array]) -> Array:
    """A step's output, in integers."""
    return RUNS[type(step.layer)](run, step, step.layer, *inputs)
