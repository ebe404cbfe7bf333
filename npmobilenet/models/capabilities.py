"""Who can do what with which kind of layer.  Who cannot says so, in one sentence, before any work.

Each consumer of a plan has a table by kind in its own room, and a `Consumer` beside it, by which it
asks.  docs/capabilities.md is the whole table, made by capability_table.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .layers import KINDS, Activation, Layer

if TYPE_CHECKING:
    from .network_plan import Plan


@dataclass(frozen=True)
class Consumer:
    """Who reads a plan.  caller: what its errors begin with.  lacks: what it has not got for a layer."""

    name: str
    caller: str
    lacks: str
    handles: Callable[[Layer], bool]


# macs and arrays are facts of the kind
COST = Consumer("cost", "cost", "nobody says what it costs", lambda layer: type(layer) in KINDS)


def grouped(layer: Layer) -> int:
    """Groups of a convolution that is neither standard nor depthwise, 1 for all other layers.

    Only somebody's own kind can be one; it says so by `groups`, or by a weight (K, L, M/G, O).
    """
    if type(layer) in KINDS:
        return 1
    weight, channels = layer.arrays.get("weight", ()), layer.input[-1]
    if layer.groups == channels:
        return 1  # a depthwise one
    seen = weight[-2] if len(weight) == 4 else channels
    return layer.groups if layer.groups > 1 else channels // max(seen, 1)


class NotHandled(ValueError, NotImplementedError):
    """A plan has a layer that somebody does not handle; training then takes the plain step."""


def refusal(who: Consumer, layer: Layer) -> str:
    """The sentence with which a consumer refuses a layer; "" where it handles it."""
    if (groups := grouped(layer)) > 1:
        return (
            f"{who.caller}: {layer.name} is a grouped convolution of {groups} groups, which is not "
            "possible here"
        )
    if who.handles(layer):
        return ""
    kind = f"kind {(layer.kind if type(layer) in KINDS else type(layer).__name__)!r}"
    what = f"function {layer.function!r}" if isinstance(layer, Activation) else kind
    return f"{who.caller}: {layer.name} is a layer of {what}: {who.lacks}"


def require(who: Consumer, layers: Plan | Iterable[Layer]) -> None:
    """NotHandled, a ValueError that names the first layer that the consumer does not handle."""
    asked = set()  # a network has a hundred layers of a dozen sorts
    for layer in layers:
        sort = type(layer), layer.operator
        if sort not in asked and (sentence := refusal(who, layer)):
            raise NotHandled(sentence)
        asked.add(sort)


def handles(who: Consumer, layers: Plan | Iterable[Layer]) -> bool:
    """Whether a consumer has what it needs for all of these layers."""
    try:
        require(who, layers)
    except NotHandled:
        return False
    return True
