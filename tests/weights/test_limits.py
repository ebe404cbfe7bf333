"""What a file claims is held against the file, the plan and one limit, before memory is taken."""

import gzip
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import npmobilenet as nm
from npmobilenet import limits
from npmobilenet.datasets import idx
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.model import Model
from npmobilenet.text import of_json, of_toml, read_text
from npmobilenet.vectors.files import read_npy
from npmobilenet.weights.archives import sound_archive
from npmobilenet.weights.safetensors_files import read_safetensors


def test_the_limit_is_said_by_the_environment_or_around_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert limits.largest() == limits.USUAL
    for words, size in (("8GB", 8 * 10**9), ("500 m", 5 * 10**8), ("1000", 1000)):
        monkeypatch.setenv(limits.VARIABLE, words)
        assert limits.largest() == size
    with limits.at_most(10), limits.at_most(None):
        assert limits.largest() == 10
    for words in ("8 apples", "-1", "0", "1.5GB"):
        monkeypatch.setenv(limits.VARIABLE, words)
        with pytest.raises(ValueError, match=r"^NPMOBILENET_LARGEST must be a size like 8GB"):
            limits.largest()
    with pytest.raises(TypeError, match="largest must be a number of bytes"), limits.at_most(True):
        pass
    with pytest.raises(ValueError, match="above 0, found 0"), limits.at_most(0):
        pass


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(bytes(200))
    said = rf"^{path}: 200 bytes, larger than the 100 bytes that are read; where it is right: NPMOB"
    with pytest.raises(ValueError, match=said):
        nm.load(path, largest=100)
    with pytest.raises(ValueError, match=said):
        nm.import_weights(path, "timm", largest=100)
    with pytest.raises(ValueError, match=r"larger than the 64 bytes that are read$"):
        read_text(path, 64)


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="no system call for holes in files")
def test_a_file_that_is_mostly_a_hole_is_not_read(tmp_path: Path) -> None:
    """It has a gigabyte of zeros in memory and no place on the disk."""
    path = tmp_path / "x.safetensors"
    header = {"a": {"dtype": "F32", "shape": [2**25], "data_offsets": [0, 2**27]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + 2**27)
    if path.stat().st_blocks * 512 > 2**26:
        pytest.skip("this file system has no holes")
    with pytest.raises(ValueError, match=r"only .* of its 134\.2 MB were ever written"):
        nm.import_weights(path, "timm")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"dtype": "F32", "shape": [2**47, 4], "data_offsets": [0, 16]}, "its shape needs"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [16, 32]}, "begins at byte 16, expected 0"),
        ({"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}, "shape must be sizes"),
        ({"dtype": "F32", "shape": [True], "data_offsets": [0, 16]}, "shape must be sizes"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0]}, "data_offsets must be two"),
        ({"dtype": ["F32"], "shape": [4], "data_offsets": [0, 16]}, "is of type"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "have 8 bytes, 16 are there"),
        ({"dtype": "F32", "shape": [4]}, "must have dtype, shape and data_offsets alone"),
    ],
)
def test_claims_of_a_header_are_compared_with_the_file(
    tmp_path: Path, entry: dict[str, object], told: str
) -> None:
    path = tmp_path / "x.safetensors"
    text = json.dumps({"a": entry}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(ValueError, match=rf"^{path}: not a readable safetensors file \(.*{told}"):
        read_safetensors(path)


def test_a_file_of_ours_holds_no_more_than_its_network(tmp_path: Path) -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=2)
    state = {"x": np.zeros(8 * sum(map(np.prod, plan.arrays.values())) + 2**20, np.float32)}  # type: ignore[call-overload]
    model = Model(plan, nm.init(plan, 0), ("a", "b"), Preprocessing.imagenet(32), state)
    nm.save(model, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="numbers, in a file of a network that has"):
        nm.load(tmp_path / "x.safetensors")


def test_archives_that_cannot_be_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", b"2")
    with pytest.raises(ValueError, match="two files in it have one name"):
        sound_archive(path)
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", 70)
    for shape, told in (
        ("(1099511627776,)", "64 bytes for float32 of shape"),
        ("(-1, -16)", "negative dimensions"),
    ):
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(70)[:70]
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.npy", head + text.encode() + bytes(64))
        with pytest.raises(
            ValueError, match=rf"^{path}: not a readable \.npz of arrays \(.*{told}"
        ):
            nm.import_weights(path, "paddle")


def test_headers_of_arrays_that_numpy_would_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    head = b"\x93NUMPY\x02\x00" + struct.pack("<I", 100_000) + b"[" * 100_000
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", head)
    said = r"\(an \.npy header of 100,000 bytes, at most 10,000 are read\)$"
    with pytest.raises(ValueError, match=rf"^{path}: not a readable \.npz of arrays {said}"):
        nm.import_weights(path, "paddle")
    (tmp_path / "x.npy").write_bytes(head)
    with pytest.raises(ValueError, match=r"x\.npy: .*: a header of 100,000 bytes, at most 10,000"):
        read_npy(tmp_path / "x.npy", "float32", (1,))


def test_numbers_in_json_are_numbers() -> None:
    assert of_json('{"most": 1' + "0" * 299 + "}")["most"] == 10**299
    with pytest.raises(ValueError, match=r"^a whole number of 5,000 digits, at most 300 are read$"):
        of_json("9" * 5000)


def test_a_network_of_a_file_runs_within_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same arrays, in a file of the same few kilobytes, do for images of any size."""
    plan = nm.plan("v2", width=0.35, resolution=20_000, classes=3, dialect="timm")
    params = nm.init(plan, 0)
    path, theirs = tmp_path / "x.safetensors", tmp_path / "theirs.safetensors"
    nm.save(Model(plan, params, ("a", "b", "c"), Preprocessing.imagenet(20_000)), path)
    said = (
        r"to run at 20000 x 20000 pixels it needs 76\.8 GB, more than the 1\.1 GB allowed; "
        "where it is right"
    )
    with pytest.raises(ValueError, match=rf"^{path}: {said}: NPMOBILENET_LARGEST$"):
        nm.load(path)
    assert nm.load(path, largest=10**11).plan == plan
    nm.export_weights(plan, params, theirs, "timm")
    with pytest.raises(ValueError, match=rf"^{theirs}: {said}"):
        nm.import_weights(theirs, "timm", resolution=(20_000, 20_000))
    pixels = {"input_size": [3, 20_000, 20_000]}
    config = {"architecture": "mobilenetv2_035", "num_classes": 3, "pretrained_cfg": pixels}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"^{theirs}: {said}"):
        nm.import_weights(theirs, "timm")
    assert nm.import_weights(theirs, "timm", resolution=(1024, 1024)).model.plan.classes == 3
    monkeypatch.setenv(limits.VARIABLE, "100GB")
    assert nm.load(path).plan == plan


def test_idx_files_unpack_to_what_they_promise_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    head = struct.pack(">IIII", 2051, 2, 3, 3)
    path.write_bytes(gzip.compress(head + bytes(18)))
    assert idx.read(path, 3).shape == (2, 3, 3)
    path.write_bytes(gzip.compress(head + bytes(10**6)))
    with pytest.raises(ValueError, match="promises 2 x 3 x 3 = 18 bytes, more are there"):
        idx.read(path, 3)
    path.write_bytes(gzip.compress(struct.pack(">IIII", 2051, 2**20, 2**10, 2**10)))
    with pytest.raises(ValueError, match=r"promises 1,099\.5 GB, .* unpack to 67\.1 MB at most"):
        idx.read(path, 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n" + "a." * 200 + "b = 1", "line 2: a key of more than 40 parts: a.a.a"),
        ("[" + '"a" . ' * 100 + "b]", "line 1: a key of more than 40 parts"),
        ("x = " + "[" * 20_000, "nested too deep"),
        ("a = 1\nx = " + "9" * 10_000, "line 2: a whole number beyond 64 bits$"),
        ("[a]\nb.x = [0, 0x" + "f" * 900_000 + "]", r"^a\.b\.x: a whole number beyond 64 bits$"),
    ],
)
def test_toml_that_would_take_for_ever(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of_toml(text)
    assert of_toml("x = -9223372036854775808") == {"x": -(2**63)}
    quoted = "a.b" + ".c" * 100
    assert of_toml(f'x = "{quoted}"\ny = [{"0.5, " * 100}]')["x"] == quoted


def test_names_in_a_file_do_not_fill_the_screen(tmp_path: Path) -> None:
    """Each is shown, its middle left out; what does not fit is said around it."""
    plan = nm.plan("v2", width=0.35, resolution=32, classes=3, dialect="timm")
    path = tmp_path / "theirs.safetensors"
    nm.export_weights(plan, nm.init(plan, 0), path, "timm")
    arrays = load_file(path)
    first = next(iter(arrays))
    save_file({**arrays, "y" * 60_000: arrays.pop(first)}, path)
    with pytest.raises(
        ValueError, match=r"(?s)1 unexpected.*\.\.\.\[60,0\d\d characters"
    ) as caught:
        nm.import_weights(path, "timm", resolution=(32, 32))
    assert len(str(caught.value)) < 2000
