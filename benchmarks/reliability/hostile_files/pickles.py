"""Hostile pickles: what would run something, or make much of little, in .pth, .npz and by itself."""

from __future__ import annotations

import pickle
import struct
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .archives import ZEROS, npy, zipped
from .kinds import CANARY, kind


class Runs:
    """Unpickled, runs a command of the shell."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        """What pickle calls."""
        import os

        return os.system, (f"touch {self.path.parent / CANARY}",)


def _pickles(protocol: int) -> None:
    @kind(f"a pickle of protocol {protocol} that runs a command", "torchvision", ".pth")
    def _(path: Path) -> None:
        path.write_bytes(pickle.dumps(Runs(path), protocol))


for _protocol in range(6):
    _pickles(_protocol)


def saved(path: Path, content: Any, **how: Any) -> None:
    """As torch.save writes it."""
    torch.save(content, path, **how)


@kind(".pth that runs a command", "torchvision", ".pth")
def _(path: Path) -> None:
    saved(path, {"a": torch.zeros(2), "x": Runs(path)})


@kind(".pth of the older layout that runs a command", "torchvision", ".pth")
def _(path: Path) -> None:
    saved(path, {"a": torch.zeros(2), "x": Runs(path)}, _use_new_zipfile_serialization=False)


@kind(".pth that evaluates a text", "torchvision", ".pth")
def _(path: Path) -> None:
    class Evaluates:
        def __reduce__(self) -> Any:
            return eval, (f"open({str(path.parent / CANARY)!r}, 'w')",)

    saved(path, {"deep": [{"x": Evaluates()}]})


@kind(".pth whose tensor is expanded to a million columns", "torchvision", ".pth")
def _(path: Path) -> None:
    saved(path, {"features.0.0.weight": torch.zeros(32, 1, 1, 1).expand(32, 3, 10**6, 10**3)})


@kind(".pth of the older layout, expanded", "torchvision", ".pth")
def _(path: Path) -> None:
    big = torch.zeros(32, 1).expand(32, 10**6)
    saved(path, {"classifier.1.weight": big}, _use_new_zipfile_serialization=False)


@kind(".pth whose tensors begin beyond their storage", "torchvision", ".pth")
def _(path: Path) -> None:
    content = BytesIO()
    saved(content, {"a.weight": torch.zeros(2, 3)})  # type: ignore[arg-type]
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("data.pkl"):  # BINPERSID, offset 0: one byte, K\x00
                data = data.replace(b"QK\x00", b"QJ\xff\xff\xff\x7f")
            new.writestr(name, data)


@kind(".pth that unpacks to 4 GB", "torchvision", ".pth")
def _(path: Path) -> None:
    content = BytesIO()
    saved(content, {"a.weight": torch.zeros(2, 3)})  # type: ignore[arg-type]
    with (
        zipfile.ZipFile(content) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if not name.endswith("data/0"):
                new.writestr(name, old.read(name))
                continue
            with new.open(name, "w", force_zip64=True) as member:
                for _ in range(256):
                    member.write(ZEROS)


@kind(".pth of lists 100,000 deep", "torchvision", ".pth")
def _(path: Path) -> None:
    deep = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    zipped(path, {"archive/data.pkl": deep, "archive/version": b"3\n"})


@kind(".pth of a list within itself", "torchvision", ".pth")
def _(path: Path) -> None:
    ring: dict[str, Any] = {"a": torch.zeros(2)}
    ring["self"] = [ring]
    saved(path, ring)


@kind(".pth of 60 million times nothing", "torchvision", ".pth")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02(" + b"N" * 60_000_000 + b"l.")
        archive.writestr("archive/version", b"3\n")


@kind(".pth of a billion times the same", "torchvision", ".pth")
def _(path: Path) -> None:
    # a list of ten times the last one, thirty times over: each is a reference to what is there
    program = b"\x80\x02]q\x00" + b"".join(
        b"](" + b"h%c" % k * 10 + b"eq%c" % (k + 1) for k in range(30)
    )
    zipped(path, {"archive/data.pkl": program + b".", "archive/version": b"3\n"})


@kind(".pth that makes a text of 4 GB", "torchvision", ".pth")
def _(path: Path) -> None:
    data = b"\x80\x04\x8d" + struct.pack("<Q", 4 * 10**9) + b"x" * 100 + b"."
    zipped(path, {"archive/data.pkl": data, "archive/version": b"3\n"})


def _called(what: str, program: bytes) -> None:
    @kind(f".pth that {what}", "torchvision", ".pth")
    def _(path: Path) -> None:
        zipped(path, {"x/data.pkl": b"\x80\x02" + program, "x/version": b"3\n"})


def text(value: str) -> bytes:
    """A pickle's push of a text."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


_ENCODE = b"c_codecs\nencode\n"
_called(
    "encodes a text again and again, to 4 GB",
    _ENCODE * 24 + text("a" * 300) + text("utf8") + b"\x86R" + (text("hex") + b"\x86R") * 23 + b".",
)
_called(
    "makes a tensor of 4 GB of no file's bytes",
    b"ctorch\nTensor\n\x8a\x05" + (10**9).to_bytes(5, "little") + b"\x85R.",
)
_called(
    "makes a bytearray of 4 GB",
    b"cbuiltins\nbytearray\n\x8a\x05" + (4 * 10**9).to_bytes(5, "little") + b"\x85R.",
)
_called("looks up a name with dots", b"\x8c\x05torch\x8c\x10serialization.os\x93.")


def _decoy(name: str) -> None:
    @kind(f".pth with a harmless {name} beside one that runs a command", "torchvision", ".pth")
    def _(path: Path) -> None:
        zipped(
            path,
            {
                name: pickle.dumps({}, 2),
                "x/data.pkl": pickle.dumps(Runs(path), 2),
                "x/version": b"3\n",
            },
        )


for _name in ("x/adata.pkl", "x/DATA.PKL", "y/data.pkl"):
    _decoy(_name)


@kind("a pickle that runs a command behind one that does not", "torchvision", ".pth")
def _(path: Path) -> None:
    path.write_bytes(pickle.dumps({}, 2) + pickle.dumps(Runs(path), 2))


@kind("a .pth behind a picture, and before a pickle that runs a command", "torchvision", ".pth")
def _(path: Path) -> None:
    content = BytesIO()
    saved(content, {"a.weight": torch.zeros(2, 3), "x": Runs(path)})  # type: ignore[arg-type]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content.getvalue() + pickle.dumps(Runs(path), 2))


@kind("the pickle of a .pdparams", "paddle", ".pdparams")
def _(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": np.zeros(2), "x": Runs(path)}, 2))


@kind(".npy of objects: a pickle that runs", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(1,)", "|O") + pickle.dumps(Runs(path))})
