"""A graph of ONNX with the shapes of everything in it, and what its nodes multiply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from . import onnx_names

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Array:
    """A stored array."""

    shape: Shape
    floating: bool


_LIST = 2**20  # of a list that computes a shape


class Graph:
    """The nodes of a model, and what is known of each name in it.

    arrays   stored arrays by name
    stored   names of these and of what is only another form of one (onnx_names.CARRIERS)
    """

    def __init__(self, model: Any, path: str, shapes: Sequence[Shape]) -> None:
        import onnx

        self.path = path
        self.nodes = list(model.graph.node)
        floats = {getattr(onnx.TensorProto, x) for x in ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16")}
        self.arrays: dict[str, Array] = {
            x.name: Array(tuple(x.dims), x.data_type in floats) for x in model.graph.initializer
        }
        for node in self.nodes:
            if node.op_type == "Constant":
                for attribute in node.attribute:
                    if attribute.name == "value":
                        tensor = attribute.t
                        array = Array(tuple(tensor.dims), tensor.data_type in floats)
                        self.arrays[node.output[0]] = array
        self._origins: dict[str, str] = {name: name for name in self.arrays}
        for node in self.nodes:
            if node.op_type in onnx_names.CARRIERS and node.input[0] in self._origins:
                self._origins[node.output[0]] = self._origins[node.input[0]]
        self.stored = frozenset(self._origins)
        self._give(model, shapes)
        self._shapes = self._inferred(model)

    def origin(self, name: str) -> str:
        """The stored array that a name is, or is another form of; the name itself of what is computed."""
        return self._origins.get(name, name)

    def shape(self, name: str, node: Any) -> Shape:
        """The shape of a name; ValueError where it could not be inferred."""
        if name in self.arrays:
            return self.arrays[name].shape
        if name not in self._shapes:
            raise ValueError(
                f"{self.path}: {node.op_type} {node.name or node.output[0]}: the shape of {name} cannot "
                "be inferred; give the sizes of all inputs (--input)"
            )
        return self._shapes[name]

    def _give(self, model: Any, shapes: Sequence[Shape]) -> None:
        """Writes the given shapes into the model's inputs; what is inferred follows from these alone."""
        inputs = [x for x in model.graph.input if x.name not in self.arrays]
        if len(shapes) > len(inputs):
            raise ValueError(f"{self.path}: has {len(inputs)} inputs, found {len(shapes)} shapes")
        for place, x in enumerate(inputs):
            sizes = x.type.tensor_type.shape.dim
            if place < len(shapes):
                self._check(x.name, sizes, shapes[place])
                for size, number in zip(sizes, shapes[place], strict=True):
                    size.dim_value = number
            open_sizes = [i for i, size in enumerate(sizes) if not size.dim_value]
            if open_sizes == [0]:
                sizes[0].dim_value = 1
            elif open_sizes:
                said = " x ".join(str(size.dim_value or size.dim_param or "?") for size in sizes)
                raise ValueError(
                    f"{self.path}: input {x.name} has the shape {said}; give its sizes, --input"
                )
        del model.graph.value_info[:]
        for x in model.graph.output:
            x.type.tensor_type.ClearField("shape")

    def _check(self, name: str, sizes: Any, given: Shape) -> None:
        fixed = [size.dim_value for size in sizes]
        if len(fixed) != len(given) or any(
            f not in (0, g) for f, g in zip(fixed, given, strict=True)
        ):
            said = " x ".join(str(size.dim_value or size.dim_param or "?") for size in sizes)
            found = " x ".join(map(str, given))
            raise ValueError(f"{self.path}: input {name} must have the shape {said}, found {found}")

    def _inferred(self, model: Any) -> dict[str, Shape]:
        import onnx

        try:
            full = onnx.shape_inference.infer_shapes(model)
            # lists that compute shapes are short; of a long one onnx would take 40 bytes for each number
            if not any(size > _LIST for size in self._lists(full)):
                full = onnx.shape_inference.infer_shapes(model, data_prop=True)
        except Exception as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ValueError(f"{self.path}: shapes cannot be inferred: {reason}") from None
        found = {}
        for x in (*full.graph.input, *full.graph.value_info, *full.graph.output):
            if x.type.tensor_type.HasField("shape"):
                sizes = [size.dim_value for size in x.type.tensor_type.shape.dim]
                if all(sizes):
                    found[x.name] = tuple(sizes)
        return found

    def _lists(self, model: Any) -> Iterator[int]:
        """Lengths of everything that has one axis."""
        yield from (array.shape[0] for array in self.arrays.values() if len(array.shape) == 1)
        for x in (*model.graph.input, *model.graph.value_info, *model.graph.output):
            sizes = x.type.tensor_type.shape.dim
            if len(sizes) == 1:
                yield sizes[0].dim_value


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes, as Python has them."""
    import onnx

    return {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}


def products(graph: Graph, node: Any) -> int:
    """How many products a node makes: of a convolution, of matrices, of attention, of recurrence."""
    name = node.op_type
    if name not in (*onnx_names.OPERATORS, *onnx_names.MATRICES):
        return 0
    x = graph.shape(node.input[0], node)
    if name in ("LSTM", "GRU", "RNN"):
        steps = prod(x[:2])
        return steps * sum(prod(graph.shape(node.input[i], node)) for i in (1, 2))
    output = graph.shape(node.output[0], node)
    if name in ("Conv", "ConvInteger", "QLinearConv", "ConvTranspose"):
        weight = graph.shape(node.input[onnx_names.WEIGHT.get(name, 1)], node)
        places = x if name == "ConvTranspose" else output
        return x[0] * prod(weight) * prod(places[2:])
    if name in ("Gemm", "QGemm"):
        return prod(output) * x[0 if attributes(node).get("transA", 0) else 1]
    if name in onnx_names.MATRICES:
        return prod(output) * x[-1]
    if name == "Einsum":
        return _einsum(
            attributes(node)["equation"].decode(), [graph.shape(i, node) for i in node.input]
        )
    return _attention(graph, node) if name == "Attention" else 0


def _einsum(equation: str, shapes: list[Shape]) -> int:
    """Every combination of all letters is one product."""
    sizes: dict[str, int] = {}
    for letters, shape in zip(
        equation.split("->")[0].replace(" ", "").split(","), shapes, strict=True
    ):
        if "." in letters:  # axes before the last ones that have no letters
            rest = len(shape) - len(letters.replace("...", ""))
            letters = letters.replace("...", "".join(map(str, range(rest))))
        sizes |= dict(zip(letters, shape, strict=True))
    return prod(sizes.values()) if len(shapes) > 1 else 0


def _attention(graph: Graph, node: Any) -> int:
    """Queries with keys, weights with values; (batch, heads, length, size) or heads side by side."""
    q, k, v = (graph.shape(name, node) for name in node.input[:3])
    if len(q) == 4:
        return prod(q[:3]) * k[2] * (q[3] + v[3])
    heads = attributes(node)
    per_value = v[2] // heads.get("kv_num_heads", heads["q_num_heads"])
    return int(q[0] * q[1] * k[1] * (q[2] + heads["q_num_heads"] * per_value))
