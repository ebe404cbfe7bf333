"""How a file of weights is damaged: bits, bytes, the fields of a safetensors header, whole arrays."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from npmobilenet.ops.checks import Array

from .originals import Original

Rng = np.random.Generator
VALUES: tuple[Any, ...] = (
    None, "x", -1, 0, 1.5, 1e308, float("nan"), float("inf"), [], {}, [1], True, 2**70, [10**9, 10**9],
    "../x", 3, [0.5] * 3, "nearest", "a" * 70_000, "\x1b[31m",
)  # fmt: skip
TEXTS = (
    "",
    "null",
    "[]",
    "{}",
    "3",
    "NaN",
    "x",
    "[" * 5000,
    '"a"',
    "1e999",
    "true",
    "[1,2,3]",
    '{"a":' * 3000,
)
NAMES = (
    "x",
    "../../x",
    "training/optimizer/x",
    "quantization/x.scale",
    "\u202ex",
    "",
    "a" * 70_000,
    "__metadata__ ",
)
DTYPES = ("F16", "BF16", "F64", "I32", "U32", "I8", "F8_E4M3", "BOOL", "X", "C64")
LENGTHS = (0, 1, 2**31, 2**40, 2**62, 2**63, 2**64 - 1, 100_000_000)


def mutated(original: Original, rng: Rng) -> tuple[str, bytes]:
    """What was done, and the damaged file."""
    ways: list[Callable[[Original, Rng], tuple[str, bytes]]] = [_bytes, _bytes]
    if original.safetensors:
        ways += [_header, _header]
    if original.arrays is not None:
        ways += [_arrays]
    return ways[int(rng.integers(len(ways)))](original, rng)


def _bytes(original: Original, rng: Rng) -> tuple[str, bytes]:
    """Of the whole file; half of the places lie in its first or last bytes, where formats say what is."""
    content = bytearray(original.content)
    kinds = [
        "bit",
        "bit",
        "bits",
        "truncate",
        "append",
        "zeros",
        "swap",
        "insert",
        "delete",
        "copy",
    ]
    kind = str(rng.choice(kinds))
    at, width = _place(len(content), rng), int(rng.integers(1, 64))
    if kind in ("bit", "bits"):
        for _ in range(1 if kind == "bit" else int(rng.integers(2, 20))):
            content[at] ^= 1 << int(rng.integers(8))
            at = _place(len(content), rng)
    elif kind == "truncate":
        del content[at:]
    elif kind == "append":
        content += rng.bytes(width)
    elif kind == "zeros":
        wide = min(int(rng.integers(1, 4096)), len(content) - at)
        content[at : at + wide] = bytes(wide)
    elif kind == "swap":
        to = _place(len(content), rng)
        content[at : at + width], content[to : to + width] = (
            content[to : to + width],
            content[at : at + width],
        )
    elif kind == "insert":
        content[at:at] = rng.bytes(width)
    elif kind == "delete":
        del content[at : at + width]
    else:
        to = _place(len(content), rng)
        content[to : to + width] = content[at : at + width]
    return kind, bytes(content)


def _place(size: int, rng: Rng) -> int:
    where, near = rng.random(), int(rng.integers(min(4096, size)))
    return near if where < 0.25 else size - 1 - near if where < 0.5 else int(rng.integers(size))


def _header(original: Original, rng: Rng) -> tuple[str, bytes]:
    """One field of a safetensors header, written as safetensors would write it."""
    content = original.content
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    name = names[int(rng.integers(len(names)))]
    other = names[int(rng.integers(len(names)))]
    same = [k for k in names if header[k]["shape"] == header[name]["shape"] and k != name]
    if same:
        other = same[int(rng.integers(len(same)))]
    kinds = ["dtype", "shape", "offsets", "rename", "drop", "duplicate", "overlap", "swap names",
             "length", "metadata", "drop metadata", "rename metadata", "metadata field", "metadata list",
             "no metadata", "new metadata"]  # fmt: skip
    kind = str(rng.choice(kinds))
    text, told = "", header.get("__metadata__", {})
    key = str(rng.choice(sorted(told))) if told else ""
    if kind == "dtype":
        header[name]["dtype"] = str(rng.choice(DTYPES))
    elif kind == "shape":
        sizes = header[name]["shape"]
        sizes[int(rng.integers(len(sizes)))] = int(rng.choice([0, 1, -1, 2**31, 2**62, 7]))
    elif kind == "offsets":
        pair = rng.choice([0, 4, -4, 100, 2**40, 2**63 - 1], 2)
        header[name]["data_offsets"] = [int(x) for x in pair]
    elif kind == "rename":
        header[str(rng.choice([*NAMES, f"{name} ", name.upper()]))] = header.pop(name)
    elif kind == "drop":
        del header[name]
    elif kind == "duplicate":
        text = json.dumps(header)[:-1] + f', "{name}": {json.dumps(header[other])}}}'
    elif kind == "overlap":
        header[other]["data_offsets"] = header[name]["data_offsets"]
    elif kind == "swap names":
        header[name], header[other] = header[other], header[name]
    elif kind == "length":
        new = int(rng.choice(np.array([*LENGTHS, length - 1, length + 1], np.uint64)))
        return kind, struct.pack("<Q", new) + content[8:]
    elif kind == "no metadata":
        header.pop("__metadata__", None)
    elif kind == "new metadata":
        header.setdefault("__metadata__", {})[str(rng.choice(NAMES))] = str(rng.choice(TEXTS))
    elif key and kind == "metadata":
        told[key] = str(rng.choice(TEXTS))
    elif key and kind == "drop metadata":
        del told[key]
    elif key and kind == "rename metadata":
        told[f"{key}_"] = told.pop(key)
    elif key:
        kind = f"{kind} {key}"
        told[key] = _edited(told[key], rng)
    packed = (text or json.dumps(header)).encode()
    packed += b" " * (-len(packed) % 8)
    return kind, struct.pack("<Q", len(packed)) + packed + content[8 + length :]


def _edited(text: str, rng: Rng) -> str:
    """A JSON text with something in it changed; any other text with a character changed."""
    try:
        document = json.loads(text)
    except ValueError:
        at = int(rng.integers(max(len(text), 1)))
        return text[:at] + str(rng.choice(list("0a_ "))) + text[at + 1 :]
    inside = document
    while isinstance(inside, dict) and inside and rng.random() < 0.6:
        deeper = [value for value in inside.values() if isinstance(value, dict) and value]
        if not deeper:
            break
        inside = deeper[int(rng.integers(len(deeper)))]
    if isinstance(inside, dict) and inside:
        keys = sorted(inside)
        inside[keys[int(rng.integers(len(keys)))]] = VALUES[int(rng.integers(len(VALUES)))]
    elif isinstance(inside, list):
        document = inside[::-1] if rng.random() < 0.5 else [f"{x}x" for x in inside]
    return json.dumps(document)


def _arrays(original: Original, rng: Rng) -> tuple[str, bytes]:
    """The file as it would be written with other arrays: no format's own checks can see that."""
    assert original.arrays is not None
    assert original.written is not None
    arrays: dict[str, Array] = {name: value.copy() for name, value in original.arrays.items()}
    names = [name for name, value in arrays.items() if value.size > 1]
    name = names[int(rng.integers(len(names)))]
    alike = [k for k in names if arrays[k].shape == arrays[name].shape and k != name]
    kind = str(
        rng.choice(
            ["bit of a number", "swap arrays", "nan", "scale", "zero array", "roll", "shape"]
        )
    )
    value = arrays[name]
    at = int(rng.integers(value.size))
    if kind == "bit of a number":
        bits = value.reshape(-1).view(np.uint32)
        bits[at] ^= np.uint32(1) << np.uint32(rng.integers(32))
    elif kind == "swap arrays" and alike:
        other = alike[int(rng.integers(len(alike)))]
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif kind == "nan":
        value.reshape(-1)[at] = rng.choice([np.nan, np.inf, -np.inf])
    elif kind == "scale":
        value *= np.float32(rng.choice([-1, 1e-4, 1e4, 1e20]))
    elif kind == "zero array":
        value[...] = 0
    elif kind == "roll":
        arrays[name] = np.roll(value, 1)
    else:
        kind = "shape"
        arrays[name] = value.reshape(-1) if value.ndim > 1 else value[:-1]
    return f"{kind} ({name})", original.written(arrays)
