"""TFLite files as a family of weights: which network a file holds, and its arrays as floats.

Batch normalisation is folded when such a file is made, so networks come in without it: in a dialect whose
convolutions have a bias instead.  Names in these files mean nothing; weights are taken in the order in
which the graph multiplies by them, which is the order of our layers, and then the whole graph is laid
beside the plan (tflite_walk), which decides the dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..models.dialect import ACTIVATIONS, Dialect
from ..models.dialects import DIALECTS, KERAS, TF_SLIM
from ..models.layers import Layer
from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from ..quantization.preparing import prepared_plan
from .description import Description, Settled
from .family import Contents, Family, Pairing
from .file_kinds import kind_of, regular
from .tflite_entrance import entrance
from .tflite_integers import integers_of, is_quantised
from .tflite_place import PRODUCTS, Differs, Walk
from .tflite_read import File, Numbers, Operator, Tensor, read_file
from .tflite_said import Said, known_together, said_by
from .tflite_walk import walk


def without_norm(dialect: Dialect) -> Dialect:
    """A dialect as its networks are when batch normalisation is folded, and factors of gates and dropout."""
    changed: Any = {"batch_norm": False, "conv_bias": True}
    changed |= {"gate_slope": 1 / 6, "dropout_mode": "inverted"}
    return replace(dialect, **changed)


_TWIN = ("tutorial-b", "tutorial-e")  # which are others by another name
# the most frequent first: of several that compute the same, the first is taken
OF_FILES = tuple(
    without_norm(dialect)
    for dialect in (
        KERAS,
        *(d for d in DIALECTS.values() if d is not KERAS and d.name not in _TWIN),
    )
)


def layers(network: Plan) -> dict[str, str]:
    """Our names: a file's own say nothing."""
    return {layer.name: layer.name for layer in network.layers if layer.arrays}


def pair(family: Family, network: Plan, tensors: Mapping[str, Array]) -> Pairing:
    """Layers with weights and operators with weights, one by one in their order."""
    del family
    theirs = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    ours = [layer for layer in network.layers if layer.arrays]
    pairs: dict[str, str] = {}
    missing: dict[str, str] = {}
    used = set()
    for k, layer in enumerate(ours):
        name = theirs[k] if k < len(theirs) else "an operator more"
        fits = k < len(theirs) and _same_kind(layer, name)
        for short in layer.arrays:
            if fits and f"{name}.{short}" in tensors:
                pairs[f"{layer.name}.{short}"] = f"{name}.{short}"
            else:
                missing[f"{layer.name}.{short}"] = f"{name}.{short}"
        if fits:
            used |= {f"{name}.weight", f"{name}.bias"}
            bias = tensors.get(f"{name}.bias")
            if "bias" not in layer.arrays and bias is not None and bias.any():
                used.discard(f"{name}.bias")
    return Pairing(pairs, missing, tuple(name for name in tensors if name not in used))


def _same_kind(layer: Layer, name: str) -> bool:
    depthwise = layer.groups > 1 and layer.groups == layer.input[-1]
    return depthwise == ("DEPTHWISE_CONV_2D" in name.split(" "))


def to_ours(layer: Layer, value: Array) -> Array:
    """TFLite's filter in our layout; ValueError where its number of axes cannot be."""
    if value.ndim == 2:
        value = value[:, None, None]
    if value.ndim != 4:
        raise ValueError(f"no layout of this kind of layer has shape {value.shape}")
    if layer.groups > 1 and layer.groups == layer.input[-1]:
        return value[0] if layer.kind == "depthwise" else value.transpose(1, 2, 0, 3)
    value = value.transpose(1, 2, 3, 0)
    if layer.kind in ("pointwise", "dense"):
        if value.shape[:2] != (1, 1):
            raise ValueError(f"no layout of this kind of layer has shape {value.shape}")
        value = value[0, 0]
    return value


def to_theirs(layer: Layer, value: Array, as_conv: bool) -> Array:
    """Our weight in TFLite's layout, where a dense layer is a 1x1 convolution."""
    del as_conv
    if layer.kind in ("pointwise", "dense"):
        return value.T[:, None, None]
    if layer.kind == "depthwise":
        return value[None]
    return value.transpose(3, 0, 1, 2)


def read(path: Path) -> Contents:
    """Arrays as floats, and the graph that decides the dialect.

    ValueError, one line with the file's name, for a file that is missing, damaged, or not TFLite's.
    """
    regular(path)
    kind = kind_of(path)
    if kind.name != "tflite":
        raise ValueError(f"{path}: not a TFLite file: {kind}")
    file, content = read_file(path)
    try:
        tensors = dict(_tensors(file))
        way, said = entrance(file), said_by(path, file, content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    quantised = is_quantised(file)

    def settle(network: Plan, pairs: Mapping[str, str]) -> Settled:
        del pairs
        return _settled(file, said, network)

    def whole(network: Plan) -> Any:
        return integers_of(file, walk(_at(network, way.resolution), file), network)

    notes = () if quantised or not _any_integers(file) else (_HYBRID,)
    description = Description(
        source="the file", dialect=said.dialect, resolution=way.resolution, settle=settle
    )
    return Contents(tensors, notes, description, integers=whole if quantised else None)


_HYBRID = "its weights are integers but not all it computes: they are taken as floats"


def _any_integers(file: File) -> bool:
    return any(x.numbers is not None and x.data is not None for x in file.tensors)


def _tensors(file: File) -> Iterator[tuple[str, Array]]:
    """Weights and biases as floats, in the order in which the graph multiplies by them."""
    for operator in file.operators:
        if operator.kind not in PRODUCTS:
            continue
        name = f"operator {operator.index} {operator.kind}"
        if len(operator.inputs) < 2:
            raise ValueError(f"{operator} has no weight")
        weight = constant(file, operator, operator.inputs[1])
        yield f"{name}.weight", weight
        outputs = weight.shape[-1 if operator.kind == "DEPTHWISE_CONV_2D" else 0]
        bias = np.zeros(outputs, np.float32)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            bias = constant(file, operator, operator.inputs[2])
        if len(bias) != outputs:
            raise ValueError(f"{operator}: {len(bias)} biases, expected {outputs}")
        yield f"{name}.bias", bias


def constant(file: File, operator: Operator, index: int) -> Array:
    """A weight or bias as floats; a bias without numbers of its own has the scale sx sw."""
    if index < 0:
        raise ValueError(f"{operator} has no weight")
    maker, tensor = file.maker.get(index), file.tensors[index]
    if maker is not None and maker.kind == "DEQUANTIZE":  # half precision, made single at the start
        tensor = file.tensors[maker.inputs[0]]
    if tensor.data is None:
        raise ValueError(f"{operator}: {tensor} is no constant")
    if tensor.dtype.startswith("float"):
        return tensor.data.astype(np.float32)
    if tensor.numbers is None and tensor.dtype == "int32":
        tensor = replace(tensor, numbers=_of_bias(file, operator))
    return dequantised(tensor, operator)


def _of_bias(file: File, operator: Operator) -> Numbers | None:
    """The scale of sums of products, sx sw."""
    image, weight = (file.tensors[x].numbers for x in operator.inputs[:2])
    if image is None or weight is None:
        return None
    return Numbers(image.scale[0] * weight.scale, np.zeros(len(weight.scale), np.int64), 0)


def dequantised(tensor: Tensor, operator: Operator) -> Array:
    """scale (q - zero point), with a scale of each channel where there are several."""
    if tensor.numbers is None:
        raise ValueError(
            f"{operator}: {tensor} holds integers, and no scale says what they stand for"
        )
    assert tensor.data is not None
    scale, zeros, axis = tensor.numbers
    sides = [1] * tensor.data.ndim
    if len(scale) > 1:
        sides[axis] = len(scale)
    real = tensor.data.astype(np.float64) - zeros.reshape(sides)
    return (real * scale.astype(np.float64).reshape(sides)).astype(np.float32)


def _settled(file: File, said: Said, network: Plan) -> Settled:
    """The first dialect whose network is the graph, of all with the same arrays; else Differs."""
    way = entrance(file)
    nearest: Differs | None = None
    for dialect in _candidates(said, network):
        changed: Any = {**network.asked, "dialect": dialect}
        made = plan(**changed)
        if made.arrays != network.arrays:
            continue
        try:
            found = walk(_at(made, way.resolution), file)
            facts = _facts(file, found, made) | said.facts
            way.reaches(file, found.places["image"].tensor)
        except Differs as error:
            if nearest is None or error.laid > nearest.laid:
                nearest = error
            continue
        return Settled(
            plan=made,
            images=known_together(said, way.images(file, made.channels)),
            facts=facts,
            notes=said.notes,
            class_names=said.names(made.classes) if made.include_top else None,
            unreadable=way.unreadable,
            sigmoid=made.classes == 1 and found.outcome == "LOGISTIC",
        )
    raise nearest or ValueError("no dialect has a network with these arrays")


def _candidates(said: Said, network: Plan) -> Iterator[Dialect]:
    """What the plan has, what the number of classes makes likely, all others; then other activations."""
    version = network.family.version
    first = [network.dialect]
    if network.classes == 1001 and said.dialect is None:
        first.insert(0, without_norm(TF_SLIM))
    known = [*first, *OF_FILES]
    able = [dialect for dialect in known if version in dialect.versions]
    yield from able
    for dialect in able:
        for activation in ACTIVATIONS:
            changed: Any = {"activation": activation}
            yield replace(dialect, **changed)


def _at(network: Plan, resolution: tuple[int, int] | None) -> Plan:
    """The plan as the graph should have it: at the file's own resolution."""
    asked = network.asked
    return prepared_plan(plan(**{**asked, "resolution": resolution or asked["resolution"]}))


def _facts(file: File, found: Walk, network: Plan) -> dict[str, Any]:
    """What the graph says, for whoever lists it."""
    kinds = {file.tensors[op.inputs[1]].dtype for op in found.operators.values()}
    facts: dict[str, Any] = {"weights": " and ".join(sorted(kinds))}
    several = any(
        numbers is not None and len(numbers.scale) > 1
        for numbers in (file.tensors[op.inputs[1]].numbers for op in found.operators.values())
    )
    if several:
        facts["scales"] = "per channel"
    if network.include_top:
        facts["outputs"] = {"SOFTMAX": "probabilities", "LOGISTIC": "sigmoid"}.get(
            found.outcome, "logits"
        )
    return facts
