"""Archives and pickles that ask for gigabytes with a few bytes, or show two readers two things."""

import bz2
import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.reliability.hostile_files.archives import packed
from npmobilenet.weights import archives, pickle_calls
from npmobilenet.weights.torch_files import read_torch

torch = pytest.importorskip("torch")
text = pytest.importorskip("benchmarks.reliability.hostile_files.pickles").text

ZEROS = 50_000_000


def deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


PACKED = {
    "bzip2": (12, bz2.compress(bytes(ZEROS))),
    "deflate": (8, deflated(bytes(ZEROS))),
}


@pytest.mark.parametrize("method", PACKED)
@pytest.mark.parametrize(
    ("file", "name", "family"),
    [
        ("a.npz", "a.npy", "paddle"),
        ("a.pth", "x/data.pkl", "timm"),
        ("a.keras", "model.weights.h5", "keras"),
    ],
)
def test_a_member_that_unpacks_to_more_than_its_list_says(
    method: str, file: str, name: str, family: str, tmp_path: Path
) -> None:
    number, content = PACKED[method]
    path = tmp_path / file
    path.write_bytes(packed(name, content, number, 1000))
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"{file}: (?!.*\n)"):
        nm.import_weights(path, family)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < ZEROS / 4


def archive_of(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (*members, ("x/version", b"3\n"), ("x/byteorder", b"little")):
            archive.writestr(name, content)
    return path


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


TENSOR = name_of("torch", "Tensor") + b"\x8a\x04" + (10**6).to_bytes(4, "little") + b"\x85"
HOSTILE = {
    "encoded again and again": (
        name_of("_codecs", "encode") * 2 + text("a") + text("utf8") + b"\x86R" + text("hex") + b"\x86R."
    ),
    "kept, then called": (
        name_of("_codecs", "encode") + b"q\0" + b"0h\0" + text("a") + text("hex") + b"\x86R."
    ),
    "a tensor of a size": TENSOR + b"R.",
    "a tensor of a size, anew": TENSOR + b"\x81.",
    "a tensor as another type": (
        name_of("torch._utils", "_rebuild_device_tensor_from_cpu_tensor") + b"(NNNNtR."
    ),
    "by a function that calls": (
        name_of("torch._tensor", "_rebuild_from_type_v2") + b"(" + TENSOR[:-7]
        + name_of("torch", "Tensor") + b"K\5\x85}tR."
    ),
    "what another call gave": name_of("torch._tensor", "_rebuild_from_type_v2") + b"(NNNNtR.",
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_calls_that_weights_do_not_need_are_refused_by_name(what: str, tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.pth", ("x/data.pkl", b"\x80\x02" + HOSTILE[what]))
    with pytest.raises(ValueError, match=r"it calls '(torch|_codecs)\.[\w.]+', which no weights"):
        read_torch(path)


@pytest.mark.parametrize("decoy", ["x/adata.pkl", "x/DATA.PKL", "y/data.pkl"])
def test_a_second_pickle_hides_nothing(decoy: str, tmp_path: Path) -> None:
    harmless = pickle.dumps({"a": 1}, 2)
    hostile = b"\x80\x02" + name_of("builtins", "bytearray") + b"K\5\x85R."
    path = archive_of(tmp_path / "a.pth", (decoy, harmless), ("x/data.pkl", hostile))
    with pytest.raises(ValueError, match=r"a\.pth: torch cannot load it as weights alone"):
        read_torch(path)


def test_what_is_read_is_what_was_looked_at(tmp_path: Path) -> None:
    """A list of members before the last one, where other readers look for it: at the place it gives."""
    one, two = io.BytesIO(), io.BytesIO()
    torch.save({"a": torch.ones(3)}, one)
    torch.save({"b": torch.zeros(3)}, two)
    end = one.getvalue().rindex(b"PK\5\6")
    size, start = struct.unpack("<II", two.getvalue()[-10:-2])
    ours = bytearray(one.getvalue())
    ours[-10:-2] = struct.pack("<II", struct.unpack("<I", ours[-10:-6])[0], start)
    path = tmp_path / "a.pth"
    path.write_bytes(two.getvalue()[: start + size] + bytes(ours))
    assert end < len(ours)
    with zipfile.ZipFile(archives.repacked(path)) as archive, zipfile.ZipFile(one) as plain:
        assert archive.namelist() == plain.namelist()
    assert list(torch.load(archives.repacked(path))) == ["a"]


def test_the_storages_names_of_older_files_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"a": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
    assert read_torch(path).tensors["a"].tolist() == [1, 1, 1]
    content = path.read_bytes()
    at = content.rindex(b"\x80\x02]")  # the last pickle: a list of texts
    path.write_bytes(content[:at] + b"\x80\x02" + HOSTILE["a tensor of a size"] + content[at:])
    with pytest.raises(ValueError, match=r"it calls 'torch\.Tensor'"):
        read_torch(path)


def values() -> Mapping[str, Any]:
    named = torch.ones(2)
    named.note = "an attribute makes it a call of _rebuild_from_type_v2"
    return {
        "plain": torch.ones(2, 3),
        "parameter": torch.nn.Parameter(torch.ones(4)),
        "named": named,
        "view": torch.ones(3, 4).T,
        "size": torch.ones(3, 4).shape,
        "bytes": b"\0\xff",
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "sets": {1, 2},
        "scalar": np.float64(2),
        "ordered": OrderedDict(a=1),
    }


@pytest.mark.parametrize("new", [True, False])
def test_what_torch_saves_is_taken(new: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save(values(), path, _use_new_zipfile_serialization=new)
    found = read_torch(path).tensors
    assert {name: value.shape for name, value in found.items()} == {
        "plain": (2, 3), "parameter": (4,), "named": (2,), "view": (4, 3),
    }  # fmt: skip


@pytest.mark.parametrize("protocol", range(6))
def test_names_are_those_of_a_pickle_of_any_version(protocol: int) -> None:
    found = pickle_calls.read(io.BytesIO(pickle.dumps([OrderedDict(a={1}), range(3)], protocol)))
    assert {"collections.OrderedDict", "builtins.range"} <= found.names
    assert found.strange == ""
