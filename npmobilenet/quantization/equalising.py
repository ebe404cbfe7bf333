"""Cross-layer equalisation: the same function, of weights that one scale suits (Nagel et al. 2019).

One scale for a whole weight is as coarse as its widest channel needs.  ReLU does not mind a positive
factor, relu(s x) = s relu(x), so a channel between two layers may be made s times smaller by the layer
that puts it out, if the layer that reads it makes up for it:

    y = W2 relu(W1 x + b1)  =  (W2 S) relu(S^-1 W1 x + S^-1 b1)        S: a number s for each channel

With r1 and r2 the largest absolute weights of a channel on its two sides, both become sqrt(r1 r2) by

    s = sqrt(r1 / r2)

Each pair of layers is set right in turn until nothing moves, for what suits one pair disturbs the next.
ReLU6 has a ceiling that such a factor would move.  So a channel that reaches it, in the images looked
at, stays as it is, and one that does not is scaled as far as the ceiling lets it.  `without_ceiling`
takes the ceiling away instead, as the paper does: another function wherever a number was above 6.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..models.layers import Activation, Depthwise, GlobalAveragePool, GroupedConv, Layer
from ..models.network_plan import Plan
from ..ops.checks import Array
from ..shown import NamedArrays
from .calibrating import Images, batched, observed
from .observers import MinMax
from .plan import Step, lowered
from .preparing import prepared

TURNS = 100  # through all pairs, at most
CEILING = 6.0
STILL = 1e-3  # a turn in which no factor is further from 1 is the last


def without_ceiling(plan: Plan) -> Plan:
    """The plan with ReLU wherever it has ReLU6, so that channels may be scaled."""
    layers: list[Layer] = [
        replace(layer, function="relu")
        if isinstance(layer, Activation) and layer.function == "relu6"
        else layer
        for layer in plan
    ]
    return replace(plan, layers=tuple(layers))


def equalised(
    plan: Plan, params: Mapping[str, Array], images: Images | None = None
) -> tuple[Plan, dict[str, Array]]:
    """A network of the same function, its channels between two layers equally wide on both sides.

    plan    what `npmobilenet.plan` returned
    params  name -> array, trained
    images  as `npmobilenet.quantize` takes them, for networks with ReLU6: a channel that never came near
            6 in them may be scaled as long as it stays below.  None: ReLU6 lets nothing through

    Returns the plan without batch normalisation and its params, for `npmobilenet.quantize` with one scale
    a tensor.  ValueError where params do not fit the plan, or a layer has no integer operator.  (Nagel et
    al. 2019, arXiv:1906.04721, section 4.1.)
    """
    ready, arrays = prepared(plan, params)
    kinds = {name: value.dtype for name, value in arrays.items()}
    exact = {name: value.astype(np.float64) for name, value in arrays.items()}
    highest = {} if images is None else _highest(ready, arrays, images)
    chain = [pair for pair in pairs(ready) if pair[0].activation != "relu6" or highest]
    for _ in range(TURNS):
        if max((_settle(exact, highest, *pair) for pair in chain), default=0.0) < STILL:
            break
    return ready, NamedArrays({name: value.astype(kinds[name]) for name, value in exact.items()})


def pairs(plan: Plan) -> list[tuple[Step, Step]]:
    """Steps of a folded plan that share channels with nobody else, and nothing but ReLU between them."""
    steps, _, _ = lowered(plan)
    readers = Counter(source for step in steps for source in step.inputs)
    by_name = {step.name: step for step in steps}
    found = []
    for step in steps:
        before = by_name.get(step.inputs[0])
        while before and isinstance(before.layer, GlobalAveragePool) and _alone(before, readers):
            before = by_name.get(before.inputs[0])  # the mean of s x is s times the mean of x
        weighted = step.weighted and not isinstance(step.layer, GroupedConv)
        if before and before.weighted and weighted and _alone(before, readers):
            found.append((before, step))
    return found


class _Channels(MinMax):
    """The greatest number of each channel."""

    channels: Array = np.array(-np.inf)

    def see(self, values: Array, turn: int) -> None:
        self.channels = np.maximum(self.channels, values.max(axis=tuple(range(values.ndim - 1))))


def _highest(ready: Plan, arrays: Mapping[str, Array], images: Images) -> dict[str, Array]:
    """Of each step with ReLU6, by its name, the greatest number of each channel."""
    low = lowered(ready)
    batches = batched(ready, images, next(iter(arrays.values())).dtype)
    seen: dict[str, _Channels] = defaultdict(_Channels)
    observed(ready, arrays, batches, low, seen.__getitem__, lambda done, total: None)
    clipped = [step.name for step in low.steps if step.activation == "relu6"]
    return {name: seen[name].channels.astype(np.float64) for name in clipped}


def _alone(step: Step, readers: Mapping[str, int]) -> bool:
    return readers[step.name] == 1


def _settle(arrays: dict[str, Array], highest: dict[str, Array], one: Step, two: Step) -> float:
    """Scale the channels between two layers; how far the largest factor was from 1."""
    first, second = one.layer, two.layer
    w1, w2 = arrays[f"{first.name}.weight"], arrays[f"{second.name}.weight"]
    r1 = _reach(w1, -1)
    r2 = _reach(w2, -1 if isinstance(second, Depthwise) else -2)
    known = (r1 > 0) & (r2 > 0)  # a channel that is nothing, or that nobody reads, stays
    s = np.sqrt(np.where(known, r1, 1) / np.where(known, r2, 1))
    if one.activation == "relu6":
        top = highest[one.name]
        s = np.where(top < CEILING, np.maximum(s, top / CEILING), 1.0)
        highest[one.name] = top / s
    w1 /= s
    if f"{first.name}.bias" in arrays:
        arrays[f"{first.name}.bias"] /= s
    w2 *= s if isinstance(second, Depthwise) else s[:, None]
    return float(np.abs(np.log(s)).max())


def _reach(w: Array, axis: int) -> Array:
    """The largest absolute number of each channel, which stand along an axis."""
    others = tuple(k for k in range(w.ndim) if k != w.ndim + axis)
    found: Array = np.abs(w).max(axis=others)
    return found
