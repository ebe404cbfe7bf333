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

from ..models.dialect import ACTIVATIONS, Dialect
from ..models.dialects import TF_SLIM
from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from ..quantization.preparing import prepared_plan
from .description import Description, Settled
from .family import Contents, Family, Pairing
from .file_kinds import kind_of, regular
from .tflite_arrays import DEPTHWISE, depthwise, floats
from .tflite_dialects import OF_FILES, without_norm
from .tflite_entrance import entrance
from .tflite_file import File
from .tflite_integers import integers_of, is_quantised
from .tflite_place import Differs, Walk
from .tflite_read import read_file
from .tflite_said import Said, known_together, said_by
from .tflite_walk import walk


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
        fits = k < len(theirs) and depthwise(layer) == (DEPTHWISE in name.split(" "))
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
        tensors = dict(floats(file))
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
        source="the file", plan=said.plan, resolution=way.resolution, settle=settle
    )
    return Contents(tensors, notes, description, integers=whole if quantised else None)


_HYBRID = "its weights are integers but not all it computes: they are taken as floats"


def _any_integers(file: File) -> bool:
    return any(x.numbers is not None and x.data is not None for x in file.tensors)


def _settled(file: File, said: Said, network: Plan) -> Settled:
    """The first dialect whose network is the graph, of all with the same arrays; else Differs."""
    way = entrance(file)
    nearest: Differs | None = None
    for dialect in _candidates(said, network):
        changed: Any = {**network.asked, "dialect": dialect}
        try:
            made = plan(**changed)
        except ValueError:  # windows larger than its images
            continue
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
    if network.classes == 1001 and said.plan is None:
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
