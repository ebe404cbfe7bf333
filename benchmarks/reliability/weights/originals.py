"""The files that are damaged: a model with the statistics of training, in every format that is read.

Foreign files are written by h5py, torch, NumPy and safetensors themselves, as the world's are: without
the checksum that `npmobilenet export` puts into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.ops.checks import Array
from npmobilenet.predicting.model import Model
from npmobilenet.weights.families import family_named

from ..hazard import NotHere

SIZE = 32  # pixels
FAMILIES = {".h5": "keras", ".keras": "keras", ".pth": "torchvision", ".npz": "paddle",
            ".timm.safetensors": "timm", ".tflite": "tflite", ".int8.tflite": "tflite"}  # fmt: skip
NATIVE = ("native", "native int8")
FORMATS = (*NATIVE, *FAMILIES)


@dataclass(frozen=True)
class Original:
    """A format's file, how it is read, and for most how it is written of arrays by their names.

    read(path, searched)  the model and the notes; searched: which network it is is found out
    """

    content: bytes
    suffix: str
    read: Callable[..., tuple[Model, tuple[str, ...]]]
    arrays: Mapping[str, Array] | None = None
    written: Callable[[Mapping[str, Array]], bytes] | None = None

    @property
    def safetensors(self) -> bool:
        """Whether its header is JSON."""
        return self.suffix.endswith(".safetensors")


def trained(plan: Any, seed: int = 0) -> dict[str, Array]:
    """Parameters with the statistics of images that went through, as training leaves them."""
    rng = np.random.default_rng(seed)
    params = nm.init(plan, seed)
    for name, value in params.items():
        if name.endswith(".gamma"):
            params[name] = rng.uniform(0.5, 2, value.shape).astype(np.float32)
        elif name.endswith(".beta"):
            params[name] = rng.normal(0, 0.5, value.shape).astype(np.float32)
    x = rng.normal(0, 1, (4, *plan.resolution, plan.channels)).astype(np.float32)
    for _ in range(20):  # the running statistics move a tenth of the way each time
        _, _, statistics = nm.forward(plan, params, x, train=True, rng=rng)
        params = {**params, **statistics}
    return params


def original(name: str, folder: Path) -> Original:
    """The file of a format; NotHere where what writes it is not installed."""
    if name in NATIVE:
        return _native(name == "native int8", folder)
    family = FAMILIES[name]
    model = "v2" if family in ("torchvision", "timm") else "v1"
    if "tflite" in name:
        return _tflite(name, folder)
    plan = nm.plan(model, width=0.35 if model == "v2" else 0.25, classes=3, dialect=family)
    source = family_named(family)
    params = trained(nm.plan(**{**plan.asked, "resolution": (SIZE, SIZE)}))
    arrays = {k: np.ascontiguousarray(v) for k, v in source.outgoing(plan, params).items()}

    said = {"model": model, "width": plan.width, "dialect": family}

    def read(path: Path, searched: bool = True) -> tuple[Model, tuple[str, ...]]:
        found = nm.import_weights(path, family, **({} if searched else said))
        return found.model, found.notes

    write = WRITERS[name]
    try:
        return Original(write(arrays), name, read, arrays, write)
    except ImportError as error:
        raise NotHere(f"{name}: {error}") from None


def _model() -> Model:
    plan = nm.plan("v1-shallow", width=0.1, resolution=SIZE, classes=3)
    notes = {"config": {"train": {"epochs": 3}}, "history": [0.5, 0.25]}
    how = Preprocessing.imagenet(SIZE)
    state = {"optimizer/momentum/stem.weight": np.full((3, 3), 0.5, np.float32)}
    return Model(plan, trained(plan), ("cat", "dog", "owl"), how, state, notes)


def _native(integers: bool, folder: Path) -> Original:
    model = _model()
    if integers:
        rng = np.random.default_rng(0)
        images = rng.normal(0, 1, (4, SIZE, SIZE, 3)).astype(np.float32)
        made, params = nm.quantize(model.plan, model.params, images)
        model = Model(made.plan, params, model.classes, model.preprocessing, quantized=made)
    path = folder / "original.safetensors"
    nm.save(model, path)

    def read(path: Path, searched: bool = True) -> tuple[Model, tuple[str, ...]]:
        return nm.load(path), ()

    return Original(path.read_bytes(), ".safetensors", read)


def _tflite(name: str, folder: Path) -> Original:
    from npmobilenet.weights.tflite import export_tflite

    model = _model()
    plan, params = model.plan, model.params
    path = folder / "original.tflite"
    if name.startswith(".int8"):
        images = np.random.default_rng(0).normal(0, 1, (4, SIZE, SIZE, 3)).astype(np.float32)
        plan, params = nm.quantize(plan, params, images)
    try:
        export_tflite(plan, params, path, classes=model.classes, preprocessing=model.preprocessing)
    except ValueError as error:
        raise NotHere(str(error)) from None

    def read(path: Path, searched: bool = True) -> tuple[Model, tuple[str, ...]]:
        found = nm.import_weights(path, "tflite")
        return found.model, found.notes

    return Original(path.read_bytes(), ".tflite", read)


def hdf5_of(arrays: Mapping[str, Array]) -> bytes:
    """As Keras' older layout has them."""
    import h5py

    content, layers = BytesIO(), {}
    for name in arrays:
        layers.setdefault(name.partition("/")[0], []).append(name)
    with h5py.File(content, "w") as root:
        root.attrs["layer_names"] = np.array([x.encode() for x in layers])
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.15.0"
        for layer, names in layers.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = np.array([x.encode() for x in names])
            for name in names:
                group.create_dataset(name, data=arrays[name])
    return content.getvalue()


def keras_of(arrays: Mapping[str, Array]) -> bytes:
    """The same in an archive, packed."""
    import zipfile

    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", hdf5_of(arrays))
    return content.getvalue()


def npz_of(arrays: Mapping[str, Array]) -> bytes:
    """As numpy.savez writes it."""
    content = BytesIO()
    np.savez(content, **dict(arrays))  # type: ignore[arg-type]
    return content.getvalue()


def pth_of(arrays: Mapping[str, Array]) -> bytes:
    """As torch.save writes it."""
    import torch

    content = BytesIO()
    torch.save({name: torch.from_numpy(value.copy()) for name, value in arrays.items()}, content)
    return content.getvalue()


def safetensors_of(arrays: Mapping[str, Array]) -> bytes:
    """As safetensors writes it."""
    from safetensors.numpy import save

    return save(dict(arrays), {"format": "pt"})


WRITERS: dict[str, Callable[[Mapping[str, Array]], bytes]] = {
    ".h5": hdf5_of,
    ".keras": keras_of,
    ".pth": pth_of,
    ".npz": npz_of,
    ".timm.safetensors": safetensors_of,
}
