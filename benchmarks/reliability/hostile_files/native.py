"""Hostile files of our own format and of safetensors: lengths, claims, giant metadata under a seal."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_bytes

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.model import Model
from npmobilenet.weights import native
from npmobilenet.weights.safetensors_files import read_safetensors

from .kinds import kind, sparse

PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)


def ours(path: Path, change: Callable[[dict[str, str], dict[str, Any]], None]) -> None:
    """A file of ours whose metadata and arrays were changed, with the seals of what it is then."""
    model = Model(PLAN, nm.init(PLAN, 0), ("cat", "dog", "owl"), Preprocessing.imagenet(32))
    native.save(model, path)
    metadata, tensors = read_safetensors(path)
    change(metadata, tensors)
    metadata["sha256"] = native.fingerprint(tensors)
    metadata["metadata_sha256"] = native._seal(metadata)
    path.write_bytes(to_bytes(tensors, metadata))


def edited(**changes: Any) -> Callable[[dict[str, str], dict[str, Any]], None]:
    """Changes the plan's arguments in the metadata."""

    def change(metadata: dict[str, str], tensors: dict[str, Any]) -> None:
        metadata["plan"] = json.dumps({**json.loads(metadata["plan"]), **changes})

    return change


def header(path: Path, content: Mapping[str, Any] | bytes, data: int = 0, length: int = -1) -> None:
    """A safetensors file of that header and so many zeros behind it, which take no place."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length < 0 else length) + text)
    os.truncate(path, path.stat().st_size + data)


def tensor(shape: list[int], begin: int = 0, end: int | None = None) -> dict[str, Any]:
    """The entry of an array of float32."""
    size = 4 * int(np.prod(shape, dtype=object))
    return {
        "dtype": "F32",
        "shape": shape,
        "data_offsets": [begin, begin + size if end is None else end],
    }


SEALED: dict[str, tuple[Callable[..., None], bool]] = {
    "a resolution of 20,000": (edited(resolution=[20_000, 20_000]), False),
    "a resolution of 2**40": (edited(resolution=[2**40, 2**40]), False),
    "a million classes": (edited(classes=10**6), False),
    "a width of a million": (edited(width=10.0**6), False),
    "a width of 1e308": (edited(width=1e308), False),
    "a divisor of 2**62": (edited(divisor=2**62), True),
    "channels of 10**9": (edited(channels=10**9), False),
    "a class name of 4 MB": (lambda m, t: m.update(classes=json.dumps(["a" * 2**22, "b", "c"])), True),
    "a class name of ESC sequences": (
        lambda m, t: m.update(classes=json.dumps(["\x1b[2J\x1b]0;x\x07", "\u202eb", "$x^{$"])), True,
    ),
    "300,000 class names": (lambda m, t: m.update(classes=json.dumps(["a"] * 300_000)), False),
    "notes nested 100,000 deep": (lambda m, t: m.update(notes="[" * 100_000), False),
    "a number of 100,000 digits": (lambda m, t: m.update(notes='{"a": ' + "9" * 100_000 + "}"), False),
    "images resized to 10**9 pixels": (
        lambda m, t: m.update(preprocessing=json.dumps(
            {**json.loads(m["preprocessing"]), "resize": 10**9})), True,
    ),
    "a state of 64 million numbers": (
        lambda m, t: t.update({"training/x": np.zeros(2**26, np.float32)}), False,
    ),
    "rows of a billion repeats": (
        edited(model="own", rows={"rows": [{"block": "separable", "out": 8, "n": 10**9}]}), False,
    ),
}  # fmt: skip


def _sealed(name: str, change: Callable[..., None], inert: bool) -> None:
    @kind(f"ours, sealed, with {name}", "own", ".safetensors", inert=inert)
    def _(path: Path) -> None:
        ours(path, change)


for _name, (_change, _inert) in SEALED.items():
    _sealed(_name, _change, _inert)

HEADERS: dict[str, Callable[[Path], None]] = {
    "a length of 2**63": lambda path: header(path, {}, 0, 2**63),
    "a length of 99 MB, of zeros": lambda path: header(path, b"{", 10**8, 99_000_000),
    "a header of 60 MB of brackets": lambda path: header(path, b'{"a":' + b"[" * 60_000_000),
    "a header of 7 MB of empty lists": lambda path: header(
        path, b'{"a":[' + b"[]," * 2_300_000 + b"[]]}"
    ),
    "a header of 100,000 arrays": lambda path: header(
        path, {f"a{k}": tensor([0]) for k in range(60_000)}
    ),
    "a shape that overflows": lambda path: header(path, {"a": tensor([2**62, 4], 0, 0)}),
    "an array of 1 TB": lambda path: header(path, {"a": tensor([2**38])}),
    "900 MB that are not there but as a hole": lambda path: header(
        path, {"a": tensor([225_000_000])}, 900_000_000
    ),
    "offsets that overlap": lambda path: header(path, {"a": tensor([4]), "b": tensor([4])}, 16),
    "a gap before its arrays": lambda path: header(path, {"a": tensor([4], 2**30)}, 2**30 + 16),
    "a name twice": lambda path: header(
        path, b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'
              b'"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    ),
    "a number of 100,000 digits": lambda path: header(
        path, b'{"a":{"dtype":"F32","shape":[' + b"9" * 100_000 + b'],"data_offsets":[0,0]}}'
    ),
    "1 TB of nothing": lambda path: sparse(path, 10**12),
}  # fmt: skip


def _headed(name: str, make: Callable[[Path], None], reader: str) -> None:
    @kind(f"safetensors with {name}, read by {reader}", reader, ".safetensors")
    def _(path: Path) -> None:
        make(path)


for _name, _make in HEADERS.items():
    for _reader in ("timm", "own"):
        _headed(_name, _make, _reader)
