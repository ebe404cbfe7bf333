"""The project's own weight files: safetensors, names as in params, the rest as metadata.

A file holds the plan (as the arguments that make it), the class names, the preprocessing its model
was trained with, and for a run that may go on the state of the optimiser.  That of a network of 8-bit
integers holds the scale and zero point of every tensor too (`native_quantized.py`).  Nothing has to be
remembered beside it, and nothing in it is executed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from itertools import zip_longest
from math import prod
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_bytes

from ..disk import write_whole
from ..images.preprocessing import Preprocessing
from ..limits import at_most
from ..models.dialect import Dialect
from ..models.network_plan import Plan, plan
from ..models.table_file import document_of
from ..ops.checks import Array, flag
from ..ops.checks import path as checked_path
from ..predicting.model import Model
from ..pretrained import shipped
from ..quantization.plan import QuantizedPlan
from ..shown import NamedArrays
from ..text import names_visible, of_json, writable
from .file_kinds import kind_of
from .native_quantized import numbers_as_arrays, quantized_of, settings_as_json
from .running import require_room
from .safetensors_files import HEADER, metadata_of, read_safetensors
from .sealing import fingerprint

_FORMAT = "npmobilenet 2"
_UNSEALED = "npmobilenet 1"  # files of before had no checksum over their metadata
_SEALED = "metadata_sha256"
_MOST_STATE = 8  # times the network's numbers: what the state of an optimiser and averages may have
_EXTRA = "training/"  # what the tensors of a run's state start with; no layer is called so


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Class names of which two may be equal, the later one with its number: "crane", "crane (517)".

    ImageNet's lists have two cranes, the bird and the machine.
    """
    found: dict[str, None] = {}
    for k, name in enumerate(names):
        while name in found:
            name = f"{name} ({k})"
        found[name] = None
    return tuple(found)


def file_path(path: str | Path) -> Path:
    """As a Path; ValueError or TypeError for what can name no file."""
    return checked_path("path", path)


@names_visible
def save(model: Model, path: str | Path, *, half: bool = False) -> None:
    """Write a model to a file, whole or not at all: written aside, flushed, then renamed.

    model  a `Model`
    path   of the file, mostly .safetensors
    half   True: parameters in half precision, float16, half the bytes; `load` makes them float32 again

    Returns nothing.  ValueError or TypeError where the model's parts no longer fit each other, or a
    parameter is too large for half precision; OSError where the file cannot be written.
    """
    if not isinstance(model, Model):
        raise TypeError(f"save: model must be a Model, found {type(model).__name__}")
    path = file_path(path)
    model = replace(model)  # which looks again at what was changed since it was made
    params = model.params
    if flag("save", "half", half) and model.quantized:
        raise ValueError("save: half is for floats, and this network is of 8-bit integers")
    if bad := [name for name in model.classes if not writable(name)]:
        raise ValueError(f"{path}: classes: {bad[0]!r:.80} is no text that UTF-8 can hold")
    if half:
        with np.errstate(over="ignore"):  # is asked for below
            params = {name: value.astype(np.float16) for name, value in params.items()}
        if not all(np.isfinite(value).all() for value in params.values()):
            raise ValueError(f"{path}: some weights are too large for half precision")
    tensors = params | {_EXTRA + name: value for name, value in model.extra.items()}
    if model.quantized:
        tensors |= numbers_as_arrays(model.quantized)
    # contiguous: safetensors writes an array's memory as it lies, whatever its strides say
    tensors = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    metadata = {
        "format": _FORMAT,
        "plan": plan_as_json(model.plan),
        "sha256": fingerprint(tensors),
        "classes": json.dumps(model.classes, ensure_ascii=False),
        "preprocessing": json.dumps(model.preprocessing.to_json()),
        "notes": json.dumps(model.notes, ensure_ascii=False),
    }
    if model.quantized:
        metadata["quantization"] = settings_as_json(model.quantized)
    _require_made(path, model.plan, metadata, tensors)
    metadata[_SEALED] = _seal(metadata)
    if (told := sum(map(len, metadata.values()))) > HEADER // 2:  # JSON in JSON, in UTF-8
        raise ValueError(
            f"{path}: classes and notes of {told:,} characters, more than a file may have"
        )
    write_whole(path, to_bytes(tensors, metadata))


def _seal(metadata: Mapping[str, str]) -> str:
    """SHA-256 over the metadata but for this number itself."""
    listed = sorted(item for item in metadata.items() if item[0] != _SEALED)
    return sha256(json.dumps(listed).encode()).hexdigest()


def plan_as_json(plan: Plan) -> str:
    """The arguments that make a plan, for a file's metadata; `plan_of_json` reads them."""
    asked = {**plan.asked, "dialect": asdict(plan.dialect)}
    if plan.table is not None:
        asked["rows"] = document_of(plan.table)
    return json.dumps(asked)


def _require_made(
    path: Path, plan: Plan, metadata: Mapping[str, str], tensors: Mapping[str, Array]
) -> None:
    """ValueError where what `load` would make is another network: somebody wrote its layers."""
    try:
        made = _plan_of(metadata, dict(tensors))[0]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: a file cannot hold this network: {error}") from None
    if made != plan:
        pairs = zip_longest(plan.layers, made.layers)
        other = next((layer.name for layer, own in pairs if layer and layer != own), "its end")
        raise ValueError(
            f"{path}: a file holds what makes a network, and that does not make {other} of this one; "
            "layers that somebody wrote belong in a table, npmobilenet.plan(rows=...)"
        )


def _plan_of(
    metadata: Mapping[str, str], tensors: dict[str, Array]
) -> tuple[Plan, QuantizedPlan | None]:
    """The network of a file, and what it is in integers; numbers of that are taken from `tensors`."""
    made = plan_of_json(metadata["plan"])
    if "quantization" not in metadata:
        return made, None
    quantized = quantized_of(made, metadata["quantization"], tensors)
    return quantized.plan, quantized


def plan_of_json(text: str) -> Plan:
    """The plan of which plan_as_json made this; ValueError, KeyError or TypeError where none did."""
    asked = of_json(text)
    asked["resolution"] = tuple(asked["resolution"])
    asked["dialect"] = Dialect.from_json(asked["dialect"])
    return plan(**asked)


def weight_file(path: str | Path) -> Path:
    """The file that `load` reads: of a shipped model, in a run's folder, or `path` itself."""
    path = shipped().get(str(path)) or Path(path)
    return path / "best.safetensors" if path.is_dir() else path


def written_by(path: str | Path) -> str | None:
    """Who wrote a safetensors file: "npmobilenet", or "" for others; None for any other file."""
    path = weight_file(path)
    if not path.is_file():  # a pipe would be waited for
        return None
    if kind_of(path).name != "safetensors" or (metadata := metadata_of(path)) is None:
        return None
    return "npmobilenet" if metadata.get("format") in (_FORMAT, _UNSEALED) else ""


def remarks(path: str | Path) -> tuple[str, ...]:
    """In sentences what one of our files leaves open: those of before have no checksum over metadata."""
    if _SEALED in (metadata_of(path := weight_file(path)) or {}):
        return ()
    return (
        f"{path}: an older file, with no checksum over its metadata (plan, classes, preprocessing); "
        "npmobilenet.save writes one",
    )


@names_visible
def load(path: str | Path, *, largest: int | None = None) -> Model:
    """A model that `save` wrote.

    path     a file; a run's folder, which stands for the best.safetensors in it; or the name of a
             shipped model, such as "flowers"
    largest  bytes that the file may have; None: `npmobilenet.limits.largest()`

    Returns a `Model`; arrays in half precision become float32.  ValueError, one line with the file's
    name, for a file that is missing, damaged or not ours.
    """
    with at_most(largest):
        return _loaded(weight_file(file_path(path)))


def _loaded(path: Path) -> Model:
    if not path.exists():
        hint = f"; shipped models are {', '.join(shipped())}" if shipped() else ""
        raise ValueError(f"{path}: no such weight file{hint}")
    kind = kind_of(path)
    if kind.name not in ("safetensors", ""):
        raise ValueError(
            f"{path}: not a readable safetensors file: this is {kind.what}, which `npmobilenet weights "
            f"import` brings in ({kind.advice})"
        )
    metadata, tensors = read_safetensors(path, _fits)
    if metadata.get("format") not in (_FORMAT, _UNSEALED):
        raise ValueError(
            f"{path}: a safetensors file, but not written by npmobilenet; `npmobilenet weights import` "
            "brings it in"
        )
    try:
        found = _model(metadata, tensors)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{path}: its metadata are not as npmobilenet writes them ({error})"
        ) from None
    require_room(path, found.plan)
    return found


def _fits(metadata: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """ValueError, before any array is read, where a file of ours holds more than its network has."""
    if metadata.get("format") not in (_FORMAT, _UNSEALED):
        return
    try:
        made = plan_of_json(metadata["plan"])
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError, ValueError):
        return  # is said by `_model`, in its words
    network, there = (sum(map(prod, x.values())) for x in (made.arrays, shapes))
    if there > _MOST_STATE * network + 2**20:
        raise ValueError(f"{there:,} numbers, in a file of a network that has {network:,}")


def _model(metadata: Mapping[str, str], tensors: dict[str, Array]) -> Model:
    if metadata.get("sha256", digest := fingerprint(tensors)) != digest:
        raise ValueError(
            f"the arrays are not those that were saved: SHA-256 {digest[:12]}... where the file "
            f"promises {metadata['sha256'][:12]}..."
        )
    tensors = {
        name: value.astype(np.float32) if value.dtype == np.float16 else value
        for name, value in tensors.items()
    }
    extra = {
        name.removeprefix(_EXTRA): tensors.pop(name)
        for name in list(tensors)
        if name.startswith(_EXTRA)
    }
    made, quantized = _plan_of(metadata, tensors)
    odd = [name for name in made.arrays if name in tensors and tensors[name].dtype.kind != "f"]
    if odd and not quantized:
        raise ValueError(f"{odd[0]} must be floating-point, found {tensors[odd[0]].dtype}")
    ordered = {name: tensors.pop(name) for name in made.arrays if name in tensors}
    found = Model(
        plan=made,
        params=NamedArrays(ordered | tensors),
        classes=distinct(of_json(metadata["classes"])),
        preprocessing=Preprocessing.from_json(of_json(metadata["preprocessing"])),
        extra=extra,
        notes=of_json(metadata["notes"]),
        quantized=quantized,
    )
    seal = _seal(metadata)
    if metadata.get(_SEALED, seal if metadata["format"] == _UNSEALED else "") != seal:
        raise ValueError("the metadata are not those that were saved: another SHA-256")
    return found
