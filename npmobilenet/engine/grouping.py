"""Layers that have no stage of their own, as others that have: grouped convolutions, average pools.

    grouped, M groups       each channel is repeated, by a product with ones and zeros, and then filtered
    grouped, fewer          a standard convolution whose weights are zero between groups: right, and as
                            much work as that
    average pool            a depthwise convolution whose weights all are 1 / (K L)

A number that is not finite spoils the other groups too, for zero times it is no zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ..models.layers import AveragePool, Conv, Depthwise, GroupedConv, Layer, Pointwise
from ..models.network_plan import Plan
from ..ops.checks import Array

REWRITTEN = (GroupedConv, AveragePool)


@dataclass(frozen=True)
class Computed:
    """The plan that is compiled.

    constants: arrays that nobody trains, by name; groups: weights that lie in blocks on a diagonal, and
    in how many.  All others have the elements of the plan's own arrays, in their order.
    """

    plan: Plan
    constants: Mapping[str, Array]
    groups: Mapping[str, int]

    def arrays(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """Its arrays, of those of the plan that it stands for."""
        found = {**params, **self.constants}
        for name, groups in self.groups.items():
            found[name] = np.zeros(self.plan.arrays[name], params[name].dtype)
            into_blocks(params[name], found[name], groups)
        return {name: found[name].reshape(shape) for name, shape in self.plan.arrays.items()}


def computed(plan: Plan) -> Computed:
    """What is compiled for a plan; the plan itself where it has no such layer."""
    layers: list[Layer] = []
    constants: dict[str, Array] = {}
    groups: dict[str, int] = {}
    for layer in plan.layers:
        if isinstance(layer, GroupedConv):
            layers += _convolutions(layer, constants, groups)
        elif isinstance(layer, AveragePool) and not why_not(layer):
            layers.append(_as(Depthwise, layer, padding=layer.window.sides))
            taps = (*layer.kernel, layer.input[-1])
            constants[f"{layer.name}.weight"] = np.full(taps, 1 / prod(layer.kernel), np.float32)
        else:
            layers.append(layer)
    return Computed(replace(plan, layers=tuple(layers)), constants, groups)


def why_not(layer: Layer) -> str:
    """Why a pooling cannot be a convolution, or ""."""
    if not isinstance(layer, AveragePool):
        return ""
    place = layer.window
    uneven = any(place.hanging) or (any(place.sides) and not layer.count_padding)
    return "divides by fewer at the border than inside" if uneven else ""


def _convolutions(
    layer: GroupedConv, constants: dict[str, Array], groups: dict[str, int]
) -> list[Layer]:
    m, weight = layer.input[-1], f"{layer.name}.weight"
    if layer.groups < m or layer.inputs == ("image",):
        if layer.groups > 1:
            groups[weight] = layer.groups
        return [_as(Conv, layer, filters=layer.filters, bias=layer.bias)]
    if layer.filters == m:
        return [_as(Depthwise, layer, bias=layer.bias)]
    name = f"{layer.name}.repeated"
    constants[f"{name}.weight"] = np.repeat(np.eye(m, dtype=np.float32), layer.filters // m, axis=1)
    repeated = Pointwise(name=name, inputs=layer.inputs, input=layer.input, filters=layer.filters)
    own = _as(Depthwise, layer, bias=layer.bias, inputs=(name,), input=repeated.output)
    return [repeated, own]


def _as(kind: type[Layer], layer: GroupedConv | AveragePool, **fields: object) -> Layer:
    """A layer of another kind, in the same place and with the same windows."""
    place = {"name": layer.name, "inputs": layer.inputs, "input": layer.input}
    windows = {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    return kind(**(place | windows | fields))  # type: ignore[arg-type]


def into_blocks(weight: Array, blocks: Array, groups: int) -> None:
    """A grouped convolution's weight (K, L, M/groups, O) into its blocks of (K, L, M, O)."""
    place = _diagonal(blocks, groups)
    place[...] = weight.reshape(place.shape)


def from_blocks(blocks: Array, weight: Array, groups: int) -> None:
    """The way back: the blocks of (K, L, M, O) into (K, L, M/groups, O)."""
    weight[...] = _diagonal(blocks, groups).reshape(weight.shape)


def _diagonal(blocks: Array, groups: int) -> Array:
    """The view (K, L, M/groups, groups, O/groups) of what is within groups."""
    *taps, m, o = blocks.shape
    parts = blocks.reshape(*taps, groups, m // groups, groups, o // groups)
    return np.asarray(np.einsum("klgpgq->klpgq", parts))
