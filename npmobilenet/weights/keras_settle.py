"""What a Keras model's description decides: the switches of the dialect, and what is refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, TypeVar

from ..models.layers import Activation, BatchNorm, Conv, Depthwise, Dropout, GlobalAveragePool
from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from ..ops.window import Sides, window
from .description import Description, Settled
from .keras_config import read_graph
from .keras_graph import Graph
from .keras_images import Entrance, adapted_only, entrance
from .keras_walk import OF_KERAS, Unknown, Walk, names_agree, walk

T = TypeVar("T")
_OUTCOMES = ("softmax", "linear")
_Windowed = Conv | Depthwise


def described_by(
    text: str, version: str, adapted: Mapping[str, Array], training: str = ""
) -> Description:
    """What a file says of itself: its model_config and training_config ("" for none), and the numbers
    of its Normalization.

    ValueError, one line, for a description that is damaged or none of an image classifier.
    """
    if not text:
        known, notes = adapted_only(adapted)
        return Description(
            settle=lambda network, _: Settled(plan=network, images=known, notes=notes)
        )
    graph = read_graph(text, version, training)
    way = _in_one_line(entrance, graph, adapted)
    return Description(
        source="model_config",
        resolution=way.resolution,
        settle=partial(_in_one_line, settle, graph, way),
    )


def _in_one_line(do: Callable[..., T], *arguments: Any) -> T:
    """What `do` finds; of settings that have another type than Keras' a ValueError."""
    try:
        return do(*arguments)
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise ValueError(
            f"model_config: a setting that Keras does not write ({error!r:.100})"
        ) from None


def settle(graph: Graph, way: Entrance, network: Plan, pairs: Mapping[str, str]) -> Settled:
    """The plan as the graph has it; pairs: our array -> the file's.

    ValueError, naming the layer, for what no plan computes.
    """
    if graph.opaque:
        return _unsaid(network, way, f"the file is of a class of its own ({graph.opaque})")
    try:
        found = walk(network, graph)
    except Unknown as error:
        if error.node.kind not in OF_KERAS and _has_arrays(error.node.name, pairs):
            first = [node for node in graph.nodes.values() if way.last in node.inputs]
            strange = [str(node) for node in first if not _has_arrays(node.name, pairs)]
            why = f"{strange[0]} stands before the network" if strange else way.trouble
            return _unsaid(network, way, f"{error.node} is of a class of its own", why)
        raise
    theirs = {ours.rpartition(".")[0]: name.rpartition("/")[0] for ours, name in pairs.items()}
    names_agree(found, theirs, graph)
    of_logit = found.outcome == "linear" and graph.logits
    sigmoid = network.classes == 1 and (found.outcome == "sigmoid" or of_logit)
    if found.outcome not in _OUTCOMES and not sigmoid:
        raise ValueError(
            f"the model ends in {found.outcome}; predictions here are softmax, of one class among several"
        )
    settled = _dialect(network, found)
    if _shape_of(settled) != _shape_of(network):  # other strides leave other residuals
        found = walk(settled, graph)
    settled = _padded(settled, found)
    _check(settled, found)
    return Settled(
        plan=settled,
        images=way.known,
        facts=way.size | _facts(settled, found) | way.facts,
        notes=way.notes,
        unreadable=way.why_not(graph, found.image),
        sigmoid=sigmoid,
    )


def _unsaid(network: Plan, way: Entrance, why: str, unreadable: str = "") -> Settled:
    """Where layers are of classes that only their author knows: what is before them counts."""
    note = f"warning: {why}, so that activation, epsilon and padding are assumed, not read"
    return Settled(
        plan=network,
        images=way.known,
        facts=way.size | way.facts,
        notes=(*way.notes, note),
        unreadable=unreadable,
    )


def _has_arrays(layer: str, pairs: Mapping[str, str]) -> bool:
    own = layer.rpartition("/")[2]
    return any(own in name.split("/")[:-1] for name in pairs.values())


def _shape_of(network: Plan) -> list[str]:
    return [layer.name for layer in network.layers if not isinstance(layer, Dropout)]


def _dialect(network: Plan, found: Walk) -> Plan:
    """The plan with strides, activations and normalisation as the graph has them."""
    settings, switches = found.settings, dict[str, Any]()
    row, column = settings["stem"]["stride"]
    if row == column:
        switches["stem_stride"] = row
    steps = [settings[x.name]["stride"] for x in network.layers if isinstance(x, Depthwise)]
    switches["block_strides"] = not steps or any(step != (1, 1) for step in steps)
    usual = network.dialect.activation
    for layer in network.layers:
        at = settings.get(layer.name, {})
        if isinstance(layer, BatchNorm) and "bn_eps" not in switches:
            switches["bn_eps"] = at["epsilon"]
        elif isinstance(layer, Activation):
            if layer.name.endswith(".gate"):
                switches.setdefault("gate_slope", at["slope"])
            elif layer.name.endswith(".squeeze_activation"):
                switches.setdefault("squeeze_activation", _squeezing(network, layer.name, at))
            elif layer.function == usual:
                switches.setdefault("activation", at["function"])
    if len(momenta := _momenta(found)) == 1:  # of training alone
        switches["bn_momentum"] = round(1 - momenta.pop(), 12)
    if network.include_top:
        switches["dropout"] = _rate(found.rates)
    switches = {k: v for k, v in switches.items() if v is not None}
    return _remade(network, **switches)


def _squeezing(network: Plan, name: str, at: Mapping[str, Any]) -> str:
    block = network[f"{name.rpartition('.')[0]}.depthwise_activation"]
    same = isinstance(block, Activation) and block.function == at["function"]
    return "block" if same and at["function"] != "relu" else "relu"


def _rate(rates: list[Any]) -> float | None:
    """The one rate of dropout before the classifier; None where there is no single one."""
    if not rates:
        return 0.0
    numbers = all(isinstance(x, int | float) and 0 <= x < 1 for x in rates)
    return float(rates[0]) if len(rates) == 1 and numbers else None


def _remade(network: Plan, **switches: Any) -> Plan:
    return plan(**{**network.asked, "dialect": replace(network.dialect, **switches)})


def _padded(network: Plan, found: Walk) -> Plan:
    """The plan whose zeros lie where the graph's do; the family's own where none does."""
    own = network.dialect.padding, network.dialect.strided_padding
    others = product(("same", "symmetric"), (None, "symmetric", (0, 1, 0, 1)))
    for padding, strided in (own, *others):
        tried = _remade(network, padding=padding, strided_padding=strided)
        if all(
            layer.window.sides == _sides(layer, found)
            for layer in tried.layers
            if isinstance(layer, _Windowed)
        ):
            return tried
    return network


def _sides(layer: _Windowed, found: Walk) -> Sides:
    """The zeros above, below, left and right of a convolution in the graph."""
    at = found.settings[layer.name]
    zeros: Sides = at["zeros"]
    if not at["same"]:
        return zeros
    top, bottom, left, right = zeros
    height, width, _ = layer.input
    size = height + top + bottom, width + left + right
    more = window(layer.name, size, at["kernel"], at["stride"], "same").sides
    return top + more[0], bottom + more[1], left + more[2], right + more[3]


def _check(network: Plan, found: Walk) -> None:
    """ValueError for the first layer that the plan computes otherwise than the graph."""
    for layer in network.layers:
        at, node = found.settings.get(layer.name, {}), found.nodes.get(layer.name)
        pairs: list[tuple[str, Any, Any]] = []
        if isinstance(layer, BatchNorm):
            pairs = [("epsilon", at["epsilon"], layer.eps)]
        elif isinstance(layer, Activation):
            pairs = [("activation", at["function"], layer.function)]
            if layer.function == "hard_sigmoid":
                pairs += [("slope", at["slope"], layer.slope or 1 / 6)]
        elif isinstance(layer, _Windowed):
            pairs = [(name, at[name], getattr(layer, name)) for name in ("kernel", "stride")]
            pairs += [("padding", _sides(layer, found), layer.window.sides)]
        elif isinstance(layer, GlobalAveragePool) and "covers" in at:
            pairs = [("pooling", at["covers"], layer.input[:2])]
        for name, theirs, ours in pairs:
            if theirs != ours:
                raise ValueError(
                    f"{node}: {name} {theirs}, where {network.model} at "
                    f"{network.resolution[0]} x {network.resolution[1]} has {ours} ({layer.name}); "
                    "no plan describes such a network"
                )


def _facts(network: Plan, found: Walk) -> dict[str, Any]:
    """What was read; momentum and dropout, where layers differ, are none of it."""
    dialect = network.dialect
    facts = {
        "activation": dialect.activation,
        "bn_eps": dialect.bn_eps,
        "bn_momentum": dialect.bn_momentum,
        "padding": dialect.padding,
        "dropout": dialect.dropout,
        "output": found.outcome if network.include_top else "features",
    }
    if len(_momenta(found)) != 1:
        del facts["bn_momentum"]
    if _rate(found.rates) is None or not network.include_top:
        del facts["dropout"]
    return facts


def _momenta(found: Walk) -> set[float]:
    return {at["momentum"] for at in found.settings.values() if "momentum" in at}
