"""Hostile archives: what unpacks to more than it says, or lies elsewhere, in .keras, .npz and .pth."""

from __future__ import annotations

import bz2
import lzma
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

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


@kind(".keras whose description is 16 MB of empty lists", "keras", ".keras")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"[" + b"[]," * 5_000_000 + b"[]]")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")


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


@kind("gzip in gzip in gzip", "torchvision", ".pth")
def _(path: Path) -> None:
    data = bytes(10**7)
    for _ in range(3):
        data = zlib.compress(data, 9, 31)
    path.write_bytes(data)
