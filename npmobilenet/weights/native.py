"""The project's own weight files: safetensors, names as in params, the rest as metadata.

A file holds the plan (as the arguments that make it), the class names, the preprocessing its model
was trained with, and for a run that may go on the state of the optimiser.  Nothing has to be
remembered beside it, and nothing in it is executed.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from ..models.dialect import Dialect
from ..models.params import check_params
from ..models.plan import Plan, plan
from ..ops.checks import Array
from ..pretrained import shipped
from ..training.transforms import Preprocessing
from .ready import Ready

if TYPE_CHECKING:
    from ..training.naming import Prediction

_FORMAT = "npmobilenet 1"
_EXTRA = "training/"  # what the tensors of a run's state start with; no layer is called so


@dataclass(frozen=True)
class Model:
    """A network ready to use: plan and params, what its outputs mean, what its inputs need."""

    plan: Plan
    params: dict[str, Array]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    extra: dict[str, Array] = field(default_factory=dict)  # state of an optimiser
    notes: dict[str, Any] = field(default_factory=dict)  # how it was trained, as JSON
    ready: Ready = field(default_factory=Ready, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_params(self.plan, self.params)
        if len(self.classes) != self.plan.classes:
            raise ValueError(
                f"the network has {self.plan.classes} classes, {len(self.classes)} names are given"
            )
        if self.preprocessing.resolution != self.plan.resolution:
            raise ValueError(
                f"the network takes {self.plan.resolution} pixels, the preprocessing gives "
                f"{self.preprocessing.resolution}"
            )

    def __call__(self, images: Any, top: int = 5) -> "Prediction | list[Prediction]":
        """Name what is in an image, or in each of several: `npmobilenet.predict(self, images, top)`."""
        from ..training.naming import predict

        return predict(self, images, top)


def save(model: Model, path: str | Path) -> None:
    """Write a model to `path`, whole or not at all: written aside, flushed, then renamed."""
    path = Path(path)
    tensors = model.params | {_EXTRA + name: value for name, value in model.extra.items()}
    # contiguous: safetensors writes an array's memory as it lies, whatever its strides say
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    metadata = {
        "format": _FORMAT,
        "plan": plan_as_json(model.plan),
        "sha256": fingerprint(tensors),
        "classes": json.dumps(model.classes, ensure_ascii=False),
        "preprocessing": json.dumps(model.preprocessing.to_json()),
        "notes": json.dumps(model.notes, ensure_ascii=False),
    }
    write_whole(path, to_bytes(tensors, metadata))


def fingerprint(tensors: Mapping[str, Array]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of contiguous arrays, in the order of the names."""
    digest = sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {value.shape}\n".encode())
        digest.update(value.data)
    return digest.hexdigest()


def plan_as_json(plan: Plan) -> str:
    """The arguments that make a plan, for a file's metadata; `_model` reads them."""
    return json.dumps({**plan.asked, "dialect": asdict(plan.dialect)})


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that nobody ever sees half of it; an OSError names `path`."""
    aside = path.with_name(path.name + ".part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(f"{path}: cannot be written ({error.strerror or error})") from None


def flush_folder(folder: Path) -> None:
    """Put a new name in a folder on disk, not only the file's content; where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def weight_file(path: str | Path) -> Path:
    """The file that `load` reads: of a shipped model, in a run's folder, or `path` itself."""
    path = shipped().get(str(path)) or Path(path)
    return path / "best.safetensors" if path.is_dir() else path


def written_by(path: str | Path) -> str | None:
    """Who wrote a safetensors file: "npmobilenet", or "" for others; None for any other file."""
    try:
        with safe_open(weight_file(path), framework="numpy") as file:
            ours = (file.metadata() or {}).get("format") == _FORMAT
    except (SafetensorError, OSError):
        return None
    return "npmobilenet" if ours else ""


def load(path: str | Path) -> Model:
    """Read a model written by `save`: a file, a run's folder, or the name of a shipped model.

    A folder stands for the best.safetensors in it.  Half precision is for the disk alone: such
    arrays become float32.  ValueError, one line with the file's name, for a file that is missing,
    damaged or not ours.
    """
    path = weight_file(path)
    if not path.is_file():
        hint = f"; shipped models are {', '.join(shipped())}" if shipped() else ""
        raise ValueError(f"{path}: no such weight file{hint}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from None
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{path}: a safetensors file, but not written by npmobilenet")
    try:
        return _model(metadata, tensors)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def _model(metadata: Mapping[str, str], tensors: dict[str, Array]) -> Model:
    made_by = json.loads(metadata["plan"])
    made_by["resolution"] = tuple(made_by["resolution"])
    made_by["dialect"] = Dialect.from_json(made_by["dialect"])
    if metadata.get("sha256", found := fingerprint(tensors)) != found:
        raise ValueError(
            f"the arrays are not those that were saved: SHA-256 {found[:12]}... where the file "
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
    made = plan(**made_by)
    return Model(
        plan=made,
        params={name: tensors.pop(name) for name in made.arrays if name in tensors} | tensors,
        classes=tuple(json.loads(metadata["classes"])),
        preprocessing=Preprocessing.from_json(json.loads(metadata["preprocessing"])),
        extra=extra,
        notes=json.loads(metadata["notes"]),
    )
