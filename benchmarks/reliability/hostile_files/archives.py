"""Hostile zips: .keras, .npz, .pth, and pickles that would run something."""

from __future__ import annotations

import bz2
import lzma
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .kinds import CANARY, kind

ZEROS = bytes(2**24)


def bomb(path: Path, members: Iterable[str], count: int, head: bytes = b"") -> None:
    """Members of `count` times 16 MB of zeros each, packed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(head)
                for _ in range(count):
                    member.write(ZEROS)


def npy(shape: str, dtype: str = "<f4", more: str = "") -> bytes:
    """The header of an .npy file."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}{more}}}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(path: Path, members: dict[str, bytes]) -> None:
    """A zip of these."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@kind(".keras that unpacks to 4 GB", "keras", ".keras")
def _(path: Path) -> None:
    bomb(path, ["config.json", "model.weights.h5"], 128)


@kind(".keras whose description unpacks to 2 GB", "keras", ".keras")
def _(path: Path) -> None:
    bomb(path, ["config.json"], 128)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")


@kind(".keras in .keras in .keras", "keras", ".keras")
def _(path: Path) -> None:
    inside = b""
    for _ in range(50):
        content = BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("model.weights.h5", inside)
        inside = content.getvalue()
    path.write_bytes(inside)


@kind(".npz that unpacks to 4 GB", "paddle", ".npz")
def _(path: Path) -> None:
    bomb(path, ["a.npy"], 256, npy("(1073741824,)"))


@kind(".npz of 100 members of 64 MB", "paddle", ".npz")
def _(path: Path) -> None:
    bomb(path, [f"a{k}.npy" for k in range(100)], 4, npy("(16777216,)"))


@kind(".npz of 100,000 members", "paddle", ".npz")
def _(path: Path) -> None:
    header = npy("(1,)") + bytes(4)
    zipped(path, {f"a{k}.npy": header for k in range(100_000)})


@kind(".npz with two members of one name", "paddle", ".npz")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are two
        for _ in range(2):
            archive.writestr(zipfile.ZipInfo("a.npy"), npy("(1,)") + bytes(4))


@kind(".npz whose members share their bytes", "paddle", ".npz")
def _(path: Path) -> None:
    bomb(path, ["a0.npy"], 3, npy("(12582912,)"))
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02")
    entry, end = (
        content[at : content.rindex(b"PK\x05\x06")],
        content[content.rindex(b"PK\x05\x06") :],
    )
    many = b"".join(entry.replace(b"a0.npy", f"a{k}.npy".encode()) for k in range(10))
    fields = list(struct.unpack("<4sHHHHIIH", end[:22]))
    fields[3:6] = 10, 10, len(many)
    path.write_bytes(content[:at] + many + struct.pack("<4sHHHHIIH", *fields))


@kind(".npz with a path upwards and an absolute one", "paddle", ".npz")
def _(path: Path) -> None:
    one = npy("(1,)") + bytes(4)
    zipped(path, {f"../{CANARY}.npy": one, f"{path.parent.absolute()}/{CANARY}.npy": one})


@kind(".npz with a link as its member", "paddle", ".npz")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.npy")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")


@kind(".npz that says its member has 4 bytes", "paddle", ".npz")
def _(path: Path) -> None:
    bomb(path, ["a.npy"], 16, npy("(67108864,)"))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 200)
    path.write_bytes(content)


@kind(".npz whose zip64 fields say 2**63", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(1,)") + bytes(4)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = b"\xff" * 4
    extra = struct.pack("<HHQ", 1, 8, 2**63)
    content[at + 30 : at + 32] = struct.pack("<H", len(extra))
    name = at + 46 + 5
    content[name:name] = extra
    path.write_bytes(content)


@kind(".npz with an encrypted member", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(1,)") + bytes(4)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)


@kind(".npy of objects: a pickle that runs", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(1,)", "|O") + pickle.dumps(Runs(path))})


@kind(".npy that claims 4 TB", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(1099511627776,)") + bytes(64)})


@kind(".npy with a shape below 0", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(-1, -4)") + bytes(16)})


@kind(".npy whose header is a program", "paddle", ".npz")
def _(path: Path) -> None:
    program = f"__import__('os').system('touch {path.parent / CANARY}')"
    zipped(path, {"a.npy": npy(program) + bytes(16)})


@kind(".npy whose header is nested brackets", "paddle", ".npz")
def _(path: Path) -> None:
    zipped(path, {"a.npy": npy("(" * 9000 + ")" * 9000) + bytes(16)})


@kind(".npy of a record of a thousand fields", "paddle", ".npz")
def _(path: Path) -> None:
    fields = str([(f"f{k}", "<f4") for k in range(300)])
    header = npy("(1,)").replace(b"'<f4'", fields.encode())
    text = header[10:]
    packed = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    zipped(path, {"a.npy": packed + bytes(1200)})


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


@kind(".keras whose description is 16 MB of empty lists", "keras", ".keras")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"[" + b"[]," * 5_000_000 + b"[]]")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")


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


def packed(name: str, content: bytes, method: int, stated: int) -> bytes:
    """A zip of one member whose list states that size and the checksum of so many zeros."""
    crc, raw = zlib.crc32(bytes(stated)), name.encode()
    common = struct.pack("<HHHHHIII", 20, 0, method, 0, 33, crc, len(content), stated)
    local = b"PK\3\4" + common + struct.pack("<HH", len(raw), 0) + raw + content
    entry = b"PK\1\2\x14\0" + common + struct.pack("<HHHHHII", len(raw), 0, 0, 0, 0, 0, 0) + raw
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + b"PK\5\6" + end


def _lying(method: str, ending: str, reader: str, name: str) -> None:
    @kind(f"{ending} of 2 GB in {method} that says 1,000 bytes", reader, ending)
    def _(path: Path) -> None:
        pack: Any = {
            "deflate": lambda: zlib.compressobj(9, zlib.DEFLATED, -15),
            "bzip2": bz2.BZ2Compressor,
            "LZMA": lambda: lzma.LZMACompressor(
                lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}]
            ),
        }[method]()
        content = b"".join(pack.compress(ZEROS) for _ in range(128)) + pack.flush()
        if method == "LZMA":  # which zips begin with a version and LZMA's settings
            content = b"\x09\x04\x05\x00\x5d\x00\x00\x80\x00" + content
        number = {"deflate": 8, "bzip2": 12, "LZMA": 14}[method]
        path.write_bytes(packed(name, content, number, 1000))


for _method in ("deflate", "bzip2", "LZMA"):
    for _file in (
        (".npz", "paddle", "a.npy"),
        (".pth", "torchvision", "x/data.pkl"),
        (".keras", "keras", "model.weights.h5"),
    ):
        _lying(_method, *_file)


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


@kind("gzip in gzip in gzip", "torchvision", ".pth")
def _(path: Path) -> None:
    data = bytes(10**7)
    for _ in range(3):
        data = zlib.compress(data, 9, 31)
    path.write_bytes(data)
