"""What the page is told of each layer: its record, what it costs, and how fast this machine ran it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..cost.count import LayerCost, cost
from ..cost.machine import Machine, measure
from ..cost.roofline import RooflineLayer, layer_bytes, roofline, timed_layers
from ..models.layers import Activation, BatchNorm, Conv, Dense, Depthwise, Dropout, Layer, Pointwise
from ..models.network_plan import Plan
from ..ops.checks import Array

GATE = 1 / 6  # slope of a hard sigmoid that says nothing else


def described(plan: Plan, times: tuple[RooflineLayer, ...] | None) -> list[dict[str, Any]]:
    """A record for each layer, in the order in which they run; times: of `timed`, or None."""
    counted = cost(plan).layers
    known = times or (None,) * len(counted)
    rows = zip(plan.layers, counted, known, strict=True)
    return [_geometry(layer) | _figures(layer, count, time) for layer, count, time in rows]


def _geometry(layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": layer.name,
        "kind": layer.kind,
        "block": layer.block,
        "operator": layer.operator,
        "inputs": list(layer.inputs),
        "input": list(layer.input),
        "output": list(layer.output),
        "arrays": {name: list(shape) for name, shape in layer.arrays.items()},
        "statistics": {name: list(shape) for name, shape in layer.statistics.items()},
    }
    if isinstance(layer, Conv | Depthwise):
        window, named = layer.window, isinstance(layer.padding, str)
        found |= {"kernel": list(window.kernel), "stride": list(window.stride)}
        found |= {"padding": layer.padding if named else list(window.sides)}
        found |= {"sides": list(window.sides)}
    if isinstance(layer, Conv | Depthwise | Pointwise | Dense):
        found |= {"bias": layer.bias}
    if isinstance(layer, BatchNorm):
        found |= {"eps": layer.eps}
    if isinstance(layer, Activation):
        found |= {"function": layer.function}
        if layer.function == "hard_sigmoid":
            found |= {"slope": GATE if layer.slope is None else layer.slope}
    if isinstance(layer, Dropout):
        found |= {"rate": layer.rate, "mode": layer.mode}
    return found


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

    About three seconds.  ValueError where Numba does not run.
    """
    machine = measure(1.0)
    with np.errstate(all="ignore"):  # weights may be anything
        seconds = timed_layers(plan, params, x)
    return machine, roofline(plan, machine, seconds=seconds).layers


def machine_as_json(machine: Machine) -> dict[str, Any]:
    """The payload's "machine": flops a second, [bytes touched, bytes a second], and a sentence."""
    return {**machine.to_json(), "text": str(machine)}
