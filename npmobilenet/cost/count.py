"""Counting a plan, layer by layer.

The convention is the papers': a multiply-accumulate (MAC) for every product of a convolution or a
dense layer, those with padding zeros included; none for bias, batch normalisation, activation and
pooling.  flops = 2 * macs, one multiplication and one addition each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..shown import Shown

if TYPE_CHECKING:  # so that counting alone imports next to nothing
    from ..models.layers import Layer
    from ..models.network_plan import Plan
    from ..quantization.plan import QuantizedPlan


@dataclass(frozen=True)
class Params:
    """Numbers of a layer or network, by what they are."""

    weights: int = 0
    bias: int = 0
    bn_affine: int = 0  # gamma and beta
    bn_stats: int = 0  # running mean and variance

    @property
    def trainable(self) -> int:
        """All that gradient descent changes."""
        return self.weights + self.bias + self.bn_affine

    @property
    def total(self) -> int:
        """With the running statistics: what a weight file holds."""
        return self.trainable + self.bn_stats

    def __add__(self, other: Params) -> Params:
        return Params(
            self.weights + other.weights,
            self.bias + other.bias,
            self.bn_affine + other.bn_affine,
            self.bn_stats + other.bn_stats,
        )

    def to_json(self) -> dict[str, int]:
        """All parts and both sums."""
        return asdict(self) | {"trainable": self.trainable, "total": self.total}


@dataclass(frozen=True)
class LayerCost:
    """One layer: shapes without the batch, MACs for one image."""

    name: str
    type: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    macs: int
    params: Params


@dataclass(frozen=True)
class Cost(Shown):
    """A plan's cost; `str()` of it is a table."""

    plan: Plan
    layers: tuple[LayerCost, ...]
    convention: str = "paper"

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Two operations for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def params(self) -> Params:
        """Parameters of the whole network, in parts."""
        return sum((layer.params for layer in self.layers), Params())

    def shares(self) -> dict[str, tuple[float, float]]:
        """Per type of layer its percentages of all MACs and of all weights, as in V1's Table 2."""
        sums: dict[str, tuple[int, int]] = {}
        for layer in self.layers:
            if layer.macs:
                macs, weights = sums.get(layer.type, (0, 0))
                sums[layer.type] = (macs + layer.macs, weights + layer.params.weights)
        return {
            kind: (100 * macs / self.macs, 100 * weights / self.params.weights)
            for kind, (macs, weights) in sums.items()
        }

    def to_json(self) -> dict[str, Any]:
        """One object for programs; a layer's `params` are all it stores, running statistics too."""
        plan = self.plan
        height, width = plan.resolution
        return {
            "model": plan.model,
            "width": plan.width,
            "resolution": height if height == width else [height, width],
            "classes": plan.classes,
            "dialect": plan.dialect.name,
            "convention": self.convention,
            "macs": self.macs,
            "flops": self.flops,
            "params": self.params.to_json(),
            "layers": [
                {
                    "name": layer.name,
                    "type": layer.type,
                    "input": list(layer.input),
                    "output": list(layer.output),
                    "macs": layer.macs,
                    "params": layer.params.total,
                }
                for layer in self.layers
            ],
        }

    def __repr__(self) -> str:
        return f"Cost({self.macs:,} MACs, {self.params.total:,} params; {self.plan!r})"


def cost(plan: Plan | QuantizedPlan) -> Cost:
    """A plan's multiply-accumulates and parameters, layer by layer, as the papers count.

    plan  what `npmobilenet.plan` returned; of a quantised plan its layers are counted, and
          `npmobilenet.cost.integer_cost` has its bytes

    A multiply-accumulate (MAC) is one product of a convolution or a dense layer, those with padding zeros
    included; bias, batch normalisation, activation and pooling have none (MobileNetV1, arXiv:1704.04861,
    section 3.1 and Table 2).  Returns a `Cost`: macs for one image, params, layers.  TypeError where plan
    is none; NotImplementedError, which names the layer, for one that is not counted.
    """
    from ..models.capabilities import COST, require
    from ..models.network_plan import check_plan  # here: see the imports above

    # of a quantised one, whose room need not be imported to ask it
    own: Plan = getattr(plan, "plan", plan) if hasattr(plan, "numbers") else plan  # type: ignore[arg-type]
    check_plan(own)
    require(COST, own)
    return Cost(own, tuple(_layer_cost(layer) for layer in own.layers))


class CallablePackage(ModuleType):
    """The package `npmobilenet.cost`, which a user calls as if it were the function above."""

    def __call__(self, plan: Plan | QuantizedPlan) -> Cost:
        """Count every layer of a plan."""
        return cost(plan)


def _layer_cost(layer: Layer) -> LayerCost:
    sizes = {name: prod(shape) for name, shape in layer.arrays.items()}
    if statistics := sum(map(prod, layer.statistics.values())):  # batch normalisation
        params = Params(bn_affine=sum(sizes.values()), bn_stats=statistics)
    else:
        params = Params(weights=sizes.get("weight", 0), bias=sizes.get("bias", 0))
    return LayerCost(layer.name, layer.kind, layer.input, layer.output, layer.macs, params)
