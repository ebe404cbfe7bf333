"""What a result says it is: a line for `repr`, the table for `print`, and in a notebook a real table."""

import copy
import pickle
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cost import memory_cost, training_cost
from npmobilenet.cost.by_convention import counted
from npmobilenet.cost.machine import Machine
from npmobilenet.cost.roofline import roofline
from npmobilenet.datasets import ImageFolder, ListImages, Splits, fashion_mnist_sample
from npmobilenet.datasets.loader import Batch
from npmobilenet.datasets.subsets import Cached, Subset
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.metrics import Evaluation
from npmobilenet.predicting.prediction import Named, Prediction
from npmobilenet.shown import NamedArrays
from npmobilenet.training.step import State

PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
PARAMS = nm.init(PLAN, 0)
FULL = nm.plan("v1")


def compiled(how: Callable[..., Any]) -> Any:
    pytest.importorskip("numba")
    plan = nm.plan("v1", width=0.25, resolution=32, classes=3)
    return how(plan, nm.init(plan, 0), 2, 1)


TABLES: dict[str, Callable[[], Any]] = {
    "plan": lambda: FULL,
    "cost": lambda: nm.cost(FULL),
    "training": lambda: training_cost(FULL),
    "memory": lambda: memory_cost(FULL),
    "roofline": lambda: roofline(FULL, Machine(1, 8, 1e9, ((1, 1e9),))),
    "engine": lambda: compiled(nm.compile),
    "training step": lambda: compiled(nm.compile_training),
}


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What rich takes for a notebook; the list receives all that is displayed there."""
    shown: list[Any] = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *found: shown.append(found))
    return shown


@pytest.mark.parametrize("name", TABLES)
def test_in_a_notebook_text_is_text(
    name: str, notebook: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """`str` gives the table and displays nothing; the page is well-formed and has the same numbers."""
    found = TABLES[name]()
    capsys.readouterr()  # what is compiled for the first time says so
    text, page = str(found), found._repr_html_()
    assert text.count("\n") > 20
    assert "\x1b" not in text
    assert (notebook, capsys.readouterr()) == ([], ("", ""))
    read = _Words()
    read.feed(page)
    assert read.open == []
    assert set(re.findall(r"\b\d{1,3}(?:,\d{3})+\b", text)) <= set(" ".join(read.words).split())


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_prediction_in_a_notebook() -> None:
    """A table of the classes, and its doubt; `str` is a line."""
    sure, unsure = (
        Prediction((Named("<cat>", share), Named("dog", 1 - share)), np.array([share, 1 - share]))
        for share in (0.9, 0.6)
    )
    for found in (sure, unsure):
        page = _Words()
        page.feed(found._repr_html_())
        shown = [f"{p:.2%}" for p in found.probabilities]
        assert [word for word in page.words if word.strip()][2:6] == [
            "<cat>", shown[0], "dog", shown[1],
        ]  # fmt: skip
        assert ("uncertain" in page.words) == found.uncertain == ("uncertain" in str(found))
    assert (sure.uncertain, unsure.uncertain) == (False, True)


def test_a_summary_in_a_notebook(notebook: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """It is returned, not drawn; and the verbs print there as anywhere."""
    from npmobilenet.cli import main

    assert "Total params: 4,253,864" in FULL.summary()
    assert str(FULL) == FULL.summary() == repr(FULL.summary())  # as the last line of a cell
    assert capsys.readouterr().out == ""
    assert main(["summary", "v1"]) == 0
    assert "Total params: 4,253,864" in capsys.readouterr().out
    assert notebook == []


def test_text_does_not_depend_on_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on what asks for colours, or says that the terminal can do nothing."""
    before = str(nm.cost(FULL))
    for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "40"}.items():
        monkeypatch.setenv(name, value)
    assert str(nm.cost(FULL)) == before


def test_a_line_for_each(tmp_path: Path) -> None:
    """Short, of one line, and with what tells one from another; no array is printed."""
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / label / "a.png")
    (tmp_path / "train_list.txt").write_text("cat/a.png 0\ndog/a.png 1\n")
    images, _ = fashion_mnist_sample()
    model = nm.load("flowers")
    lines = {
        nm.plan(
            "v2", width=0.5
        ): "Plan(v2, width 0.5, image 224 x 224 x 3, 1000 classes, dialect paper",
        nm.plan("v1", include_top=False, resolution=(64, 96)): "image 64 x 96 x 3, no top",
        nm.cost(FULL): "Cost(568,740,352 MACs, 4,253,864 params; Plan(v1, ",
        training_cost(FULL): "TrainingCost(568,740,352 + 1,126,642,688 MACs; Plan(v1, ",
        memory_cost(FULL, batch=2): "MemoryCost(batch 2, float32, sgd: ",
        ImageFolder(tmp_path): "ImageFolder(2 images, 2 classes: cat, dog; the first ",
        ListImages(tmp_path / "train_list.txt"): "ListImages(2 images, 2 classes: 0, 1; the first",
        images: "ArrayImages(10,000 images, 10 classes: T-shirt/top, Trouser, Pullover, ...; 28 x 28",
        Subset(images, np.arange(5)): "Subset(5 images, 10 classes: ",
        Cached(images, 1): "Cached(10,000 images, 10 classes: ",
    }
    shown = {repr(thing): words for thing, words in lines.items()}
    ones = np.ones((1, 32, 32, 3), np.float32)
    shown |= {
        repr(
            nm.depthwise_conv2d(ones, ones[0, :3, :3])[1]
        ): "ConvCache(depthwise_conv2d, y float32 (1, 3",
        repr(nm.softmax_cross_entropy(ones[0, 0], np.zeros(32, int))[1]): "CrossEntropyCache(",
        repr(nm.forward(PLAN, PARAMS, ones)[1]): f"Tape({PLAN!r}, 53 caches)",
        repr(model): "Model(Plan(v1, width 0.25, image 224 x 224 x 3, 5 classes",
        repr(counted(FULL, "fvcore")): "Counted(plan=Plan(v1, width 1",
        repr(Splits(images, None, "idx")): "Splits(train=ArrayImages(10,000 images",
        repr(model.preprocessing): "Preprocessing(resolution=(224, 224)",
    }
    for line, words in shown.items():
        assert words in line
        assert len(line) < 300
        assert "\n" not in line


def test_a_line_for_what_is_compiled() -> None:
    pytest.importorskip("numba")
    engine, step = nm.compile(PLAN, PARAMS, 2, 1), nm.compile_training(PLAN, PARAMS, 4, 1)
    assert repr(engine).startswith(f"Engine({PLAN!r}, batch 2, threads 1, {len(engine.stages)} st")
    assert repr(step).startswith(f"TrainingStep({PLAN!r}, batch 4, threads 1, 53 arrays trained, ")


def test_equality_and_hash_are_those_of_the_content() -> None:
    same = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    assert (same, nm.cost(same)) == (PLAN, nm.cost(PLAN))
    assert {same, nm.cost(same)} == {PLAN, nm.cost(PLAN)}
    one, other = (nm.relu(np.ones(3))[1] for _ in range(2))
    assert one != other  # a cache is the cache of one call


def test_what_holds_arrays_equals_itself_alone() -> None:
    """The content would be asked whether it is true, which arrays of more than one number are not."""
    x, labels = np.zeros((2, 4, 4, 3)), np.array([0, 1])
    scores = (2, 1, 2, 0.5, ("a", "b"), labels, labels, labels / 2)
    held = (
        lambda: nm.Model(PLAN, PARAMS, ("a", "b", "c"), Preprocessing.imagenet(32)),
        lambda: Batch(x, labels, labels),
        lambda: Evaluation(*scores),
        lambda: State({"w": x}, {}),
        lambda: nm.batch_norm(x, *np.ones((4, 3)), train=True)[2],
    )
    for make in held:
        one = make()
        other = copy.deepcopy(one)
        assert one == one
        assert not one != one  # noqa: SIM202
        assert one != other
        assert len({one, other}) == 2


def test_a_plan_is_gone_through_as_its_layers() -> None:
    assert tuple(PLAN) == PLAN.layers
    assert len(PLAN) == len(PLAN.layers)
    assert all(layer in PLAN and layer.name in PLAN for layer in PLAN)
    assert "no.such" not in PLAN
    assert FULL["blocks.7.depthwise"] not in PLAN
    assert pickle.loads(pickle.dumps(PLAN)) == PLAN
    assert nm.cost(FULL) != nm.cost(PLAN)


def test_a_dict_of_arrays_does_not_flood() -> None:
    """Parameters, gradients, statistics and maps say what they are, however they were put together."""
    x = np.zeros((2, 32, 32, 3), np.float32)
    logits, tape, statistics = nm.forward(PLAN, PARAMS, x, train=True)
    grads = nm.backward(PLAN, np.ones_like(logits), tape)
    maps = nm.intermediates(PLAN, PARAMS, x)
    for found in (PARAMS, PARAMS | statistics, PARAMS.copy(), statistics, grads, maps):
        assert repr(found).startswith(f"NamedArrays({len(found)}: stem")
        assert len(repr(found)) < 200
    assert repr(nm.load("flowers").params).startswith("NamedArrays(137: ")
    assert repr(NamedArrays(a=np.zeros(3))) == "NamedArrays(1: a (3,))"
    assert pickle.loads(pickle.dumps(PARAMS)).keys() == PARAMS.keys()
