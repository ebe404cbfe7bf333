"""What the page is told of each layer: its record, what it costs, and how fast this machine ran it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..cost.count import LayerCost, cost
from ..cost.machine import Machine, measure
from ..cost.roofline import RooflineLayer, layer_bytes, roofline, timed_layers
from ..models.capabilities import Consumer, require
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
from ..models.network_plan import Plan
from ..ops.checks import Array

GATE = 1 / 6  # slope of a hard sigmoid that says nothing else


def _window(layer: Any) -> dict[str, Any]:
    window = layer.window
    sides = list(window.sides)  # zeros above, below, left, right
    return {
        "kernel": list(window.kernel),
        "stride": list(window.stride),
        "padding": layer.padding if layer.padding in ("same", "symmetric") else sides,
        "sides": sides,
    }


def _convolution(layer: Any) -> dict[str, Any]:
    return _window(layer) | _bias(layer)


def _pool(layer: Any) -> dict[str, Any]:
    counts = {"count_padding": layer.count_padding} if isinstance(layer, AveragePool) else {}
    return _window(layer) | counts | {"ceil_mode": layer.ceil_mode}


def _bias(layer: Any) -> dict[str, Any]:
    return {"bias": layer.bias}


def _activation(layer: Any) -> dict[str, Any]:
    found = {"function": layer.function}
    if layer.function == "hard_sigmoid":
        found["slope"] = GATE if layer.slope is None else layer.slope
    return found


def _nothing(layer: Any) -> dict[str, Any]:
    return {}


# what the page is told of a kind besides its place and its shapes
SETTINGS: dict[type[Layer], Callable[[Any], dict[str, Any]]] = {
    Conv: _convolution,
    Depthwise: _convolution,
    GroupedConv: lambda layer: _convolution(layer) | {"groups": layer.groups},
    Pointwise: _bias,
    BatchNorm: lambda layer: {"eps": layer.eps},
    Activation: _activation,
    AveragePool: _pool,
    MaxPool: _pool,
    GlobalAveragePool: _nothing,
    Dropout: lambda layer: {"rate": layer.rate, "mode": layer.mode},
    Add: _nothing,
    Scale: _nothing,
    Dense: _bias,
}
FUNCTIONS = ("relu", "relu6", "sigmoid", "swish", "hard_sigmoid", "hard_swish")


def _computes(layer: Layer) -> bool:
    if isinstance(layer, Activation) and layer.function not in FUNCTIONS:
        return False
    return type(layer) in SETTINGS


EXPLORER = Consumer("explorer", "explore", "the page has no arithmetic for it", _computes)


def described(plan: Plan, times: tuple[RooflineLayer, ...] | None) -> list[dict[str, Any]]:
    """A record for each layer, in the order in which they run; times: of `timed`, or None.

    ValueError for a layer that the page's arithmetic does not have.
    """
    require(EXPLORER, plan)
    counted = cost(plan).layers
    known = times or (None,) * len(counted)
    rows = zip(plan.layers, counted, known, strict=True)
    return [_geometry(layer) | _figures(layer, count, time) for layer, count, time in rows]


def _geometry(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "block": layer.block,
        "operator": layer.operator,
        "inputs": list(layer.inputs),
        "input": list(layer.input),
        "output": list(layer.output),
        "arrays": {name: list(shape) for name, shape in layer.arrays.items()},
        "statistics": {name: list(shape) for name, shape in layer.statistics.items()},
        **SETTINGS[type(layer)](layer),
    }


def _figures(layer: Layer, count: LayerCost, time: RooflineLayer | None) -> dict[str, Any]:
    """For one image; seconds are null where nothing was measured."""
    return {
        "macs": count.macs,
        "flops": layer.flops,
        "parameters": count.params.trainable,
        "bytes": layer_bytes(layer, 1),
        "floor": time and time.floor,
        "bound": time and time.bound,
        "seconds": time and time.seconds,
    }


def timed(
    plan: Plan, params: Mapping[str, Array], x: Array
) -> tuple[Machine, tuple[RooflineLayer, ...]]:
    """This machine, and each layer's floor and measured time on it, for the image x (1, H, W, C).

    About two seconds.  ValueError where Numba does not run.
    """
    machine = measure(0.5)
    with np.errstate(all="ignore"):  # weights may be anything
        seconds = timed_layers(plan, params, x)
    return machine, roofline(plan, machine, seconds=seconds).layers


def machine_as_json(machine: Machine) -> dict[str, Any]:
    """The payload's "machine": flops a second, [bytes touched, bytes a second], and a sentence."""
    return {**machine.to_json(), "text": str(machine)}
