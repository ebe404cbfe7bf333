"""`npmobilenet quantize`, and what is then done with a file of integers: exit codes, tables, JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from tests.commands import call

from ..quantization.networks import images, model_of, network

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of floats, one of integers, and photographs of noise."""
    place = tmp_path_factory.mktemp("quantize")
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for k in range(5):
            inside = place / "photos" / part / f"kind {k}"
            inside.mkdir(parents=True)
            for i in range(2):
                noise = rng.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(noise).save(inside / f"{i}.png")
    plan, params = network("v1")
    kept = model_of("v1")
    nm.save(nm.Model(plan, params, kept.classes, kept.preprocessing), place / "f.safetensors")
    nm.save(kept, place / "i.safetensors")
    assert images(plan).shape[1:] == (32, 32, 3)
    return place


def test_a_file_is_written_and_used(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made.safetensors"
    words = ("quantize", folder / "f.safetensors", "--calibrate", folder / "photos", "-o", made)
    code, out, err = call(capsys, *words)
    assert code == 0
    assert "floats and integers name the same class in" in out
    assert "int8, a scale a channel:" in out
    assert "only 10 images to calibrate with" in err
    found = nm.load(made).quantized
    assert found is not None
    assert found["image"].scale[0] == pytest.approx(2 / 255)  # black to white, not what was seen
    picture = folder / "photos/val/kind 0/0.png"
    code, out, _ = call(capsys, "predict", picture, "--weights", made, "--json")
    assert code == 0
    (answer,) = json.loads(out)
    assert sum(each["probability"] for each in answer["predictions"]) == pytest.approx(1, abs=1e-3)
    code, out, _ = call(capsys, "evaluate", folder / "photos", "--weights", made, "--json")
    assert code == 0
    assert json.loads(out)["images"] == 10
    for engine in ("compiled", "reference"):
        code, again, _ = call(
            capsys, "evaluate", folder / "photos", "--weights", made, "--json", "--engine", engine
        )
        assert json.loads(again)["top1"] == json.loads(out)["top1"]


def test_json_has_every_tensor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("quantize", folder / "f.safetensors", "--calibrate", folder / "photos")
    code, out, _ = call(capsys, *words, "--json", "--dtype", "uint8", "--observer", "mse")
    assert code == 0
    found = json.loads(out)
    assert (found["dtype"], found["per_channel"], found["file"]) == ("uint8", False, None)
    assert found["images"] == 10
    names = [each["name"] for each in found["tensors"]]
    assert names[:2] == ["image", "stem"]
    assert {"scale", "zero_point", "low", "high", "stored_db", "computed_db", "cut"} < set(
        found["tensors"][0]
    )
    code, out, _ = call(capsys, *words, "--csv")
    assert code == 0
    assert out.splitlines()[0].startswith("tensor,kind,from,to,scale,zero,stored dB")
    assert len(out.splitlines()) == len(names) + 1


def test_wrong_usage_and_failures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floats, photos = folder / "f.safetensors", folder / "photos"
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.png").write_bytes((photos / "train/kind 0/0.png").read_bytes()[:80])
    tries: list[tuple[int, tuple[Any, ...], str]] = [
        (2, (floats,), "--calibrate"),
        (2, (floats, "--calibrate", photos, "--weight-bits", 1), "--weight-bits"),
        (2, (floats, "--calibrate", photos, "--weight-bits", 9), "from 2 to 8"),
        (2, (floats, "--calibrate", photos, "--weight-bits", 4, "--dtype", "uint8"), "for int8"),
        (2, (floats, "--calibrate", photos, "--percentile", 40), "--percentile"),
        (1, (floats, "--calibrate", tmp_path / "nowhere"), "nowhere"),
        (1, (floats, "--calibrate", tmp_path / "empty"), "empty"),
        (1, (folder / "none.safetensors", "--calibrate", photos), "none.safetensors"),
        (1, (folder / "i.safetensors", "--calibrate", photos), "is of int8 integers"),
        (1, (floats, "--calibrate", tmp_path), "cut.png"),
    ]
    for wanted, words, said in tries:
        code, out, err = call(capsys, "quantize", *words)
        assert (code, out) == (wanted, ""), words
        assert said in err.splitlines()[-1]
        assert "Traceback" not in err
    code, _, err = call(capsys, "quantize", floats, "--calibrate", photos, "-o", floats)
    assert code != 0  # the weights it was asked about are not written over
    assert nm.load(floats).quantized is None


def test_what_needs_floats_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    integers = folder / "i.safetensors"
    target = tmp_path / "made"
    for words in (
        ("export", integers, "--to", "torchvision", "--output", target),
        ("export", integers, "--to", "onnx", "--output", target.with_suffix(".onnx")),
        ("explore", folder / "photos/val/kind 0/0.png", "--weights", integers, "--output", target),
        ("train", folder / "photos", "--weights", integers, "--output", target),
    ):
        code, out, err = call(capsys, *words)
        assert code in (1, 2), words
        assert out == ""
        assert len(err.splitlines()) <= 12
        assert "int8" in err.splitlines()[-1], words
        assert list(tmp_path.iterdir()) == []


def test_bytes_of_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """memory, roofline and cost take weights, and know what they are of."""
    integers, floats = folder / "i.safetensors", folder / "f.safetensors"
    code, out, _ = call(capsys, "memory", integers, "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["dtype"], found["per_channel"]) == ("int8", True)
    weights = sum(a.nbytes for n, a in nm.load(integers).params.items() if n.endswith("weight"))
    assert found["weights"] == weights
    code, out, _ = call(capsys, "memory", floats, "--dtype", "int8", "--json")
    assert json.loads(out)["weights"] == weights
    code, out, err = call(capsys, "cost", integers, "--json")
    assert code == 0
    assert "int8 integers" in err
    assert json.loads(out)["macs"] == found["macs"]
    for words in (
        ("memory", integers, "--width", 0.5),
        ("memory", integers, "--dtype", "float32"),
        ("memory", "v1", "--from", "keras"),
        ("memory", "v9"),
        ("roofline", integers, "--dtype", "float32"),
    ):
        code, out, _ = call(capsys, *words)
        assert (code, out) == (2, "")


@pytest.mark.long
def test_roofline_of_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "roofline", folder / "i.safetensors", "--json", "--repeats", 1)
    assert code == 0
    assert json.loads(out)["layers"][0]["name"] == "stem"
