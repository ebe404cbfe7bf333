"""Checksums: of our own files over everything, of anybody's over all bytes, where it was published."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.model import Model
from npmobilenet.weights import native
from npmobilenet.weights.by_name import find_weights
from npmobilenet.weights.plausible import implausible


@pytest.fixture
def file(tmp_path: Path) -> Path:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=2)
    nm.save(
        Model(plan, nm.init(plan, 0), ("a", "b"), Preprocessing.imagenet(32)),
        tmp_path / "x.safetensors",
    )
    return tmp_path / "x.safetensors"


def changed(file: Path, **metadata: Any) -> None:
    """Other metadata; None: without that key."""
    with safe_open(file, framework="numpy") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        told = opened.metadata() | metadata
    save_file(tensors, file, {key: value for key, value in told.items() if value is not None})


@pytest.mark.parametrize(
    "change",
    [
        {"metadata_sha256": None},
        {"metadata_sha256": None, "metadata_SHA256": "0" * 64},
        {"metadata_sha256": ""},
        {"sha256": None},
        {"format": "npmobilenet 1"},
        {"anything": "else"},
        {"notes": '{"a": 1}'},
    ],
)
def test_no_checksum_can_be_left_out(file: Path, change: dict[str, Any]) -> None:
    changed(file, **change)
    with pytest.raises(ValueError, match="the metadata are not those that were saved"):
        nm.load(file)


def test_older_files_are_read_and_called_so(file: Path) -> None:
    """They cannot be told from a new one of which two things were changed: so it is said."""
    assert find_weights(file).notes == ()
    changed(file, format="npmobilenet 1", metadata_sha256=None)
    found = find_weights(file)
    assert found.model.classes == ("a", "b")
    assert found.notes == native.remarks(file)
    assert "no checksum over its metadata" in found.notes[0]
    changed(file, sha256="0" * 64)
    with pytest.raises(ValueError, match="the arrays are not those that were saved"):
        nm.load(file)


def test_shipped_models_are_sealed() -> None:
    assert find_weights("flowers").notes == ()
    assert find_weights("fashion-mnist").notes == ()


def test_a_published_sha256_is_compared_before_anything_is_parsed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"no HDF5 at all")
    right, wrong = hashlib.sha256(path.read_bytes()).hexdigest(), "0" * 64
    for read in (
        lambda sha256: nm.import_weights(path, "keras", sha256=sha256),
        lambda sha256: find_weights(path, "keras", sha256=sha256),
    ):
        with pytest.raises(
            ValueError, match=rf"^{path}: SHA-256 is {right}, expected {wrong}; nothing"
        ):
            read(wrong)
        with pytest.raises(ValueError, match="not a file of Keras"):
            read(right.upper())
        with pytest.raises(ValueError, match=r"^sha256 must be 64 hexadecimal digits, found 'abc'"):
            read("abc")
    words = [
        "weights",
        "import",
        str(path),
        "--from",
        "keras",
        "--output",
        str(tmp_path / "o.safetensors"),
    ]
    assert main([*words, "--sha256", wrong]) == 1
    assert f"SHA-256 is {right}, expected {wrong}" in capsys.readouterr().err
    for verb in (words, ["predict", "chelsea", "--weights", str(path)], ["memory", str(path)]):
        with pytest.raises(SystemExit) as ended:
            main([*verb, "--sha256", "xyz"])
        assert ended.value.code == 2
        assert "must be 64 hexadecimal digits, found 'xyz'" in capsys.readouterr().err
    assert main(["predict", "chelsea", "--weights", "flowers", "--sha256", wrong]) == 1
    assert "nothing of it was read" in capsys.readouterr().err


def test_arrays_that_no_training_leaves_are_said() -> None:
    model = nm.load("flowers")
    plan, params = model.plan, dict(model.params)
    assert list(implausible(plan, params)) == []
    assert list(implausible(plan, nm.init(plan, 0))) == []  # nothing is trained, nothing is odd
    for one, other in (
        ("blocks.8.pointwise.weight", "blocks.9.pointwise.weight"),
        ("blocks.8.pointwise_norm.variance", "blocks.8.pointwise_norm.gamma"),
        ("blocks.8.pointwise_norm.mean", "blocks.9.pointwise_norm.mean"),
    ):
        swapped = params | {one: params[other], other: params[one]}
        (said,) = implausible(plan, swapped)
        assert said.startswith("warning: the running statistics of blocks.")
    far = params["blocks.3.pointwise.weight"].copy()
    far[3, 4] *= np.float32(2.0**64)
    (said,) = (
        x for x in implausible(plan, params | {"blocks.3.pointwise.weight": far}) if "far" in x
    )
    assert "numbers far out in blocks.3.pointwise.weight" in said
