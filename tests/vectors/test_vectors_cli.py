"""npmobilenet vectors: what it prints, writes and refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.vectors import write
from tests.commands import call

from .block import network

SMALL = ["v2", "--width", "0.35", "--resolution", "32", "--classes", "5"]


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    write(*network(), folder, layers=["stem", "blocks.3"], formats=["hex"], about={"model": "v2"})
    return folder


def test_a_block_is_written_and_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["vectors", *SMALL, "--layers", "blocks.3", "--seed", "3", "-o", tmp_path / "a"]
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "note: quantised for 1 image, those of --images\n")
    assert "blocks.3.depthwise   depthwise_conv2d   8 x 8 x 48   8 x 8 x 48" in out
    assert max(map(len, out.splitlines())) <= 80 + len(str(tmp_path))
    document = json.loads((tmp_path / "a/manifest.json").read_text())
    assert document["seed"] == 3
    assert document["weights"] == "random, npmobilenet.vectors.random_params with seed 3"
    assert document["images"] == ["random"]
    assert {file.name for file in (tmp_path / "a/blocks.3.expand").iterdir()} >= {
        "layer.h",
        "input.hex",
        "accumulators.npy",
    }
    code, out, _ = call(capsys, "vectors", "check", tmp_path / "a", "--theirs", tmp_path / "a")
    assert (code, out) == (0, "equal: all 29 tensors of 4 layers\n")


def test_the_same_seed_writes_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    how = ["--layers", "stem", "--count", "2", "--formats", "hex", "--json"]
    for name, seed in (("a", 0), ("b", 0), ("c", 2)):
        words = ["vectors", *SMALL, *how, "--seed", seed, "-o", tmp_path / name]
        code, out, _ = call(capsys, *words)
        assert code == 0
        document = json.loads(out)
        assert document["images"] == ["random", "random"]
        assert document["layers"][0]["tensors"]["output"] == [2, 16, 16, 16]
    a, b, c = ((tmp_path / name / "stem/output.hex").read_bytes() for name in "abc")
    assert a == b != c


def test_what_differs_is_said(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stem").mkdir()
    lines = (vectors / "stem/output.hex").read_text().splitlines()
    lines[17] = f"{int(lines[17], 16) ^ 1:02x}"
    (tmp_path / "stem/output.hex").write_text("\n".join(lines))
    (tmp_path / "stem/out.hex").touch()
    code, out, err = call(capsys, "vectors", "check", vectors, "--theirs", tmp_path)
    assert code == 1
    said = " ".join(out.split())
    assert said.startswith(
        "stem output: 1 of 4,096 elements differ, first at n=0 y=0 x=1 c=1: expected "
    )
    assert "nothing known here gives these numbers" in said
    assert said.endswith("0 of 1 tensors are equal, 1 differ")
    assert max(map(len, out.splitlines())) < 80
    assert (
        err == f"note: {tmp_path / 'stem/out.hex'}: not looked at, the manifest does not name it\n"
    )
    code, out, _ = call(capsys, "vectors", "check", vectors, "--theirs", tmp_path, "--json")
    document = json.loads(out)
    assert (code, document["equal"]) == (1, False)
    (found,) = document["differences"]
    assert found["index"] == {"n": 0, "y": 0, "x": 1, "c": 1}
    assert found["explanations"] == []
    assert document["not_looked_at"] == [str(Path("stem/out.hex"))]


def test_an_explanation_is_said(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stem").mkdir()
    words = [int(word, 16) ^ 128 for word in (vectors / "stem/output.hex").read_text().split()]
    (tmp_path / "stem/output.hex").write_text("".join(f"{word:02x}\n" for word in words))
    code, out, _ = call(capsys, "vectors", "check", vectors, "--theirs", tmp_path)
    assert code == 1
    assert "    this gives all of these numbers:\n    * its sign bit is inverted\n" in out
    assert max(map(len, out.splitlines())) < 80


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("v2", "-o DIR is needed"),
        ("check", "check wants the vectors"),
        ("check here", "check wants the vectors"),
        ("v2 there -o x", "are for the word check"),
        ("flowers --width 0.5 -o x", "--width is for a MODEL with random weights"),
        ("v2 --images a.jpg --count 3 -o x", "--count is for --images random"),
        ("v2 --layers -o x", "expected at least one argument"),
    ],
)
def test_wrong_usage(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "vectors", *words.split())
    assert code == 2
    assert message in err


def test_what_fails_is_said_in_a_line(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stem").mkdir()
    text = (vectors / "stem/output.hex").read_text()
    (tmp_path / "stem/output.hex").write_text(f"{text[:9]}q{text[10:]}")
    checked = ["check", vectors, "--theirs", tmp_path]
    for words, message in (
        (checked, f"{tmp_path / 'stem/output.hex'}: line 4: 'q"),
        (["check", tmp_path, "--theirs", vectors], "has no manifest.json"),
        (["no-such-model", "-o", tmp_path / "new"], "no-such-model"),
        (["v2", "--images", "none.jpg", "-o", tmp_path / "new"], "none.jpg"),
        ([*SMALL, "-o", tmp_path], "is not empty"),
        ([*SMALL, "--layers", "steam", "-o", tmp_path / "new"], "no layer or block 'steam'"),
    ):
        code, out, err = call(capsys, "vectors", *words)
        assert (code, out) == (1, ""), words
        *_, line = err.splitlines()
        assert line.startswith("npmobilenet vectors: ")
        assert message in line
    assert not (tmp_path / "new").exists()


@pytest.mark.long
def test_photographs_and_files(
    tmp_path: Path, extra_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quantised .tflite file, its layers on a photograph, as XNNPACK rounds."""
    folder = extra_data / "data/flower_photos/val/roses"
    photo = min(folder.glob("*.jpg"))
    file = extra_data / "weights/mobilenet_v1_0.25_128_quant.tflite"
    words = ["vectors", file, "--images", photo, "--rounding", "single", "-o", tmp_path / "a"]
    assert call(capsys, *words)[0] == 0
    document = json.loads((tmp_path / "a/manifest.json").read_text())
    assert (document["dtype"], document["rounding"]) == ("uint8", "single")
    assert document["images"] == [str(photo)]
    assert document["layers"][-1]["name"] == "softmax"
    shutil.rmtree(tmp_path / "a/stem")
    assert not call(capsys, *words[:-1], tmp_path / "b")[0]
    assert call(capsys, "vectors", "check", tmp_path / "b", "--theirs", tmp_path / "a")[0] == 0
    assert np.load(tmp_path / "b/softmax/output.npy").sum() in range(200, 300)
    code, _, err = call(capsys, *words[:-2], "--dtype", "int8", "-o", tmp_path / "c")
    assert code == 2
    assert "--dtype is for a MODEL of floats" in err
