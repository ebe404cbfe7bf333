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

Batch normalisations stay: gamma and beta become s times smaller, the weights behind them s times larger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..models.folding import fold_layers
from ..models.layers import Activation, Depthwise, GroupedConv, Layer
from ..models.network_plan import Plan
from ..models.params import dtype_of
from ..ops.checks import Array
from ..shown import NamedArrays
from .calibrating import Images, batched, outputs
from .plan import Step, lowered
from .preparing import prepared

CEILING = 6.0  # of ReLU6
ROOM = 0.9  # of it, for images that were not seen
LEAST = 1e-6  # a channel is raised by no more than a millionth's inverse
TURNS = 100  # through all pairs, at most
STILL = 1e-3  # a turn in which no factor is further from 1 is the last


class Pair(NamedTuple):
    """Two layers that share channels with nobody else, and nothing but ReLU between them."""

    one: Step
    two: Step

    def across(self, s: Array) -> Array:
        """A number for each channel, as the channels lie in the weight of the layer that reads them."""
        return s if isinstance(self.two.layer, Depthwise) else s[:, None]


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
) -> dict[str, Array]:
    """Params of the same function, the channels between two layers equally wide on both sides.

    plan    what `npmobilenet.plan` returned
    params  name -> array, trained
    images  as `npmobilenet.quantize` takes them, for networks with ReLU6: a channel that stays below 6 in
            all of them may be scaled as long as it does.  None: nothing moves about a ReLU6

    Returns name -> array, for `npmobilenet.quantize` with one scale a tensor.  ValueError where params do
    not fit the plan, or a layer has no integer operator.  (Nagel et al. 2019, arXiv:1906.04721, section
    4.1, which replaces ReLU6 by ReLU.)
    """
    ready, arrays = prepared(plan, params)
    chain = [pair for pair in pairs(ready) if f"{pair.one.name}.weight" in params]
    tops: dict[str, Array] = {}
    if images is None:
        chain = [pair for pair in chain if pair.one.activation != "relu6"]
    else:
        dtype = dtype_of(params)
        clipped = [pair.one.name for pair in chain if pair.one.activation == "relu6"]
        tops = _tops(ready, arrays, clipped, batched(plan, images, dtype))
    steps = {step.name for pair in chain for step in pair}
    weights = {name: arrays[f"{name}.weight"].astype(np.float64) for name in steps}
    norms = {into: norm for norm, into in fold_layers(plan)[1].items()}
    found = dict(params)
    for pair, s in zip(chain, _factors(chain, weights, tops), strict=True):
        norm = norms.get(pair.one.name)
        own = [f"{pair.one.name}.{short}" for short in plan[pair.one.name].arrays]
        for name in [f"{norm}.gamma", f"{norm}.beta"] if norm else own:
            found[name] = (found[name] / s).astype(found[name].dtype)
        name = f"{pair.two.name}.weight"
        found[name] = (found[name] * pair.across(s)).astype(found[name].dtype)
    return NamedArrays(found)


def pairs(ready: Plan) -> list[Pair]:
    """Those of a plan that `prepared` returned."""
    steps, _, _ = lowered(ready)
    readers = Counter(source for step in steps for source in step.inputs)
    by_name = {step.name: step for step in steps}
    found = []
    for step in steps:
        before = by_name.get(step.inputs[0])
        weighted = step.weighted and not isinstance(step.layer, GroupedConv)
        if before and before.weighted and weighted and readers[before.name] == 1:
            found.append(Pair(before, step))
    return found


def _tops(
    ready: Plan, arrays: Mapping[str, Array], names: Iterable[str], images: Iterable[Array]
) -> dict[str, Array]:
    """The greatest number of each channel that these layers put out, before ReLU6."""
    wanted = {name: name for name in names}
    tops: dict[str, Array] = {}
    for x in images if wanted else ():
        for name, y in outputs(ready, arrays, x, wanted):
            top = y.reshape(-1, y.shape[-1]).max(axis=0).astype(np.float64)
            tops[name] = np.maximum(tops[name], top) if name in tops else top
    return tops


def _factors(chain: list[Pair], weights: dict[str, Array], tops: dict[str, Array]) -> list[Array]:
    """By how much each pair's channels are divided in the end; weights and tops become so."""
    whole = [np.ones(weights[pair.one.name].shape[-1]) for pair in chain]
    for _ in range(TURNS):
        furthest = 0.0
        for k, pair in enumerate(chain):
            one, two = pair.one.name, pair.two.name
            channels = -1 if isinstance(pair.two.layer, Depthwise) else -2
            s = _factor(_reach(weights[one], -1), _reach(weights[two], channels), tops.get(one))
            weights[one] /= s
            weights[two] *= pair.across(s)
            whole[k] = whole[k] * s
            if one in tops:
                tops[one] = tops[one] / s
            furthest = max(furthest, float(np.abs(np.log(s)).max()))
        if furthest < STILL:
            break
    return whole


def _factor(r1: Array, r2: Array, top: Array | None) -> Array:
    """What each channel is divided by now; top: the greatest number that ReLU6 gets."""
    known = (r1 > 0) & (r2 > 0)  # a channel that is nothing, or that nobody reads, stays
    s: Array = np.sqrt(np.where(known, r1, 1) / np.where(known, r2, 1))
    if top is not None:
        least = np.clip(top / (ROOM * CEILING), LEAST, 1)
        s = np.where(known & (top <= CEILING), np.maximum(s, least), 1)
    return s


def _reach(w: Array, axis: int) -> Array:
    """The largest absolute number of each channel, which stand along an axis."""
    others = tuple(k for k in range(w.ndim) if k != w.ndim + axis)
    found: Array = np.abs(w).max(axis=others)
    return found
