"""Before the first step: channels between two layers made equally wide, as far as ReLU6 lets them.

A channel that a convolution puts out s times smaller, and that the next one makes up for, is the same
network of floats and another one of integers (`quantization/equalising.py`).  Here normalisations stay,
so gamma and beta become s times smaller, and a ReLU6 too, whose ceiling holds a channel that is raised:
none gets larger than was seen to pass under it, and one that reached it stays as it is.

It matters most for channels that hardly vary.  Their normalisation multiplies by 50 or 100, so one scale
for the whole weight leaves nothing of the others, and what they multiply is less than one step of the
integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from ...models.layers import Depthwise, GroupedConv
from ...models.network_plan import Plan
from ...ops.checks import Array
from ...predicting.model import Model
from ...quantization.calibrating import outputs
from ...quantization.plan import Step
from ...quantization.preparing import prepared
from ..optimizers import Arrays
from .points import Points

CEILING = 6.0  # of ReLU6
ROOM = 0.9  # of it, for images that were not seen
TURNS = 100  # through all pairs, at most
STILL = 1e-3  # a turn in which no factor is further from 1 is the last


def equalised(model: Model, points: Points, images: Iterable[Array]) -> Arrays:
    """A model's params with the channels made so; images: prepared batches, on which tops are seen."""
    plan, arrays = prepared(model.plan, model.params)
    chain = [(a, b) for a, b in pairs(points)]
    tops = _tops(plan, arrays, [a for a, _ in chain if a.activation == "relu6"], images)
    steps = {step.name for pair in chain for step in pair}
    weights = {name: arrays[f"{name}.weight"].astype(np.float64) for name in steps}
    params = {name: value.copy() for name, value in model.params.items()}
    for (a, b), s in zip(chain, _settled(chain, weights, tops), strict=True):
        norm = points.weights[a.name].norm
        for name in [f"{norm}.gamma", f"{norm}.beta"] if norm else _arrays_of(a):
            params[name] = (params[name] / s).astype(params[name].dtype)
        name = f"{b.name}.weight"
        params[name] = (params[name] * _along(b, s)).astype(params[name].dtype)
    return params


def _settled(
    chain: list[tuple[Step, Step]], weights: dict[str, Array], tops: dict[str, Array]
) -> list[Array]:
    """By how much each pair's channels are divided in the end; weights and tops become so."""
    whole = [np.ones(weights[a.name].shape[-1]) for a, _ in chain]
    for _ in range(TURNS):
        furthest = 0.0
        for k, (a, b) in enumerate(chain):
            r1, r2 = _reach(weights[a.name], True), _reach(weights[b.name], _own(b))
            s = _factors(r1, r2, tops.get(a.name))
            weights[a.name] /= s
            weights[b.name] *= _along(b, s)
            whole[k] = whole[k] * s
            if a.name in tops:
                tops[a.name] = tops[a.name] / s
            furthest = max(furthest, float(np.abs(np.log(s)).max()))
        if furthest < STILL:
            break
    return whole


def _arrays_of(step: Step) -> list[str]:
    return [f"{step.name}.{short}" for short in step.layer.arrays]


def pairs(points: Points) -> list[tuple[Step, Step]]:
    """Steps that share channels with nobody else, with nothing but a ReLU between them."""
    by_name = {step.name: step for step in points.low.steps}
    readers = Counter(source for step in points.low.steps for source in step.inputs)
    found = []
    for step in points.low.steps:
        before = by_name.get(step.inputs[0])
        if before is None or not before.weighted or not step.weighted:
            continue
        if readers[before.name] == 1 and not isinstance(step.layer, GroupedConv):
            found.append((before, step))
    return found


def _tops(
    plan: Plan, arrays: Mapping[str, Array], steps: Iterable[Step], images: Iterable[Array]
) -> dict[str, Array]:
    """The greatest number of each channel, before ReLU6, of these steps."""
    ends = {step.name: step.name for step in steps}
    tops: dict[str, Array] = {}
    for x in images if ends else ():
        for name, y in outputs(plan, arrays, x, ends):
            top = y.reshape(-1, y.shape[-1]).max(axis=0).astype(np.float64)
            tops[name] = np.maximum(tops[name], top) if name in tops else top
    return tops


def _factors(r1: Array, r2: Array, top: Array | None) -> Array:
    """What each channel is divided by."""
    known = (r1 > 0) & (r2 > 0)  # a channel that is nothing, or that nobody reads, stays
    s = np.sqrt(np.where(known, r1, 1) / np.where(known, r2, 1))
    if top is not None:
        s = np.maximum(s, np.clip(top / (ROOM * CEILING), 1e-6, 1))
        s = np.where(top > CEILING, 1, s)
    found: Array = s
    return found


def _own(step: Step) -> bool:
    return isinstance(step.layer, Depthwise)


def _reach(w: Array, last: bool) -> Array:
    """The largest absolute number of each channel: along the last axis, or the one before it."""
    axis = w.ndim - (1 if last else 2)
    found: Array = np.abs(w).max(axis=tuple(k for k in range(w.ndim) if k != axis))
    return found


def _along(step: Step, s: Array) -> Array:
    """Factors of input channels, as they stand in the weight of the step that reads them."""
    return s if _own(step) else s[:, None]
