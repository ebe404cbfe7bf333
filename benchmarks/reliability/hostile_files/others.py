"""Hostile TFLite and ONNX, data sets, texts and what is no file at all."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .archives import ZEROS
from .kinds import OUTSIDE, kind, sparse


def idx_folder(path: Path, images: bytes, labels: bytes = b"") -> Path:
    """MNIST's layout."""
    folder = path.parent
    (folder / "train-images-idx3-ubyte.gz").write_bytes(images)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(
        labels or gzip.compress(struct.pack(">II", 2049, 0))
    )
    return folder


def zeros_packed(head: bytes, pieces: int) -> bytes:
    """That, and so many times 16 MB of zeros."""
    import zlib

    pack = zlib.compressobj(9, wbits=31)
    return (
        pack.compress(head) + b"".join(pack.compress(ZEROS) for _ in range(pieces)) + pack.flush()
    )


@kind("idx.gz of 4 MB that unpacks to 4 GB", "idx", "")
def _(path: Path) -> Path:
    return idx_folder(path, zeros_packed(struct.pack(">IIII", 2051, 2**18, 128, 128), 256))


@kind("idx.gz whose header says 10 images and 4 GB follow", "idx", "")
def _(path: Path) -> Path:
    return idx_folder(path, zeros_packed(struct.pack(">IIII", 2051, 10, 28, 28), 256))


@kind("idx.gz of 1,000 members of 16 MB", "idx", "")
def _(path: Path) -> Path:
    head = gzip.compress(struct.pack(">IIII", 2051, 10, 28, 28))
    return idx_folder(path, head + gzip.compress(ZEROS) * 1000)


@kind("idx with sizes of 2**32", "idx", "")
def _(path: Path) -> Path:
    return idx_folder(
        path, struct.pack(">IIII", 2051, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100)
    )


@kind("idx of 1 TB of nothing", "idx", "")
def _(path: Path) -> Path:
    folder = idx_folder(path, b"")
    sparse(folder / "train-images-idx3-ubyte.gz", 10**12)
    return folder


TABLES = {
    "nested brackets": b"rows = " + b"[" * 500_000,
    "nested tables": b"rows = " + b"{a=" * 100_000,
    "an integer of 500,000 digits": b"stem = " + b"9" * 500_000,
    "a hexadecimal integer of 900,000 digits": b"stem = 0x" + b"f" * 900_000,
    "a billion repeats": b'rows = [{block = "separable", out = 8, n = 1000000000}]',
    "a million rows": b"rows = [" + b'{block="pool"},' * 60_000 + b"]",
    "a dotted key of 400,000 parts": b"a." * 400_000 + b"b = 1",
    "a quoted dotted key of 100,000 parts": b'"a".' * 100_000 + b"b = 1",
    "a dotted section of 400,000 parts": b"[" + b"a." * 400_000 + b"b]",
    "zero bytes": b"rows = [\0]",
    "bytes that are no UTF-8": b'name = "\xff\xfe\xfa"',
    "a key of 900,000 characters": b"a" * 900_000 + b" = 1",
    "a width of 1e999": b'width = 1e999\nrows = [{block = "separable", out = 8}]',
    "a resolution of 10**15": b'resolution = 1000000000000000\nrows = [{block = "separable", out = 8}]',
    "channels of 2**40": b'rows = [{block = "separable", out = 1099511627776}]',
    "2 MB of comments": b"#" * 2_000_000,
    "a date": b"rows = 1979-05-27",
}


def _table(name: str, content: bytes, reader: str) -> None:
    @kind(f"TOML with {name}, as a {reader}", reader, ".toml")
    def _(path: Path) -> None:
        path.write_bytes(content)


for _name, _content in TABLES.items():
    for _reader in ("table", "config"):
        _table(_name, _content, _reader)

NAMES = {
    "one line of 1 GB": lambda path: sparse(path, 10**9),
    "a name of 4 MB": lambda path: path.write_bytes(b"a" * 4_000_000),
    "two million names": lambda path: path.write_bytes(
        b"".join(b"%x\n" % k for k in range(500_000))
    ),
    "JSON nested 100,000 deep": lambda path: path.write_bytes(b"[" * 100_000),
    "Python nested 100,000 deep": lambda path: path.write_bytes(b"[(" * 50_000),
    "4 MB of Python's empty tuples": lambda path: path.write_bytes(
        b"[" + b"()," * 1_300_000 + b"]"
    ),
    "half a MB of Python's empty tuples": lambda path: path.write_bytes(
        b"[" + b"()," * 174_000 + b"]"
    ),
    "4 MB of JSON's empty lists": lambda path: path.write_bytes(b"[" + b"[]," * 1_300_000 + b"[]]"),
    "Python that multiplies": lambda path: path.write_bytes(b"['a'*10**10]"),
    "a number of a million digits": lambda path: path.write_bytes(b"[" + b"9" * 1_000_000 + b"]"),
    "lines that are numbered to a million digits": lambda path: path.write_bytes(
        b"9" * 10**6 + b" cat\n"
    ),
}


def _names(name: str) -> None:
    @kind(f"class names: {name}", "names", ".txt", inert=True)
    def _(path: Path) -> None:
        NAMES[name](path)


for _name in NAMES:
    _names(_name)


@kind("an image list of 1 TB", "lists", ".txt")
def _(path: Path) -> None:
    sparse(path, 10**12)


@kind("an image list whose labels are 10**18", "lists", ".txt")
def _(path: Path) -> None:
    path.write_text("a.jpg 1000000000000000000\n", encoding="ascii")


@kind("an image list of /dev/zero", "lists", ".txt")
def _(path: Path) -> None:
    path.write_text("/dev/zero 0\n../../../dev/zero 1\n", encoding="ascii")


def _everybody(name: str, make: object, ending: str) -> None:
    for reader in (
        "keras",
        "timm",
        "torchvision",
        "paddle",
        "tflite",
        "own",
        "table",
        "config",
        "names",
    ):
        if reader == "config" and name == "a folder":
            continue

        harmless = name == "an empty file" and reader == "config"

        @kind(f"{name}, as {reader}", reader, ending, inert=harmless)
        def _(path: Path) -> Path | None:
            return make(path)  # type: ignore[operator, no-any-return]


def _linked(target: str) -> object:
    return lambda path: path.symlink_to(target)


def _ring(path: Path) -> None:
    other = path.with_name("other")
    path.symlink_to(other)
    other.symlink_to(path)


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:  # its name stays
            made.bind(path.name)
    finally:
        os.chdir(here)


_everybody("/dev/zero", _linked("/dev/zero"), "")
_everybody("a pipe", lambda path: os.mkfifo(path), ".safetensors")
_everybody("a socket", _socket, ".safetensors")
_everybody("a ring of links", _ring, ".safetensors")
_everybody("a folder", lambda path: path.mkdir(), "")
_everybody("1 TB of nothing", lambda path: sparse(path, 10**12), ".h5")
_everybody("an empty file", lambda path: path.touch(), ".safetensors")


@kind("a file that grows while it is read", "grows", ".toml", inert=True)
def _(path: Path) -> None:
    path.write_bytes(b"#" * 2**19)


def grow(path: Path) -> None:
    """Begins to add to a file, in a thread."""

    def add() -> None:
        for _ in range(2000):
            with path.open("ab") as file:
                file.write(b"#" * 2**16)

    threading.Thread(target=add, daemon=True).start()


def flat(path: Path, ints: list[int]) -> None:
    """Whatever a flatbuffer reader makes of these numbers behind TFLite's identifier."""
    path.write_bytes(struct.pack("<I4s", ints[0], b"TFL3") + np.array(ints[1:], "<i4").tobytes())


@kind("TFLite whose root points at itself", "tflite", ".tflite")
def _(path: Path) -> None:
    flat(path, [8, 0, 0, 0, 0])


@kind("TFLite of vectors of 2**31", "tflite", ".tflite")
def _(path: Path) -> None:
    flat(path, [16, 0x000A000C, 0x00080004, 12, 4, 2**31 - 1, 4, 2**31 - 1, 2**31 - 1])


@kind("TFLite whose tables point backwards", "tflite", ".tflite")
def _(path: Path) -> None:
    flat(path, [12, -8, -4, 2**30, -(2**31), 2**31 - 1])


@kind("TFLite with a thousand subgraphs", "tflite", ".tflite")
def _(path: Path) -> None:
    import tflite
    from flatbuffers import Builder

    builder = Builder(1024)
    tflite.SubGraphStart(builder)
    graph = tflite.SubGraphEnd(builder)
    tflite.ModelStartSubgraphsVector(builder, 10**6)
    for _ in range(10**6):
        builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddSubgraphs(builder, graphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def _onnx(path: Path, location: str, length: int) -> None:
    import onnx
    from onnx import TensorProto, helper

    weight = TensorProto(
        name="w", data_type=1, dims=[length // 4], data_location=TensorProto.EXTERNAL
    )
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    x = helper.make_tensor_value_info("x", 1, [length // 4])
    node = helper.make_node("Add", ["x", "w"], ["y"])
    y = helper.make_tensor_value_info("y", 1, [length // 4])
    graph = helper.make_graph([node], "g", [x], [y], [weight])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    del onnx


@kind("ONNX whose arrays lie in a pipe beside it", "onnx", ".onnx", inert=True)
def _(path: Path) -> None:
    _onnx(path, OUTSIDE, 864)


@kind("ONNX whose arrays lie in /etc/passwd", "onnx", ".onnx", inert=True)
def _(path: Path) -> None:
    _onnx(path, "../../../../../../etc/passwd", 864)


@kind("ONNX that claims 4 TB", "onnx", ".onnx", inert=True)
def _(path: Path) -> None:
    _onnx(path, OUTSIDE, 2**42)


@kind("ONNX of 1 TB of nothing", "onnx", ".onnx")
def _(path: Path) -> None:
    sparse(path, 10**12)


@kind("a manifest of vectors nested 100,000 deep", "vectors", "")
def _(path: Path) -> Path:
    (path.parent / "manifest.json").write_bytes(b"[" * 100_000)
    return path.parent


@kind("a config.json of timm nested 100,000 deep", "hub", "", inert=True)
def _(path: Path) -> Path:
    (path.parent / "config.json").write_bytes(b"[" * 100_000)
    (path.parent / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return path.parent


@kind("a run's folder whose images are a pipe", "own", "")
def _(path: Path) -> Path:
    os.mkfifo(path.parent / "images.tsv.gz")
    os.mkfifo(path.parent / "notes.json")
    os.mkfifo(path.parent / "last.safetensors")
    return path.parent


def _image(name: str, ending: str, content: Callable[[], bytes]) -> None:
    @kind(f"an image: {name}", "image", ending)
    def _(path: Path) -> None:
        path.write_bytes(content())


_image(
    "Netpbm with 100 MB of remarks", ".ppm", lambda: b"P6\n#" + b"x" * 10**8 + b"\n1 1\n255\n123"
)
_image("Netpbm with a million remarks", ".pgm", lambda: b"P5\n" + b"#\n" * 10**6 + b"1 1 255\n1")
_image(
    "PostScript that runs for ever",
    ".eps",
    lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n",
)
_image(
    "FITS of cards without an end",
    ".fits",
    lambda: b"SIMPLE  =                    T".ljust(80) * 10**6,
)
_image("PPM of 40,000 x 40,000", ".ppm", lambda: b"P6 40000 40000 255\n" + bytes(100))


@kind("a run's folder with a link to /dev/zero", "own", "")
def _(path: Path) -> Path:
    (path.parent / "best.safetensors").symlink_to("/dev/zero")
    return path.parent
