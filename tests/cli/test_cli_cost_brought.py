"""`npmobilenet cost` of what people bring: the same figures as from Python, in every view and format."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.conventions import CONVENTIONS, totals
from npmobilenet.cost.torch_count import ModuleCost

pytest.importorskip("torch")

NET = """
from torch import nn

print("hello")


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 2, 2))


class Wide(nn.Module):
    def __init__(self, width): ...
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], words: str, code: int = 0) -> tuple[str, str]:
    try:
        found = main(["cost", *words.split()])
    except SystemExit as stopped:
        found = stopped.code  # type: ignore[assignment]
    said = capsys.readouterr()
    assert found == code, said.err
    return said.out, said.err


def counted() -> ModuleCost:
    found = nm.count("net.py:Net", "1x3x8x8")
    assert isinstance(found, ModuleCost)
    return found


ASKED = "net.py:Net --input 1x3x8x8"


def test_its_layers_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    found = counted()
    capsys.readouterr()
    out, err = run(capsys, ASKED)
    assert f"{found.macs:,} MACs" in out
    assert err == "hello\n"  # what the file prints, and nothing else
    document = json.loads(run(capsys, f"{ASKED} --json")[0])
    assert document == json.loads(json.dumps(found.to_json()))
    *rows, total = csv.DictReader(StringIO(run(capsys, f"{ASKED} --csv")[0]))
    assert sum(int(row["MACs"]) for row in rows) == int(total["MACs"]) == found.macs
    assert sum(int(row["params"]) for row in rows) == int(total["params"]) == found.params.total
    assert rows[0]["layer"] == "0"
    assert [rows[0][f"output axis {axis}"] for axis in (1, 2, 3, 4)] == ["1", "8", "6", "6"]
    assert "| conv" in run(capsys, f"{ASKED} --markdown")[0]


def test_every_convention(capsys: pytest.CaptureFixture[str]) -> None:
    brought = counted().brought
    document = json.loads(run(capsys, f"{ASKED} --convention all --json")[0])
    assert document["totals"] == [vars(totals(brought, name)) for name in CONVENTIONS]
    document = json.loads(run(capsys, f"{ASKED} --convention ptflops --json")[0])
    assert (document["name"], document["ops"]) == ("Net", totals(brought, "ptflops").ops)
    assert sum(layer["ops"] for layer in document["layers"]) == document["ops"]
    out, _ = run(capsys, f"{ASKED} --convention torchinfo")
    assert "parameters for the example" in out
    assert "as if each output pixel met the whole filter" in " ".join(out.split())


def test_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, f"{ASKED} --explain paper torchinfo --json")[0])
    assert (
        document["a"]["ops"] + sum(x["difference"] for x in document["ops"]) == document["b"]["ops"]
    )
    out, _ = run(capsys, f"{ASKED} --explain paper torchinfo")
    assert "whole filter at each place, transposed conv" in out


def test_an_image_where_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(capsys, "net.py:Net")
    assert err.splitlines()[-1].endswith("note: run on 1 x 3 x 224 x 224; --input says otherwise")


def test_files_of_networks(capsys: pytest.CaptureFixture[str]) -> None:
    """A graph, and weights with the views and the resolution that a model's name has."""
    pytest.importorskip("onnx")
    plan = nm.plan("v2", dialect="timm", width=0.35, resolution=64, classes=5)
    params = nm.init(plan, 0)
    nm.export_onnx(plan, params, "net.onnx")
    nm.export_weights(plan, params, "net.pth", "timm")
    document = json.loads(run(capsys, "net.onnx --input 2x3x64x64 --json")[0])
    assert document["macs"] == 2 * nm.cost(plan).macs
    document = json.loads(run(capsys, "net.pth --resolution 64 --json")[0])
    assert document["macs"] == nm.cost(plan).macs
    document = json.loads(
        run(capsys, "net.pth --from timm --resolution 64 --convention thop --json")[0]
    )
    assert document["ops"] == totals(plan, "thop").ops
    assert "x" in run(capsys, "flowers")[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("net.py:Wide", "net.py:Wide: needs arguments (width); name a function without"),
        ("net.py:Nett", "net.py: has no Nett; did you mean Net?"),
        (
            "net.py:Net --input 1x4x8x8",
            "count: Net failed on the example, in 0 (Conv2d): RuntimeError",
        ),
        ("none.onnx", "none.onnx: no such file"),
        ("net.py:Net --input 1x3x8x8 --input 1x3", "count: Net failed on the example: TypeError"),
    ],
)
def test_one_line_for_what_fails(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, words, code=1)
    assert out == ""
    (said,) = (x for x in err.splitlines() if x != "hello")
    assert said.startswith(f"npmobilenet cost: {line}")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("v9", "argument MODEL: invalid choice: 'v9' (choose from v1,"),
        ("net.py:Net --width 0.5", "--width: not for net.py:Net"),
        ("net.py:Net --resolution 64", "--resolution: not for net.py:Net"),
        ("net.py:Net --from timm", "--from: not for net.py:Net"),
        (
            "net.py:Net --training",
            "--training: not for net.py:Net, only for networks of this project",
        ),
        ("flowers --input 1x3", "--input: not for flowers"),
        ("flowers --classes 3", "--classes: not for flowers"),
        ("v1 --input 1x3", "--input: not for v1"),
        ("net.py:Net --input 1xx3", "argument --input: expected sizes with x between them"),
        ("net.py:Net --input 1x3:half", "argument --input: type must be one of float32,"),
    ],
)
def test_wrong_usage(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(capsys, words, code=2)
    assert err.splitlines()[-1].startswith(f"npmobilenet cost: error: {line}")


def test_help_says_that_the_file_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "--help")
    assert "which runs that file" in " ".join(out.split())
    assert "my_net.py:Net --input 1x3x96x96" in out
