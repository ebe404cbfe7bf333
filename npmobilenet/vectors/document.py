"""The manifest: what lies in a folder of vectors, and all that has to be known to compute it again.

`entry_of` makes the part of one layer of its `Case`, `case_from` a `Case` of such a part and arrays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from ..text import displayed, of_json, read_text
from .outputs import Back
from .sums import SUMMED, Case, operands
from .wording import FILES, OPERATORS, RULES

FORMAT = 1  # of the manifest; another one is refused
MANIFEST = "manifest.json"
INPUTS = ("input", "input_2")
MAP, ROW = ("n", "y", "x", "c"), ("n", "c")
WINDOWS = (
    "conv2d",
    "grouped_conv2d",
    "depthwise_conv2d",
    "pointwise_conv2d",
    "avg_pool2d",
    "max_pool2d",
)
FILTERS = {
    "conv2d": ("ky", "kx", "in", "out"),
    "grouped_conv2d": ("ky", "kx", "in", "out"),
    "depthwise_conv2d": ("ky", "kx", "c"),
    "pointwise_conv2d": ("in", "out"),
    "dense": ("in", "out"),
}


@dataclass(frozen=True)
class Tensor:
    """One array of a layer: its numbers, what its axes are called, and how reals are stored in it."""

    values: Array
    axes: tuple[str, ...]
    numbers: Quantization | None = None


def tensors_of(
    case: Case, back: Back | None, sums: Array | None, output: Array, table: Array | None
) -> dict[str, Tensor]:
    """All arrays of a layer by their names, in the order in which hardware meets them."""
    found = {
        name: Tensor(x, _axes(x), q)
        for name, x, q in zip(INPUTS, case.inputs, case.x_q, strict=False)
    }
    if case.weight is not None:
        found["weight"] = Tensor(case.weight, FILTERS[case.operator], case.w_q)
        assert case.bias is not None
        found["bias"] = Tensor(case.bias, (FILTERS[case.operator][-1],))
    if case.operator == "add":
        found |= {name: Tensor(values, ("operand",)) for name, values in operands(case).items()}
    for name in ("multiplier", "shift", "factor"):
        numbers = getattr(back, name) if back else None
        if numbers is not None:
            found["area" if back and back.rule == "area" else name] = _numbers(numbers)
    if table is not None:
        found["table"] = Tensor(table, ("byte",), case.y_q)
    if sums is not None:
        found["accumulators"] = Tensor(sums, _axes(sums))
    found["output"] = Tensor(output, _axes(output), case.y_q)
    return found


def _axes(values: Array) -> tuple[str, ...]:
    return MAP if values.ndim == 4 else ROW


def _numbers(values: Array) -> Tensor:
    flat = values.reshape(values.shape[:2]) if values.ndim == 3 else values
    return Tensor(flat, ("y", "x") if flat.ndim == 2 else ("c",))


def entry_of(
    name: str,
    kind: str,
    sources: tuple[str, ...],
    case: Case,
    back: Back | None,
    tensors: Mapping[str, Tensor],
    accumulator: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A layer's part of the manifest."""
    entry: dict[str, Any] = {"name": name, "kind": kind, "operator": case.operator}
    entry["inputs"] = list(sources)
    if case.inputs[0].ndim == 4 and case.operator in WINDOWS:
        sides = dict(zip(("top", "bottom", "left", "right"), case.sides, strict=True))
        entry["kernel"], entry["stride"] = list(case.kernel), list(case.stride)
        entry["padding"] = {**sides, "value": case.pad}
    if case.operator == "grouped_conv2d":
        entry["groups"] = case.groups
    entry["activation"] = case.activation
    if case.flat:
        entry["flat"] = True
    if back:
        entry["requantise"] = back.rule
        entry["zero_point"], entry["clamp"] = back.zero, [back.low, back.high]
    if accumulator:
        entry["accumulator"] = dict(accumulator)
    if case.between:
        entry["between"] = {key: _stored(q) for key, q in case.between.items()}
    entry["tensors"] = {key: _about(f"{name}/{key}", tensor) for key, tensor in tensors.items()}
    return entry


def _about(file: str, tensor: Tensor) -> dict[str, Any]:
    values = tensor.values
    found = {"file": file, "dtype": str(values.dtype), "bits": 8 * values.dtype.itemsize}
    found |= {"shape": list(values.shape), "axes": list(tensor.axes)}
    return found | (_stored(tensor.numbers) if tensor.numbers else {})


def _stored(q: Quantization) -> dict[str, Any]:
    return {"dtype": q.dtype, "scale": list(q.scale), "zero_point": list(q.zero_point)}


def manifest_of(
    about: Mapping[str, Any], rounding: str, layers: list[dict[str, Any]]
) -> dict[str, Any]:
    """The whole document; formulas and rules only of what occurs."""
    operators = {entry["operator"] for entry in layers}
    rules = {entry["requantise"] for entry in layers if "requantise" in entry}
    return {
        "format": FORMAT,
        **about,
        "rounding": rounding,
        "files": FILES,
        "operators": {name: text for name, text in OPERATORS.items() if name in operators},
        "requantise": {name: text for name, text in RULES.items() if name in rules},
        "layers": layers,
    }


def text_of(document: Mapping[str, Any]) -> str:
    """As JSON, a list of numbers on one line."""
    text = json.dumps(document, indent=1)
    inner = re.compile(r"\[\n\s*([^\[\]{}]*?)\n\s*\]")
    return inner.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder; ValueError, in one line, where there is none that we wrote."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    if not path.is_file():
        raise ValueError(f"{folder}: has no {MANIFEST}; `npmobilenet vectors MODEL` writes one")
    try:
        found = of_json(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is no JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("layers"), list):
        raise ValueError(f"{path}: is no manifest of vectors")
    if found.get("format") != FORMAT:
        raise ValueError(f"{path}: format must be {FORMAT}, found {found.get('format')!r}")
    for entry in found["layers"]:
        try:
            _require_inside(entry)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{folder}: its manifest lacks something: {error!r}") from None
        except ValueError as error:
            raise ValueError(f"{path}: {displayed(str(error))}") from None
    return found


def _require_inside(entry: Mapping[str, Any]) -> None:
    """ValueError for a tensor whose file would lie outside its layer's folder, or has no size."""
    name, tensors = entry["name"], entry["tensors"]
    for key, about in tensors.items():
        if any(set("/\\\0") & set(part) or part in ("", ".", "..") for part in (name, key)):
            raise ValueError(f"{name!r}, {key!r} are no names of a layer and its tensor")
        if about["file"] != f"{name}/{key}":
            raise ValueError(f"file must be {name}/{key}, found {about['file']!r}")
        if not isinstance(about["shape"], list) or not all(
            type(size) is int and 0 <= size < 2**31 for size in about["shape"]
        ):
            raise ValueError(f"shape of {name}/{key} must be a list of sizes")


def case_from(rounding: str, entry: Mapping[str, Any], arrays: Mapping[str, Array]) -> Case:
    """The `Case` of a layer's part and its arrays."""
    tensors, operator = entry["tensors"], entry["operator"]
    names = [name for name in INPUTS if name in tensors]
    x_q = tuple(quantization_of(tensors[name]) for name in names)
    fields: dict[str, Any] = {"zeros": tuple(q.zero_point[0] for q in x_q)}
    if "weight" in tensors:
        weight, w_q = arrays["weight"], quantization_of(tensors["weight"])
        zeros = np.broadcast_to(np.array(w_q.zero_point, np.int32), weight.shape[-1:])
        fields |= {"weight": weight, "w_q": w_q, "bias": arrays["bias"], "weight_zeros": zeros}
    if "padding" in entry:
        padding = entry["padding"]
        fields |= {"kernel": tuple(entry["kernel"]), "stride": tuple(entry["stride"])}
        fields["sides"] = tuple(padding[side] for side in ("top", "bottom", "left", "right"))
        fields["pad"] = padding["value"]
    if "between" in entry:
        fields["between"] = {key: quantization_of(q) for key, q in entry["between"].items()}
    return Case(
        operator=operator,
        rounding=rounding,
        inputs=tuple(arrays[name] for name in names),
        x_q=x_q,
        y_q=quantization_of(tensors["output"]),
        groups=entry.get("groups", 1),
        activation=entry["activation"],
        flat=entry.get("flat", False),
        **fields,
    )


def quantization_of(about: Mapping[str, Any]) -> Quantization:
    """How the numbers of a tensor are stored."""
    return Quantization(about["dtype"], tuple(about["scale"]), tuple(about["zero_point"]))


def has_sums(entry: Mapping[str, Any]) -> bool:
    """Whether a layer has accumulators."""
    return entry["operator"] in SUMMED
