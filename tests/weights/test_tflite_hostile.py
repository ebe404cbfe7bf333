"""TFLite files that nobody wrote in good faith: one line that names the place, at once, in bounds."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.cli import main
from npmobilenet.weights import import_weights
from npmobilenet.weights.tflite_build import Graph
from tests.foreign import foreign
from tests.weights.tflite_damage import written

foreign("tflite")


@pytest.mark.parametrize("count", [36, pytest.param(1000, marks=pytest.mark.long)])
def test_damaged_files(count: int) -> None:
    """Refused in one line, or read and run: in a process of little memory, a file in a moment."""
    command = [sys.executable, "-m", "tests.weights.tflite_damage", str(count)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    counts = [int(word) for word in found.stdout.split() if word.isdigit()]
    assert sum(counts) == count, found.stdout


def tensor(graph: Graph, called: str, **changes: Any) -> None:
    k = named(graph, called)
    graph.tensors[k] = replace(graph.tensors[k], **changes)


def operator(graph: Graph, called: str, **changes: Any) -> None:
    """Change the operator that writes this tensor."""
    k = [found.output for found in graph.operators].index(named(graph, called))
    graph.operators[k] = replace(graph.operators[k], **changes)


def named(graph: Graph, name: str) -> int:
    return [found.name for found in graph.tensors].index(name)


def circle(graph: Graph, _: object) -> None:
    """The first convolution reads what the second makes of its result."""
    k = named(graph, "blocks.1.depthwise")
    operator(graph, "stem", inputs=[k, *graph.operators[0].inputs[1:]])


def custom(graph: Graph, _: object) -> None:
    graph.codes[0] = ("CUSTOM", 1)


def foreign_operator(graph: Graph, _: object) -> None:
    graph.codes[0] = ("UNIDIRECTIONAL_SEQUENCE_LSTM", 1)


def shared(graph: Graph, _: object) -> None:
    k = named(graph, "classifier.weight")
    graph.tensors.extend([graph.tensors[k]] * 4000)


def nan(graph: Graph, _: object) -> None:
    at = graph.tensors[named(graph, "stem.weight")].buffer
    graph.buffers[at] = b"\xff" * len(graph.buffers[at])


CASES: dict[str, tuple[str, Any, str]] = {
    "a cycle": (
        "int8",
        circle,
        r"operator 0 \(CONV_2D, stem\) reads tensor \d+ \(blocks.1.depthwise\), which nothing before",
    ),
    "an operator of nobody": ("int8", custom, r"operator 0 \(CUSTOM , stem\): no MobileNet"),
    "an operator of others": (
        "float",
        foreign_operator,
        r"operator 0 \(UNIDIRECTIONAL_SEQUENCE_LSTM, stem\): no MobileNet that is known here has",
    ),
    "a shape without end": (
        "int8",
        lambda graph, _: tensor(graph, "stem", shape=(65536,) * 4),
        r"tensor \d+ \(stem\): 18,446,744,073,709,551,616 elements, more than any",
    ),
    "axes without end": (
        "int8",
        lambda graph, _: tensor(graph, "stem", shape=(1,) * 10**6),
        r"tensor \d+ \(stem\): 1,000,000 axes, more than any MobileNet's",
    ),
    "a buffer out of range": (
        "int8",
        lambda graph, _: tensor(graph, "stem.weight", buffer=10**6),
        r"tensor \d+ \(stem.weight\): buffer 1,000,000 of \d+",
    ),
    "an input out of range": (
        "uint8",
        lambda graph, _: operator(graph, "stem", inputs=[0, 1, 10**6]),
        r"operator 0 \(CONV_2D\): tensor 1,000,000 of \d+",
    ),
    "bytes for many": (
        "float",
        shared,
        r"tensor \d+ \(classifier.weight\): too many tensors share",
    ),
    "a name without end": (
        "float",
        lambda graph, _: tensor(graph, "stem", name="\n" * 10**6, shape=(-1,)),
        r"tensor \d+ \(\): shape \(-1,\) is none of a MobileNet's",
    ),
    "a name of control characters": (
        "float",
        lambda graph, _: tensor(graph, "stem", name="\x1b[2J", shape=(-1,)),
        r"tensor \d+ \(\?\[2J\): shape",
    ),
    "infinite weights": ("float", nan, "operator 0 CONV_2D.weight must hold finite"),
    "integers without numbers": (
        "int8",
        lambda graph, _: tensor(graph, "stem.weight", numbers=None),
        r"operator 0 \(CONV_2D, stem\): tensor \d+ \(stem.weight\) holds integers, and no scale",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_said_in_one_line(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and the place, and what is wrong there; nothing is written."""
    kind, edit, why = CASES[case]
    path, target = tmp_path / "a.tflite", tmp_path / "a.safetensors"
    written(path, kind, edit)
    with pytest.raises(ValueError, match=why) as caught:
        import_weights(path, "tflite")
    assert str(caught.value).startswith(f"{path}: ")
    assert main(["weights", "import", str(path), "--from", "tflite", "--output", str(target)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a TFLite file"),
        (b"\x1c\0\0\0TFL3", "a damaged TFLite file"),
        (b"\xff\xff\xff\xffTFL3" + bytes(100), "the model lies beyond its end"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "not a TFLite file"),
        (b"PK\3\4" + bytes(100), "not a TFLite file"),
    ],
)
def test_no_tflite_file(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        import_weights(path, "tflite")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises((ValueError, OSError), match="nowhere"):
        import_weights(tmp_path / "nowhere.tflite", "tflite")


def archive(path: Path, name: str, text: bytes, kind: int = zipfile.ZIP_DEFLATED) -> None:
    packed = BytesIO(path.read_bytes())
    with zipfile.ZipFile(packed, "a", kind) as made:
        made.writestr(name, text)
    path.write_bytes(packed.getvalue())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"a\n" * 2**22, zipfile.ZIP_DEFLATED),  # a bomb
        (b"a\nb\nc\nd\ne", zipfile.ZIP_LZMA),
        (b"a\nb\n\x1b[2J\nd\ne", zipfile.ZIP_STORED),
        (b"\xff\xfe" * 9, zipfile.ZIP_STORED),
        (b"a\nb", zipfile.ZIP_STORED),
    ],
)
def test_labels_that_are_none(text: bytes, kind: int, tmp_path: Path) -> None:
    """Classes have numbers then, and the network is as it was."""
    path = tmp_path / "a.tflite"
    written(path, "uint8")
    archive(path, "labels.txt", text, kind)
    found = import_weights(path, "tflite").model
    assert found.classes == tuple(f"class {k}" for k in range(5))


@pytest.mark.parametrize("text", ["[" * 10**5, "{}", '{"plan": "3"}', "\x00"])
def test_metadata_that_are_none(text: str, tmp_path: Path) -> None:
    """A note says so."""
    path = tmp_path / "a.tflite"

    def edit(graph: Graph, _: object) -> None:
        graph.metadata["npmobilenet"] = text.encode()
        graph.metadata["TFLITE_METADATA"] = b"\0\0\0\xffM001" + text.encode()

    written(path, "int8", edit)
    warned = [note for note in import_weights(path, "tflite").notes if "cannot be read" in note]
    assert len(warned) == 2
    assert all(len(note) < 200 and note.isprintable() for note in warned)


def test_without_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said how to install what is missing."""
    path = tmp_path / "a.tflite"
    written(path, "float")
    monkeypatch.setitem(sys.modules, "tflite", None)
    verb = ["weights", "import", str(path), "--from", "tflite", "--output", str(tmp_path / "b")]
    assert main([*verb, "--json"]) == 1
    said = capsys.readouterr().err
    assert 'need flatbuffers and tflite: pip install "npmobilenet[tflite]"' in said
    assert said.count("\n") == 1


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a program reads of an import."""
    path = tmp_path / "a.tflite"
    written(path, "int8")
    target = tmp_path / "a.safetensors"
    verb = ["weights", "import", str(path), "--from", "tflite", "--output", str(target)]
    assert main([*verb, "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["model"], about["width"], about["classes"]) == ("v1", 0.25, 5)
    assert about["integers"] == "int8"
    assert about["described"]["labels"] == 5
