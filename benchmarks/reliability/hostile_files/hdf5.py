"""Hostile HDF5: claims, packed bombs, links, groups without end."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .kinds import OUTSIDE, kind

KERNEL = np.zeros((3, 3, 3, 8), np.float32)


def legacy(path: Path, weights: tuple[str, ...] = ("a/kernel:0",)) -> Any:
    """An open file in Keras' older layout, of one layer "a" whose arrays are still missing."""
    root = h5py.File(path, "w")
    root.attrs["layer_names"] = np.array([b"a"])
    root.create_group("a").attrs["weight_names"] = np.array([x.encode() for x in weights])
    return root


@kind("HDF5 that claims 2 GiB", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a"].create_dataset("a/kernel:0", (2**29,), "f4")


@kind("HDF5 that claims 1 TB, in chunks that are not there", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a"].create_dataset("a/kernel:0", (2**38,), "f4", chunks=(2**20,))


@kind("HDF5 with one chunk of 1 GB for four numbers", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a"].create_dataset("a/kernel:0", (4,), "f4", maxshape=(None,), chunks=(2**28,))


@kind("HDF5 of zeros packed a thousandfold", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        data = root["a"].create_dataset(
            "a/kernel:0", (2**28,), "f4", chunks=(2**22,), compression="gzip", compression_opts=9
        )
        packed = zlib.compress(bytes(2**24), 9)
        for k in range(64):
            data.id.write_direct_chunk((k * 2**22,), packed)


def _bomb(path: Path, filters: dict[str, Any], packed: bytes) -> None:
    with legacy(path) as root:
        data = root["a"].create_dataset("a/kernel:0", (1024,), "f4", chunks=(1024,), **filters)
        data.id.write_direct_chunk((0,), packed)


@kind("HDF5 whose chunk unpacks to 4 GB", "keras", ".h5")
def _(path: Path) -> None:
    pack = zlib.compressobj(9)
    zeros = bytes(2**24)
    packed = b"".join(pack.compress(zeros) for _ in range(256)) + pack.flush()
    _bomb(path, {"compression": "gzip"}, packed)


@kind("HDF5 whose chunk unpacks to 1 GB, behind a checksum and a shuffle", "keras", ".h5")
def _(path: Path) -> None:
    pack = zlib.compressobj(9)
    packed = b"".join(pack.compress(bytes(2**24)) for _ in range(64)) + pack.flush()
    _bomb(path, {"compression": "gzip", "shuffle": True, "fletcher32": True}, packed + bytes(4))


@kind("HDF5 packed by lzf", "keras", ".h5")
def _(path: Path) -> None:
    _bomb(path, {"compression": "lzf"}, b"\x00" * 4000)


@kind("HDF5 with an external link", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        del root["a"]
        root["a"] = h5py.ExternalLink(str(path.parent / OUTSIDE), "/")


@kind("HDF5 whose model_weights are an external link", "keras", ".h5")
def _(path: Path) -> None:
    with h5py.File(path, "w") as root:
        root["model_weights"] = h5py.ExternalLink(str(path.parent / OUTSIDE), "/")


@kind("HDF5 with vars as an external link", "keras", ".weights.h5")
def _(path: Path) -> None:
    with h5py.File(path, "w") as root:
        root.create_group("layers/conv2d")["vars"] = h5py.ExternalLink(
            str(path.parent / OUTSIDE), "/"
        )


@kind("HDF5 whose arrays lie in another file", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        outside = [(str(path.parent / OUTSIDE), 0, 864)]
        root["a"].create_dataset("a/kernel:0", KERNEL.shape, "f4", external=outside)


@kind("HDF5 put together of another file's arrays", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        layout = h5py.VirtualLayout((4, 4), "f4")
        layout[...] = h5py.VirtualSource(str(path.parent / OUTSIDE), "x", (4, 4))
        root["a"].create_virtual_dataset("a/kernel:0", layout)


@kind("HDF5 with soft links in a ring", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a/a"] = h5py.SoftLink("/a/b")
        root["a/b"] = h5py.SoftLink("/a/a")


@kind("HDF5 with a group within itself", "keras", ".weights.h5")
def _(path: Path) -> None:
    with h5py.File(path, "w") as root:
        group = root.create_group("layers/a")
        group["b"] = group


@kind("HDF5 with 20,000 groups one in another", "keras", ".weights.h5")
def _(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as root:
        group = root
        for _ in range(20_000):
            group = group.create_group("a")


@kind("HDF5 with one array under 50,000 names", "keras", ".weights.h5")
def _(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as root:
        group = root.create_group("layers/a/vars")
        group["0"] = np.zeros(2**18, np.float32)
        for k in range(1, 50_000):
            group[str(k)] = group["0"]


@kind("HDF5 whose list names one layer 50,000 times", "keras", ".h5")
def _(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as root:
        root.attrs["layer_names"] = np.array([b"a"] * 50_000)
        group = root.create_group("a")
        group.attrs["weight_names"] = np.array([b"k:0"])
        group["k:0"] = np.zeros(2**18, np.float32)


@kind("HDF5 of references to objects", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        data = root["a"].create_dataset("a/kernel:0", (4,), h5py.ref_dtype)
        data[:] = [root.ref] * 4


@kind("HDF5 of texts of any length", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        data = root["a"].create_dataset("a/kernel:0", (1000,), h5py.string_dtype())
        data[:] = ["x" * 1000] * 1000


@kind("HDF5 with numbers of 1 MB each", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a"].create_dataset("a/kernel:0", (4096,), np.dtype("V1000000"))


@kind("HDF5 whose description is 300 MB of brackets", "keras", ".h5")
def _(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as root:
        root.attrs["layer_names"] = np.array([b"a"])
        root.create_group("a").attrs["weight_names"] = np.array([], "S1")
        root.attrs.create("model_config", np.bytes_(b"[" * 300_000_000))


@kind("HDF5 whose description is nested 100,000 deep", "keras", ".h5")
def _(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as root:
        root.attrs["layer_names"] = np.array([b"a"])
        root.create_group("a").attrs["weight_names"] = np.array([], "S1")
        root.attrs["model_config"] = '{"config":' * 100_000


@kind("HDF5 with an array of 32 axes", "keras", ".h5")
def _(path: Path) -> None:
    with legacy(path) as root:
        root["a"]["a/kernel:0"] = np.zeros((1,) * 32, np.float32)
