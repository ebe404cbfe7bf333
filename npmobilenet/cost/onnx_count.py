"""The count of an ONNX file: one operation for each node, by the shapes that onnx itself infers.

    count_onnx("model.onnx", [(1, 3, 224, 224)])

A node is seen as if the module of torch.nn of the same name had made it, so that every convention can
count it: a `Conv` is nn.Conv2d, a `MatMul` by a stored matrix nn.Linear, one of two computed ones `@`.
Parameters are the stored arrays that are weights, each once; scales and zero points of a quantised file
are none, nor are the shapes and limits that a graph stores beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from ..text import names_visible
from . import onnx_names
from .brought import Brought, Place, operation
from .onnx_products import Graph, attributes, products
from .operations import Operation
from .torch_count import ModuleCost, Unknown


@names_visible
def count_onnx(path: str | Path, shapes: Sequence[tuple[int, ...]] = ()) -> ModuleCost:
    """What a graph costs for inputs of these shapes, in the order of its inputs.

    Sizes that the file leaves open must be given, but for the first of all, the batch, which is 1 then.
    ValueError, one line with the file, where it is no ONNX file, shapes do not fit or none can be
    inferred; also without the package onnx.
    """
    graph = Graph(_read(path), str(path), shapes)
    unknown: Counter[str] = Counter()
    claimed: set[str] = set()
    found = []
    for number, node in enumerate(graph.nodes):
        standard = node.domain in ("", "ai.onnx", "com.microsoft")
        counted = node.op_type in (*onnx_names.OPERATORS, *onnx_names.MATRICES)
        if node.op_type in onnx_names.UNCOUNTED or not (counted or standard) or (
            node.domain == "com.microsoft" and not counted
        ):  # fmt: skip
            unknown[node.op_type] += 1
        found.append(_operation(graph, node, number, claimed))
    listed = tuple(Unknown(name, "node", calls, 0) for name, calls in unknown.items())
    return ModuleCost(Brought(Path(path).name, tuple(x for x in found if x)), listed)


def _read(path: str | Path) -> Any:
    try:
        import onnx
    except ImportError:
        raise ValueError('ONNX files need onnx: pip install "npmobilenet[onnx]"') from None
    try:
        model = onnx.load(str(path), load_external_data=False)
    except OSError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path}: cannot be read as ONNX: {reason}") from None
    if not model.graph.node:
        raise ValueError(f"{path}: cannot be read as ONNX: it has no nodes")
    return model


def _operation(graph: Graph, node: Any, number: int, claimed: set[str]) -> Operation | None:
    """A node that multiplies, has parameters, or is of a kind that some convention counts."""
    params = _params(graph, node, claimed)
    if node.op_type in onnx_names.MATRICES:
        weight = node.input[onnx_names.WEIGHT.get(node.op_type, 1)]
        stored = weight in graph.stored or node.input[0] in graph.stored
        names = onnx_names.STORED if stored else onnx_names.COMPUTED
    elif node.op_type in onnx_names.OPERATORS:
        names = onnx_names.OPERATORS[node.op_type]
    elif params:
        names = (node.op_type.lower(), "", "", "", "")
    else:
        return None
    kind, of_class, function, op, aten = names
    x, y = graph.shape(node.input[0], node), graph.shape(node.output[0], node)
    sizes = {"products": products(graph, node), "inputs": prod(x), "outputs": prod(y)}
    if kind == "conv":
        kind = _convolution(graph, node)
    _add_sizes(graph, node, params, sizes)
    seen = {"class": of_class, "outermost": of_class, "op": op, "function": function, "aten": aten}
    seen = {side: name for side, name in seen.items() if name or side == "class"}
    _leaf(graph, node, seen, sizes)
    place = Place(node.name or f"{node.op_type}_{number}", kind, x, y)
    return operation(place, sizes, params, **seen)


def _convolution(graph: Graph, node: Any) -> str:
    """This project's name for a convolution."""
    weight = graph.shape(node.input[onnx_names.WEIGHT.get(node.op_type, 1)], node)
    groups = attributes(node).get("group", 1)
    if groups == weight[0] > 1 and weight[1] == 1:
        return "depthwise"
    if groups == 1:
        return "pointwise" if all(size == 1 for size in weight[2:]) else "conv"
    return "grouped conv"


def _add_sizes(graph: Graph, node: Any, params: dict[str, int], sizes: dict[str, int]) -> None:
    """Additions of a bias, numbers of a state, rows of a softmax."""
    bias = next(
        (i for i, part in onnx_names.PARTS.get(node.op_type, {}).items() if part == "bias"), 0
    )
    if node.op_type in ("LSTM", "GRU", "RNN"):
        steps = prod(graph.shape(node.input[0], node)[:2])
        directions, _, hidden = graph.shape(node.input[2], node)
        sizes["states"] = steps * directions * hidden
        if len(node.input) > 3 and node.input[3]:
            sizes["bias_adds"] = steps * prod(graph.shape(node.input[3], node))
    elif bias and len(node.input) > bias and node.input[bias]:
        sizes["bias_adds"] = sizes["outputs"]
    elif node.op_type == "Softmax":
        axis = attributes(node).get("axis", -1)
        sizes["rows"] = sizes["inputs"] // graph.shape(node.input[0], node)[axis]


def _leaf(graph: Graph, node: Any, seen: dict[str, str], sizes: dict[str, int]) -> None:
    """How a module of this node's parameters looks to who counts parameters."""
    own = [prod(graph.shape(name, node)) for name in node.input[1:] if name in graph.stored]
    if node.op_type == "BatchNormalization":
        own = own[:2]
    if not own or seen.get("class") == "":
        return
    output = graph.shape(node.output[0], node)
    if seen["op"] in ("conv", "transposed conv"):
        seen["leaf"] = seen["op"]
        sizes["filter_places"] = own[0] * prod(output[:1] + output[2:])
    elif seen["class"] in ("lstm", "gru", "rnn"):
        seen["leaf"] = "other"
        sizes["weights_a_step"] = sum(own) * prod(graph.shape(node.input[0], node)[:2])
    elif sum(own) * output[0] == sizes["products"] + sizes.get("bias_adds", 0):
        seen["leaf"] = "dense"
    else:
        seen["leaf"] = "other"
        sizes["weights_a_sample"] = sum(own) * output[0]


def _params(graph: Graph, node: Any, claimed: set[str]) -> dict[str, int]:
    """Stored arrays that nobody has claimed yet, in parts."""
    found: dict[str, int] = {}
    parts = onnx_names.PARTS.get(node.op_type, {})
    for place, name in enumerate(node.input):
        origin = graph.origin(name)
        array = graph.arrays.get(origin)
        if (
            array is None
            or origin in claimed
            or place in onnx_names.QUANTISED.get(node.op_type, ())
        ):
            continue
        if node.op_type in onnx_names.CARRIERS:
            continue  # whoever uses what comes out has it
        multiplies = node.op_type in (*onnx_names.OPERATORS, *onnx_names.MATRICES)
        if not (array.floating or multiplies) or (prod(array.shape) == 1 and not multiplies):
            continue
        claimed.add(origin)
        part = parts.get(place, "weights")
        found[part] = found.get(part, 0) + prod(array.shape)
    return found
