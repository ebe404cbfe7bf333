"""Networks whose activations stay clear of their kinks, so that gradients can be compared in float32.

An activation's slope jumps at a kink.  An entry within a rounding of one falls on its one side in one
program and on the other in the next; every gradient below then differs by far more than rounding, and
neither program is wrong.  So a network is drawn and then moved off its kinks, by a float64 forward pass
alone: layer by layer each channel's shift (beta, or a bias) goes to the middle of the widest gap that
its entries leave within WINDOW of where it was drawn.  What is compared afterwards has no part in it.
"""

from collections.abc import Collection
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.models.execute import FORWARD, Run
from npmobilenet.models.layers import Activation

WINDOW = 0.25


def kinks(layer: Activation) -> tuple[float, ...]:
    """Where an activation's slope jumps."""
    reach = 0.5 / (layer.slope or 1 / 6)
    return {
        "relu": (0.0,), "relu6": (0.0, 6.0), "hard_swish": (-3.0, 3.0), "hard_sigmoid": (-reach, reach),
    }.get(layer.function, ())  # fmt: skip


def moved_off(
    plan: nm.Plan, params: Any, x: Any, frozen: Collection[str] = (), seed: int = 0
) -> tuple[dict[str, Any], float]:
    """params (float32) with other shifts, and how far the nearest entry is from a kink.

    The distance is in units of the largest entry of its layer: 6e-8 is one rounding.  seed: of dropout.
    """
    params = dict(params)
    double = {name: value.astype(np.float64) for name, value in params.items()}
    run = Run(double, True, None, np.random.default_rng(seed), frozen)
    values, nearest = {"image": x.astype(np.float64)}, np.inf
    for layer in plan.layers:
        if isinstance(layer, Activation) and kinks(layer):
            source = layer.inputs[0]
            u, name = values[source], _shift_of(plan, source)
            if name in params:
                shift = widest(u.reshape(-1, u.shape[-1]), kinks(layer))
                params[name] = (params[name] + shift).astype(np.float32)
                u = values[source] = u + (params[name] - double[name])
            away = min(np.abs(u - kink).min() for kink in kinks(layer))
            nearest = min(nearest, float(away / np.abs(u).max()))
        inputs = (values[name] for name in layer.inputs)
        values[layer.name], _ = FORWARD[type(layer)](run, layer, *inputs)
    return params, nearest


def _shift_of(plan: nm.Plan, source: str) -> str:
    return f"{source}.{'beta' if plan[source].kind == 'batch_norm' else 'bias'}"


def widest(u: Any, at: tuple[float, ...]) -> Any:
    """Of each channel of u (entries, channels): the shift in the middle of the widest gap around 0."""
    forbidden = np.concatenate([kink - u for kink in at])
    ends = np.full((1, u.shape[1]), WINDOW)
    points = np.sort(np.concatenate([-ends, forbidden.clip(-WINDOW, WINDOW), ends]), axis=0)
    start = np.diff(points, axis=0).argmax(0)[None]
    return (np.take_along_axis(points, start, 0) + np.take_along_axis(points, start + 1, 0))[0] / 2
