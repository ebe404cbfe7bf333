"""Who can do what with which kind of layer.  Who cannot says so, in one sentence, before any work.

Each consumer of a plan has a table by kind of its own; here it is asked, and imported when it is.
docs/capabilities.md is the whole table, made by capability_table.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .layers import (
    KINDS,
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
)

if TYPE_CHECKING:
    from .network_plan import Plan

# what engine/ compiles, both ways, by itself or with the layer before it
COMPILED = (
    Conv,
    Depthwise,
    Pointwise,
    BatchNorm,
    Activation,
    GlobalAveragePool,
    Dropout,
    Add,
    Scale,
    Dense,
)
COMPILED_ACTIVATIONS = ("relu", "relu6", "hard_swish", "hard_sigmoid", "sigmoid", "swish")


@dataclass(frozen=True)
class Consumer:
    """Who reads a plan.  caller: what its errors begin with.  lacks: what it has not got for a layer."""

    name: str
    caller: str
    lacks: str
    handles: Callable[[Layer], bool]


def _runs(layer: Layer) -> bool:
    from .. import ops
    from .execute import FORWARD

    return type(layer) in FORWARD and layer.operator in ops.__all__


def _runs_back(layer: Layer) -> bool:
    from .. import ops

    return _runs(layer) and f"{layer.operator}_backward" in ops.__all__


def _compiles(layer: Layer) -> bool:
    if isinstance(layer, Activation) and layer.function not in COMPILED_ACTIVATIONS:
        return False
    return type(layer) in COMPILED


def _counts(layer: Layer) -> bool:
    return type(layer) in KINDS  # macs and arrays are facts of the kind


def _remembers(layer: Layer) -> bool:
    from ..cost.operator_memory import HANDLED, SCRATCH

    if isinstance(layer, Activation) and layer.function not in SCRATCH:
        return False
    return type(layer) in HANDLED


def _translates(layer: Layer) -> bool:
    from ..weights.layout import TORCH

    return type(layer) in KINDS and ("weight" not in layer.arrays or layer.kind in TORCH)


def _exports(layer: Layer) -> bool:
    from ..weights.onnx_nodes import ACTIVATIONS, NODES

    if isinstance(layer, Activation) and layer.function not in ACTIVATIONS:
        return False
    return type(layer) in NODES


def _verifies(layer: Layer) -> bool:
    from ..verify import OPERATORS

    return layer.operator in {name.partition(" ")[0] for name in OPERATORS}


CONSUMERS = {
    consumer.name: consumer
    for consumer in (
        Consumer("forward", "forward", "no operator runs it", _runs),
        Consumer("backward", "backward", "no operator gives its gradients", _runs_back),
        Consumer("infer", "infer", "no operator runs it", _runs),
        Consumer("engine", "compile", "the engine has no stage for it", _compiles),
        Consumer("training step", "compile_training", "the step has no stage for it", _compiles),
        Consumer("cost", "cost", "nobody says what it costs", _counts),
        Consumer("memory", "memory", "nobody says what it allocates", _remembers),
        Consumer("weights", "export_weights", "other frameworks' layout is not known", _translates),
        Consumer("ONNX", "export_onnx", "no ONNX node is written for it", _exports),
        Consumer("verify", "verify", "its operator has no checks", _verifies),
    )
}


def grouped(layer: Layer) -> int:
    """Groups of a convolution that is neither standard nor depthwise, 1 for all other layers.

    Only somebody's own kind can be one; it says so by `groups`, or by a weight (K, L, M/G, O).
    """
    if type(layer) in KINDS:
        return 1
    weight, channels = layer.arrays.get("weight", ()), layer.input[-1]
    seen = weight[-2] if len(weight) == 4 else channels
    return layer.groups if layer.groups > 1 else channels // max(seen, 1)


class NotHandled(ValueError, NotImplementedError):
    """A plan has a layer that somebody does not handle; training then takes the plain step."""


def refusal(consumer: str, layer: Layer) -> str:
    """The sentence with which a consumer refuses a layer; "" where it handles it."""
    who = CONSUMERS[consumer]
    if (groups := grouped(layer)) > 1:
        return (
            f"{who.caller}: {layer.name} is a grouped convolution of {groups} groups, which is not "
            "possible here"
        )
    if who.handles(layer):
        return ""
    kind = f"kind {layer.kind or type(layer).__name__!r}"
    what = f"function {layer.function!r}" if isinstance(layer, Activation) else kind
    return f"{who.caller}: {layer.name} is a layer of {what}: {who.lacks}"


def require(consumer: str, layers: Plan | Iterable[Layer]) -> None:
    """NotHandled, a ValueError that names the first layer that the consumer does not handle."""
    asked = set()  # a network has a hundred layers of a dozen sorts
    for layer in layers:
        sort = type(layer), layer.operator
        if sort not in asked and (sentence := refusal(consumer, layer)):
            raise NotHandled(sentence)
        asked.add(sort)


def handles(consumer: str, layers: Plan | Iterable[Layer]) -> bool:
    """Whether a consumer has what it needs for all of these layers."""
    try:
        require(consumer, layers)
    except NotHandled:
        return False
    return True
