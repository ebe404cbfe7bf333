"""What a counter meets when it walks through a network: one operation a layer, with its sizes.

Counters that look at PyTorch modules do not see the mathematics but how a family has written it down:
the same mean over a channel may be a module, a function or a method, and only some of these have a
rule.  `Spelling` says which, and `operations` names each operation accordingly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import Protocol

from ..models import layers as kinds
from ..models.capabilities import COST, require
from ..models.layers import Layer
from ..models.network_plan import Plan, check_plan

SQUEEZE = "squeeze-and-excite"
OWN_CLASSES = ("conv_same", "batch_norm_act", "dense_own")  # kinds that are a family's own class,
OWN_CLASS = "own class"  # a subclass of torch.nn's or a class around it, as tables call them


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a family writes layers in PyTorch: values are the kinds that `operations` gives them."""

    norm: str = "batch_norm"  # or "batch_norm_act", a class of its own around the activation
    same_strided: str = "conv"  # or "conv_same", a subclass that pads as it runs
    pool: str = "pool"  # the nn.AdaptiveAvgPool2d; or "pool_function", F.adaptive_avg_pool2d
    squeeze_pool: str = "pool"  # or "pool_mean", x.mean((2, 3))
    head: str = "dense"  # of V3: an nn.Linear; or "conv", a 1x1 convolution of one pixel
    classifier: str = "dense"  # or "dense_own", a subclass


MODULES = Spelling()  # torchvision's V3, and what everybody writes who uses nn's modules
FUNCTIONAL_POOL = Spelling(pool="pool_function")  # torchvision's V2
TIMM = Spelling(norm="batch_norm_act", same_strided="conv_same")
TIMM_V3 = replace(TIMM, squeeze_pool="pool_mean", head="conv", classifier="dense_own")


def spelling(plan: Plan) -> Spelling:
    """timm's for timm's dialects; for all others torchvision's of the same version."""
    check_plan(plan)
    if plan.dialect.name.startswith("timm"):
        return TIMM_V3 if plan.family.version == "v3" else TIMM
    return FUNCTIONAL_POOL if plan.family.version == "v2" else MODULES


class Named(Protocol):
    """What tables need of a layer."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def input(self) -> tuple[int, ...]: ...
    @property
    def output(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class Operation:
    """One layer as counters meet it.

    kind: what it is to a module counter.  role: the part of the network.  sizes, for one image:
    products, bias_adds, inputs and outputs (numbers that go in and come out), affine (gamma and
    beta).  params: weights, bias, gamma, beta, mean, variance.  seen: of what is no plan's, how it
    looks from each side (brought.py).
    """

    layer: Named
    kind: str
    role: str
    sizes: Mapping[str, int]
    params: Mapping[str, int]
    seen: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=16)  # every convention asks for the same ones
def operations(plan: Plan, written: Spelling | None = None) -> tuple[Operation, ...]:
    """Each layer of a plan as an operation, in order."""
    written = written or spelling(plan)
    require(COST, plan)
    return tuple(_operation(layer, written) for layer in plan.layers)


def _operation(layer: Layer, written: Spelling) -> Operation:
    arrays = {name: prod(shape) for name, shape in (layer.arrays | layer.statistics).items()}
    params = {"weights" if name == "weight" else name: size for name, size in arrays.items()}
    sizes = {
        "products": layer.macs,
        "bias_adds": prod(layer.output) if "bias" in arrays else 0,
        "inputs": prod(layer.input),
        "outputs": prod(layer.output),
        "affine": arrays.get("gamma", 0) + arrays.get("beta", 0),
    }
    return Operation(layer, _kind(layer, written), _role(layer), sizes, params)


def _role(layer: Layer) -> str:
    """The part of the network: V3's gates, its layer after the pooling, the classifier, the rest."""
    if layer.name.endswith((".squeeze", ".excite", ".squeeze_pool")):
        return SQUEEZE
    return layer.name if layer.name in ("head", "classifier") else "convolutions"


def _kind(layer: Layer, written: Spelling) -> str:
    match layer:
        case kinds.Dense():
            if _role(layer) == SQUEEZE:
                return "conv"  # all families write it as a 1x1 convolution
            return written.head if layer.name == "head" else written.classifier
        case kinds.Conv() | kinds.Depthwise() | kinds.GroupedConv():
            padded = layer.padding == "same" and layer.stride != (1, 1)
            return written.same_strided if padded else "conv"
        case kinds.Pointwise():
            return "conv"
        case kinds.BatchNorm():
            return written.norm
        case kinds.AveragePool():
            return "pool"
        case kinds.GlobalAveragePool():
            return written.squeeze_pool if _role(layer) == SQUEEZE else written.pool
        case kinds.Activation():
            return layer.function
        case kinds.Add() | kinds.Scale() | kinds.Dropout() | kinds.MaxPool():
            return layer.kind
    raise TypeError(f"counters: nothing is known of {layer}")
