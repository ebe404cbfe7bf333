"""A plan laid beside the graph of a Keras model, from the end to the image.

Names play no part: each of our layers is looked for where the graph has it.  What comes back is what the
graph says of every layer; ValueError where it does what no plan does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pair,
    Pointwise,
    Scale,
)
from ..models.network_plan import Plan
from ..ops.checks import real
from ..ops.window import Sides
from .keras_graph import ARITHMETIC, Graph, Node

_NORMS = (
    "BatchNormalization",
    "BatchNormalizationV1",
    "BatchNormalizationV2",
    "SyncBatchNormalization",
)


OF_KERAS = (*_NORMS, "Activation", "Conv2D", "Dense", "DepthwiseConv2D", "SeparableConv2D")


class Unknown(ValueError):
    """A layer of which nothing is known but its class."""

    def __init__(self, node: Node, expected: str) -> None:
        self.node = node
        super().__init__(f"{node} stands where a MobileNet has {expected}")


@dataclass
class Walk:
    """What a graph says of a plan's layers, by our names.

    nodes     the layer of theirs
    settings  what counts of it: "function", "epsilon", "stride", ...
    rates     of dropout before the classifier
    image     the node that gives the first convolution its input
    outcome   the activation behind the classifier, "linear" where there is none
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    image: str = ""
    outcome: str = "linear"


def walk(plan: Plan, graph: Graph) -> Walk:
    """Lay the plan beside the graph; Unknown, a ValueError, where the graph is of another shape."""
    found = Walk()
    places = {plan.layers[-1].name: _end(plan, graph, found)}
    for layer in reversed(plan.layers):
        if isinstance(layer, Dropout):
            places[layer.inputs[0]] = places[layer.name]
            continue
        flat = len(layer.output) == 1
        key = graph.skip(
            places[layer.name],
            pixels=not flat,
            rates=found.rates if layer.name in ("pool", "head_activation") else None,
        )
        sources = _one(layer, key, graph, found)
        for source, place in zip(layer.inputs, sources, strict=True):
            if source in places and graph.skip(places[source]) != graph.skip(place):
                raise Unknown(graph.nodes[graph.skip(place)], f"what {layer.name} takes")
            places.setdefault(source, place)
    found.image = places["image"]
    return found


def _end(plan: Plan, graph: Graph, found: Walk) -> str:
    """Where the plan's last layer is: before the softmax; without a top also before a pooling."""
    key = graph.skip(graph.output, pixels=False)
    if not plan.include_top:
        pooled = graph.nodes[key].kind == "GlobalAveragePooling2D"
        return graph.nodes[key].inputs[0] if pooled else graph.output
    if function := graph.function(key):
        found.outcome = function.name
        return function.source
    return key


def _one(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    """Note what the graph has for one layer -> the nodes that feed it, in the layer's order."""
    found.nodes[layer.name] = graph.nodes[key]
    found.settings[layer.name] = {}
    return _KINDS[type(layer)](layer, key, graph, found)


def _arithmetic(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    wanted, words = _ARITHMETIC_OF[type(layer)]
    if ARITHMETIC.get(graph.nodes[key].kind) != wanted:
        raise Unknown(graph.nodes[key], words)
    return graph.deeper_last(key)


def _activation(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    function = graph.function(key)
    if function is None:
        raise Unknown(graph.nodes[key], "an activation")
    found.settings[layer.name] |= {"function": function.name, "slope": function.slope}
    return (function.source,)


def _batch_norm(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    node = _fed_by_one(layer, graph.nodes[key])
    if node.kind not in _NORMS:
        raise Unknown(node, "a batch normalisation")
    _axis(node)
    found.settings[layer.name] |= {
        "epsilon": _number(node, "epsilon", 1e-3),
        "momentum": _number(node, "momentum", 0.99),
    }
    return node.inputs


def _product(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    node = _fed_by_one(layer, graph.nodes[key])
    if isinstance(layer, Dense) and node.kind == "Dense":
        return node.inputs
    if node.kind != ("DepthwiseConv2D" if isinstance(layer, Depthwise) else "Conv2D"):
        raise Unknown(node, f"a convolution ({layer.kind})")
    return (_convolution(layer, node, graph, found.settings[layer.name]),)


def _fed_by_one(layer: Layer, node: Node) -> Node:
    if len(node.inputs) != 1:
        raise Unknown(node, f"a layer with one input ({layer.kind})")
    return node


def _convolution(layer: Layer, node: Node, graph: Graph, settings: dict[str, Any]) -> str:
    """Stride and padding of a convolution; that of ZeroPadding2D before it is its own."""
    if (groups := node.config.get("groups", 1)) not in (1, None):
        raise ValueError(
            f"{node}: a grouped convolution, groups {groups!r:.60}, is not possible here"
        )
    _refuse(node, dilation_rate=(1, 1), depth_multiplier=1, data_format="channels_last")
    settings["kernel"] = _pair(node, "kernel_size")
    settings["stride"] = _pair(node, "strides")
    settings["same"] = node.config.get("padding") == "same"
    if node.config.get("padding") not in ("same", "valid"):
        raise ValueError(f"{node}: padding {node.config.get('padding')!r:.60} is not possible here")
    source = node.inputs[0]
    if isinstance(layer, Dense | Pointwise):
        if settings["kernel"] != (1, 1) or settings["stride"] != (1, 1):
            raise ValueError(
                f"{node}: kernel {settings['kernel']} and stride {settings['stride']}, where a "
                "MobileNet has a 1x1 convolution"
            )
        return source
    settings["zeros"] = (0, 0, 0, 0)
    before = graph.nodes[graph.skip(source)]
    if before.kind == "ZeroPadding2D" and len(before.inputs) == 1:
        settings["zeros"], source = _zeros(before), before.inputs[0]
    return source


def _pool(layer: Layer, key: str, graph: Graph, found: Walk) -> tuple[str, ...]:
    """Global pooling by whichever layer; none at all where the map is one pixel."""
    node = graph.nodes[key]
    if node.kind == "GlobalAveragePooling2D":
        _refuse(node, data_format="channels_last")
    elif node.kind == "AveragePooling2D":
        found.settings[layer.name]["covers"] = _pair(node, "pool_size")
    else:  # Flatten has been passed over
        found.settings[layer.name]["covers"] = (1, 1)
        places = [n for n in graph.nodes.values() if n.kind in ("Flatten", "Reshape")]
        if not places:
            raise Unknown(node, "a global average pooling")
        found.nodes[layer.name] = places[0]
        return (key,)
    return (node.inputs[0],)


_ARITHMETIC_OF = {Add: ("add", "an addition"), Scale: ("multiply", "a product")}
# what is noted of each kind; dropout has been passed over
_KINDS: dict[type[Layer], Callable[[Layer, str, Graph, Walk], tuple[str, ...]]] = {
    Conv: _product,
    Depthwise: _product,
    Pointwise: _product,
    Dense: _product,
    BatchNorm: _batch_norm,
    Activation: _activation,
    GlobalAveragePool: _pool,
    Add: _arithmetic,
    Scale: _arithmetic,
}


def _refuse(node: Node, **only: Any) -> None:
    """ValueError unless each of a layer's settings, where it is there, has the one value possible."""
    for name, wanted in only.items():
        found = node.config.get(name, wanted)
        if (tuple(found) if isinstance(found, list) else found) not in (wanted, None):
            raise ValueError(f"{node}: {name} {found!r:.60} is not possible here, only {wanted!r}")


def _axis(node: Node) -> None:
    axis = node.config.get("axis", -1)
    if axis not in (-1, 3, [3], [-1]):
        raise ValueError(f"{node}: normalises along axis {axis!r:.60}, channels are the last here")


def _pair(node: Node, name: str) -> Pair:
    value = node.config.get(name)
    pair = [value, value] if isinstance(value, int) else value
    if (
        not isinstance(pair, list)
        or len(pair) != 2
        or not all(isinstance(x, int) and 0 < x < 1000 for x in pair)
    ):
        raise ValueError(f"{node}: {name} must be two small integers, found {value!r:.60}")
    return pair[0], pair[1]


def _zeros(node: Node) -> Sides:
    value = node.config.get("padding")
    if isinstance(value, int):
        value = [value, value]
    try:
        rows, columns = ([x, x] if isinstance(x, int) else x for x in value)  # type: ignore[union-attr]
        sides = (*rows, *columns)
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != 4 or not all(isinstance(x, int) and 0 <= x < 100 for x in sides):
        raise ValueError(f"{node}: padding must be four small numbers, found {value!r:.60}")
    return sides[0], sides[1], sides[2], sides[3]


def _number(node: Node, name: str, usual: float) -> float:
    value = node.config.get(name, usual)
    if not real(value) or not 0 < value < 1:
        raise ValueError(f"{node}: {name} must be between 0 and 1, found {value!r:.60}")
    return float(value)


def names_agree(walk: Walk, theirs: Mapping[str, str], graph: Graph) -> None:
    """ValueError where arrays were found under the name of one layer, and the graph has another there.

    theirs: our layer -> the layer in the file.  The first files of Keras 3 number layers anew, so
    that names count only where the file has exactly the graph's.
    """
    found = {name.rpartition("/")[2] for name in theirs.values()}
    if found != {walk.nodes[ours].name.rpartition("/")[2] for ours in theirs}:
        return
    for ours, name in theirs.items():
        if name.rpartition("/")[2] != walk.nodes[ours].name.rpartition("/")[2]:
            raise ValueError(f"the arrays of {name} belong where the model has {walk.nodes[ours]}")
