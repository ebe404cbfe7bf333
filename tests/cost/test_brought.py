"""What people bring: where it is written, what it is run on, and every convention on it."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.conventions import CONVENTIONS, totals
from npmobilenet.cost.explain import explain
from npmobilenet.cost.torch_count import ModuleCost
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.network_plan import toml_of_plan
from tests.foreign import foreign

torch = pytest.importorskip("torch")
nn = torch.nn

NET = """\
import helper
import torch
from torch import nn

print("this is said aside")


class Net(nn.Module):
    def __init__(self, channels=helper.CHANNELS):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)

    def forward(self, x):
        return self.conv(x)


class Wide(Net):
    def __init__(self, width):
        super().__init__(width)


class Parts:
    Inner = Net


def words():
    return nn.Sequential(nn.Embedding(9, 4), nn.GRU(4, 5))


def two():
    return nn.Bilinear(3, 4, 5)


def bad():
    raise OSError("no disk")


def leaves():
    raise SystemExit("bye")


def number():
    return 3


ready = nn.Linear(4, 2)
value = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "helper.py").write_text("CHANNELS = 8\n")
    (tmp_path / "broken.py").write_text("x = (1,\n\ndef f(:\n")
    (tmp_path / "fails.py").write_text("\n\nimport torch\ntorch.nothing\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def module(what: Any, *example: Any) -> ModuleCost:
    found = nm.count(what, example)
    assert isinstance(found, ModuleCost)
    return found


def test_where_it_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conv = 6 * 6 * 3 * 8 * 9
    assert module("net.py:Net", "1x3x8x8").macs == conv
    assert module("net.py:Parts.Inner", "2x3x8x8").macs == 2 * conv
    assert module(folder / "net.py:Net", torch.zeros(1, 3, 8, 8)).macs == conv
    assert module("net.py:words", "5x2:int64").macs == 5 * 2 * (4 + 5) * 15
    assert module("net.py:ready", "3x4").macs == 3 * 4 * 2
    assert module("net.py:two", "2x3", "2x4").params.total == 5 * 3 * 4 + 5
    assert module("net.py:Net").macs == 222 * 222 * 3 * 8 * 9  # of an image of 224 pixels
    assert module("torch.nn:ReLU", "1x2").macs == 0
    said = capsys.readouterr()
    assert (said.out, "this is said aside" in said.err) == ("", True)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("nofile.py:Net", "nofile.py: no such file"),
        ("net.py", "net.py: say which class or function of the file, net.py:Name"),
        ("net.py:", "net.py:: say which class or function behind the colon"),
        ("net.py:Nett", "net.py: has no Nett; did you mean Net?"),
        ("net.py:Parts.Outer", "net.py: has no Outer"),
        (
            "net.py:Wide",
            "net.py:Wide: needs arguments (width); name a function without, which returns",
        ),
        ("net.py:bad", "net.py:bad: OSError: no disk, line 35 of net.py"),
        ("net.py:leaves", "net.py:leaves: SystemExit: bye, line 39 of net.py"),
        ("net.py:number", "net.py:number: expected a torch.nn.Module, found int"),
        ("net.py:value", "net.py:value: expected a class or a function, found int"),
        ("broken.py:Net", "broken.py: SyntaxError: invalid syntax, line 3"),
        (
            "fails.py:Net",
            "fails.py: AttributeError: module 'torch' has no attribute 'nothing', line 4",
        ),
        ("no.such.package:Net", "no.such.package: no such package"),
        ("torch.nothing:Net", "torch.nothing: no such package"),
        ("nothing.onnx", "nothing.onnx: no such file"),
        (
            "net.py:Net 1x4x8x8",
            "count: Net failed on the example, in conv (Conv2d): RuntimeError: Given",
        ),
        (
            "net.py:Net 1x3x",
            "expected sizes with x between them, 1x3x224x224 or 1x16:int64, found '1x3x'",
        ),
        ("net.py:Net 1x0", "expected sizes with x between them"),
        ("net.py:Net 1x3:int", "type must be one of float32, float64,"),
    ],
)
def test_one_line_for_what_cannot_be(folder: Path, what: str, line: str) -> None:
    name, *inputs = what.split(" ")
    with pytest.raises(ValueError, match=rf"^{re.escape(line)}.*\Z"):
        nm.count(name, tuple(inputs))


def test_a_file_that_is_called_as_a_package_is(folder: Path) -> None:
    (folder / "torch.py").write_text(NET)
    for _ in range(2):
        assert module("torch.py:Net", "1x3x8x8").macs == 6 * 6 * 3 * 8 * 9


def test_runs_weights_and_plans_are_networks(tmp_path: Path) -> None:
    """Of this project's and of another family's, which is found out."""
    plan = nm.plan("v2", dialect="torchvision", width=0.35, classes=5)
    assert nm.count(plan) == nm.cost(plan)
    assert nm.count("v1") == nm.cost(nm.plan("v1"))
    (tmp_path / "net.toml").write_text(toml_of_plan(plan))
    assert nm.count(tmp_path / "net.toml").macs == nm.cost(plan).macs
    params = nm.init(plan, seed=0)
    how = Preprocessing(
        resolution=(224, 224), resize=256, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    model = nm.Model(plan, params, tuple("abcde"), how)
    nm.save(model, tmp_path / "mine.safetensors")
    nm.export_weights(plan, params, tmp_path / "theirs.pth", "torchvision")
    for name in ("mine.safetensors", "theirs.pth"):
        found = nm.count(tmp_path / name)
        assert (found.macs, found.params) == (nm.cost(plan).macs, nm.cost(plan).params)
    assert nm.count("flowers").params.total > 0
    (tmp_path / "other.pth").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"other\.pth: no family of keras"):
        nm.count(tmp_path / "other.pth")


def test_names_that_were_there_before() -> None:
    layer = nn.Linear(3, 2)
    assert nm.count_module(layer, torch.zeros(1, 3)).macs == nm.count(layer, torch.zeros(1, 3)).macs
    with pytest.raises(TypeError, match=r"^count: expected a torch\.nn\.Module, found int$"):
        nm.count(3)


TWINS = {
    "v2": ("mobilenet_v2", "torchvision"),
    "v3-small": ("mobilenet_v3_small", "torchvision"),
    "v1": ("mobilenetv1_100", "timm"),
    "v3-large": ("mobilenetv3_large_100", "timm"),
}


@pytest.mark.parametrize("model", TWINS)
def test_a_module_counts_as_the_plan_does(model: str) -> None:
    """The same network, once as rows and once as a family's modules: every convention says the same."""
    name, dialect = TWINS[model]
    plan = nm.plan(model, dialect=dialect, resolution=64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = (
            foreign("timm").create_model(name)
            if dialect == "timm"
            else getattr(foreign("torchvision.models"), name)(weights=None)
        )
    found = nm.count(made, torch.zeros(1, 3, 64, 64))
    for convention in CONVENTIONS:
        if convention == "tf-readme":  # which asks for a class more, and knows V1 from V2
            continue
        expected = totals(plan, convention)
        assert totals(found.brought, convention) == expected, convention


class Small(nn.Module):
    """Something of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.LayerNorm(8)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.attention, self.lstm = nn.MultiheadAttention(8, 2, batch_first=True), nn.LSTM(8, 4)
        self.free = nn.Parameter(torch.zeros(8))

    def forward(self, x: Any) -> Any:
        y = self.norm(self.up(self.conv(x)).flatten(2).mT) + self.free
        return self.lstm(self.attention(y, y, y)[0])[0].softmax(-1)


@pytest.mark.parametrize("a", CONVENTIONS)
def test_explanations_add_up(a: str) -> None:
    found = nm.count(Small(), torch.zeros(1, 3, 4, 4))
    for b in CONVENTIONS:
        walk = explain(found.brought, a, b)
        assert walk.a == totals(found.brought, a)
        assert walk.a.ops + sum(line.difference for line in walk.ops) == walk.b.ops
        assert walk.a.params + sum(line.difference for line in walk.params) == walk.b.params
        assert all(line.difference for line in (*walk.ops, *walk.params))


def test_the_rules_that_are_told_are_those_that_fit() -> None:
    from npmobilenet.cost.by_convention import reasons

    found = nm.count(Small(), torch.zeros(1, 3, 4, 4))
    told = reasons(CONVENTIONS["ptflops"], found.brought)
    assert "products and 1 x bias_adds and 10 x states of lstm" in told
    assert "patched, but not the operators + and *" not in told
