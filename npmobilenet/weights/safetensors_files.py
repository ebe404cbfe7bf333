"""Reading safetensors: the header's metadata and the arrays, for our own files and foreign ones.

    8 bytes  the length of the header        JSON: name -> dtype, shape, where it begins and ends
    then the arrays, one behind the other, without a byte between or behind them

The header is read first and held against the file's size, so that nothing is taken that is not there.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..limits import in_words, within
from ..ops.checks import Array, shown
from ..text import of_json
from .file_kinds import kind_of

_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?", "C64": "<c8",
    "BF16": "<u2",  # the upper half of a float32
}  # fmt: skip
HEADER = 2**23  # bytes of a header: 5,000 tensors take some hundred thousand
_AXES = 16
_Sizes = Mapping[str, tuple[int, ...]]


class Header(NamedTuple):
    """What a file says before its arrays; the entries are in the file's order."""

    metadata: dict[str, str]
    entries: dict[str, "Entry"]
    start: int  # of the arrays' bytes
    size: int  # of them


class Entry(NamedTuple):
    """An array's place among the bytes behind the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_safetensors(
    path: Path, expected: Callable[[Mapping[str, str], _Sizes], None] | None = None
) -> tuple[dict[str, str], dict[str, Array]]:
    """Metadata and all arrays of a safetensors file; bfloat16 as float32, which holds it exactly.

    expected: is given the metadata and the shapes before the arrays are read, to refuse them.

    ValueError, one line with the file's name, where it is damaged, is something else, or has numbers
    of a type that NumPy does not know.
    """
    kind = kind_of(path)
    if kind.name != "safetensors":
        raise ValueError(f"{path}: not a readable safetensors file: this is {kind}")
    try:
        with path.open("rb") as file:
            header = _header(file, os.fstat(file.fileno()).st_size)
            if expected:
                expected(header.metadata, {k: entry.shape for k, entry in header.entries.items()})
            content = bytearray(header.size)  # whose arrays may be written to, as any others
            read = file.readinto(content)
        if read != header.size:
            raise ValueError("it became shorter while it was read")
        arrays = {name: _array(entry, content) for name, entry in header.entries.items()}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    return header.metadata, arrays


def metadata_of(path: Path) -> dict[str, str] | None:
    """The metadata alone; None for what is no safetensors file, or a damaged one."""
    try:
        within(path, path.stat().st_size)
        with path.open("rb") as file:
            return _header(file, os.fstat(file.fileno()).st_size).metadata
    except (ValueError, RecursionError, OSError):
        return None


def _header(file: BinaryIO, size: int) -> Header:
    """The header, every number in it checked; ValueError, without the file's name."""
    length = int.from_bytes(file.read(8), "little")
    if length > size - 8:
        raise ValueError(f"its header should have {length:,} bytes, the file has {size:,}")
    if length > HEADER:
        raise ValueError(
            f"its header has {in_words(length)}, more than the {in_words(HEADER)} read"
        )
    text = file.read(length)
    if text[:1] != b"{":
        raise ValueError("its header is no JSON object")
    found = of_json(text.decode("utf-8"), object_pairs_hook=_no_name_twice)
    metadata = found.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(x, str) for x in metadata.values()):
        raise ValueError("its __metadata__ must be texts by name")
    "".join((*found, *metadata, *metadata.values())).encode()  # ValueError for half a character
    entries = {name: _entry(name, value) for name, value in found.items()}
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].begin):
        if entry.begin != end:
            raise ValueError(f"{name!r:.60} begins at byte {entry.begin:,}, expected {end:,}")
        end = entry.end
    if end != size - 8 - length:
        raise ValueError(f"its arrays have {end:,} bytes, {size - 8 - length:,} are there")
    return Header(metadata, entries, 8 + length, end)


def _entry(name: str, value: Any) -> Entry:
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name!r:.60} must have dtype, shape and data_offsets alone")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _TYPES:
        raise ValueError(f"{name!r:.60} is of type {shown(dtype)}, expected F64, F32, F16 or BF16")
    if not _sizes(shape) or len(shape) > _AXES:
        raise ValueError(f"{name!r:.60}: shape must be sizes, found {shown(shape)}")
    if not _sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"{name!r:.60}: data_offsets must be two, found {shown(offsets)}")
    begin, end = offsets
    if end - begin != (size := prod(shape) * np.dtype(_TYPES[dtype]).itemsize):
        raise ValueError(f"{name!r:.60} has {end - begin:,} bytes, its shape needs {size:,}")
    return Entry(dtype, tuple(shape), begin, end)


def _sizes(value: Any) -> bool:
    """Whether it is a list of whole numbers from 0 that a machine can count."""
    return isinstance(value, list) and all(type(x) is int and 0 <= x < 2**48 for x in value)


def _no_name_twice(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r:.60} stands twice in the header")
        found[name] = value
    return found


def _array(entry: Entry, content: bytearray) -> Array:
    """A view of the content; of bfloat16 float32, which holds it exactly."""
    dtype = np.dtype(_TYPES[entry.dtype])
    count = (entry.end - entry.begin) // dtype.itemsize
    if not count:  # NumPy refuses to begin at the end
        value: Array = np.zeros(entry.shape, dtype)
    else:
        value = np.frombuffer(content, dtype, count, entry.begin).reshape(entry.shape)
    if entry.dtype == "BF16":
        return (value.astype("<u4") << 16).view("<f4")
    return value if value.flags.aligned else value.copy()
