"""Reading and writing Keras' files: .h5 of Keras 2 and 3, .weights.h5, .keras."""

import struct
import zipfile
import zlib
from collections.abc import Mapping
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import write_whole
from ..limits import unpacked_at_most
from ..ops.checks import Array
from ..text import displayed, reason
from .archives import member, no_bomb
from .family import Contents
from .file_kinds import kind_of, regular
from .keras_config import LARGEST_TEXT
from .keras_hdf5 import ADAPTED, Budget, arrays, attribute
from .keras_settle import described_by
from .sealing import SEAL, check_export, fingerprint

_INSIDE_KERAS = "model.weights.h5"  # the arrays' place in a .keras archive
_CONFIG = "config.json"  # the model's description there
_REASON = 1000  # characters of what is said about what is inside
# RuntimeError: encrypted, or packed in a way that Python does not know; struct.error: cut off
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, struct.error, LookupError,
    MemoryError, OverflowError, UnicodeError,
)  # fmt: skip


def read(path: Path) -> Contents:
    """layer/parameter -> array, in the order of the model's layers.

    Parameters are kernel, bias, gamma, beta, moving_mean, moving_variance; a layer inside a model has
    that model's name in front.  ValueError, one line with the file's name, for a file that is missing,
    damaged, not Keras', or that points at other files.
    """
    if path.is_dir():
        raise ValueError(f"{path}: a folder; in Keras write the weights as one file, .weights.h5")
    regular(path)
    with path.open("rb") as file:
        start = file.read(16)
    source: Any = path
    described, version, training = "", "", ""
    if start.startswith(b"PK"):
        inside = _unzipped(path)
        source = BytesIO(inside[_INSIDE_KERAS])
        described, version = inside.get(_CONFIG, b"").decode("utf-8", "replace"), "3."
    elif not start.startswith(b"\x89HDF"):
        raise ValueError(f"{path}: not a file of Keras, neither HDF5 nor .keras: {kind_of(path)}")
    h5py = _h5py(path)
    try:
        with h5py.File(source, "r") as root:
            budget = Budget(h5py, unpacked_at_most(path.stat().st_size), source)
            found = arrays(budget, root)
            check_export(attribute(budget, root, SEAL), found)
            if "model_config" in root.attrs:
                names = "model_config", "keras_version", "training_config"
                described, version, training = (_text(budget, root, name) for name in names)
        tensors, adapted = _apart(found)
        return Contents(tensors, description=described_by(described, version, adapted, training))
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        why = displayed(reason(error).strip("\"'"), _REASON)
        message = why if type(error) is ValueError else f"not readable HDF5 ({why})"
        raise ValueError(f"{path}: {message}") from None


def _text(budget: Budget, root: Any, name: str) -> str:
    """An attribute that should be text; "" where it is not there."""
    value = attribute(budget, root, name, "")
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(value, str):
        raise ValueError(f"attribute {name}: expected text, found {type(value).__name__}")
    return value


def _apart(found: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """The network's arrays, and what Normalization layers learnt of the data's pixels."""
    layers: dict[str, set[str]] = {}
    for name in found:
        layer, _, parameter = name.rpartition("/")
        layers.setdefault(layer, set()).add(parameter)
    about_pixels = {k for k, v in layers.items() if {"mean", "variance"} <= v <= set(ADAPTED)}
    both: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
    for name, value in found.items():
        both[name.rpartition("/")[0] in about_pixels][name] = value
    return both


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """The legacy layout, which Keras 2 and 3 load by model.load_weights(path) or weights=path.

    tensors: layer/parameter -> array; what stands before the first slash is the outermost layer.  The
    file appears whole or not at all.  ValueError for a name that Keras would read otherwise.
    """
    if path.name.endswith(".weights.h5") or path.suffix not in (".h5", ".hdf5"):
        raise ValueError(
            f"{path}: for Keras the name must end in .h5, and not in .weights.h5, which stands for "
            "another layout"
        )
    h5py, content = _h5py(path), BytesIO()
    layers: dict[str, list[str]] = {}
    for name in tensors:
        layers.setdefault(name.partition("/")[0], []).append(name)
    with h5py.File(content, "w") as root:
        root.attrs["layer_names"] = np.array([x.encode() for x in layers])
        root.attrs["backend"] = b"tensorflow"  # whose kernels these are: (K, L, M, O)
        contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
        root.attrs[SEAL] = fingerprint(contiguous)  # HDF5 has none; Keras passes it over
        root.attrs["keras_version"] = b"3.0.0"  # without it the layouts of Keras 1 are assumed
        for layer, names in layers.items():
            group = root.create_group(layer)
            # Keras goes by order here: of each outermost layer the trained arrays, then the rest
            ordered = sorted(names, key=lambda name: "/moving_" in name)
            group.attrs["weight_names"] = np.array([x.encode() for x in ordered])
            for name in ordered:
                group.create_dataset(name, data=contiguous[name])
    write_whole(path, content.getvalue())


def _unzipped(path: Path) -> dict[str, bytes]:
    """The HDF5 file inside a .keras archive, and the model's description if it has one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if _INSIDE_KERAS in names:
                wanted = {_INSIDE_KERAS, _CONFIG} & set(names)
                if _CONFIG in wanted and archive.getinfo(_CONFIG).file_size > LARGEST_TEXT:
                    raise ValueError(f"{_CONFIG} in it is larger than any MobileNet's")
                no_bomb(path.stat().st_size, archive.infolist())
                return {name: member(archive, archive.getinfo(name)) for name in wanted}
    except (*_BROKEN_ARCHIVE, ValueError) as error:
        raise ValueError(
            f"{path}: not a readable archive ({displayed(reason(error), _REASON)})"
        ) from None
    kind = kind_of(path)
    raise ValueError(f"{path}: not a file of Keras, an archive without {_INSIDE_KERAS}: {kind}")


def _h5py(path: Path) -> Any:
    try:
        return import_module("h5py")
    except ImportError:
        raise ValueError(
            f'{path}: Keras\' files need h5py: pip install "npmobilenet[keras]"'
        ) from None
