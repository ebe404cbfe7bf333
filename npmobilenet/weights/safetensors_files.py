"""Reading safetensors: the header's metadata and the arrays, for our own files and foreign ones."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from ..ops.checks import Array
from .file_kinds import kind_of

_LIBRARY: Any = safetensors  # some of its functions have no types
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?", "C64": "<c8",
}  # fmt: skip


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    """Metadata and all arrays of a safetensors file; bfloat16 as float32, which holds it exactly.

    ValueError, one line with the file's name, where it is damaged, is something else, or has numbers
    of a type that NumPy does not know.
    """
    kind = kind_of(path)
    if kind.name != "safetensors":
        raise ValueError(f"{path}: not a readable safetensors file: this is {kind}")
    try:
        content = path.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        tensors = dict(_LIBRARY.deserialize(content))  # checks lengths, shapes and offsets
        header = json.loads(content[8:end], object_pairs_hook=_no_name_twice)
        metadata = header.pop("__metadata__", None) or {}
        arrays = {name: _array(name, tensors[name]) for name in header}  # in the file's order
    except (safetensors.SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from None
    return metadata, arrays


def _no_name_twice(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r:.60} stands twice in the header")
        found[name] = value
    return found


def _array(name: str, found: dict[str, Any]) -> Array:
    dtype, data, shape = found["dtype"], found["data"], found["shape"]
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
    if dtype not in _TYPES:
        raise ValueError(f"{name!r:.60} is of type {dtype}, expected F64, F32, F16 or BF16")
    return np.frombuffer(data, _TYPES[dtype]).reshape(shape)
