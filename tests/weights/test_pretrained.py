"""The models that come with the package: a card speaks of its own file, its figure is found again."""

import hashlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import npmobilenet as nm
from npmobilenet.datasets.splits import fashion_mnist_sample, load_evaluation
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.predicting.metrics import Evaluation
from npmobilenet.predicting.prediction import DOUBT
from npmobilenet.pretrained import shipped
from npmobilenet.training.documents import read_document
from npmobilenet.weights import Model, load
from tests.commands import ROOT

MODELS = shipped()
USAGE = ROOT / "docs/usage.md"
LARGEST = 2_000_000  # bytes


def told(model: Model) -> tuple[int, int]:
    """How many images of the test part the card says were named right, and of how many."""
    (one,) = model.notes["card"]["accuracy"]
    return one["correct"], one["count"]


@pytest.mark.parametrize("name", MODELS)
def test_a_card_speaks_of_the_file_beside_it(name: str) -> None:
    path, card = MODELS[name], MODELS[name].with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    assert path.stat().st_size < LARGEST
    with safe_open(path, framework="numpy") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {np.dtype(np.float16)}
    for what in ("data", "licence", "command", "seed", "date", "time"):
        assert re.search(rf"^- {what}: \S", card, re.MULTILINE), what
    model = load(name)
    correct, count = told(model)
    assert f"{correct:,} of {count:,}" in card
    assert f"{nm.cost(model.plan).params.trainable:,} trained" in card
    assert "## Log" in card


@pytest.mark.parametrize("name", MODELS)
def test_a_card_tells_of_the_recipes_as_they_are(name: str) -> None:
    """Whoever repeats the command gets what the runs were given."""
    card = MODELS[name].with_suffix(".md").read_text(encoding="utf-8")
    recipes = re.findall(r"-c (\S+)", card.split("## ")[0])
    runs = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", card, re.DOTALL)]
    for recipe, run in zip(recipes, runs, strict=True):
        for section, table in read_document(recipe).items():
            for key, value in table.items():
                found = run[section][key]
                if key == "resolution":  # one number is a square
                    value, found = (2 * value)[:2], (2 * found)[:2]
                if key != "validation":  # the commands' flag
                    assert found == value, f"{recipe}: {section}.{key}"


def doubted_as_documented(name: str, scores: Evaluation) -> None:
    """How many images are uncertain and certain, and how many of these right, are usage.md's figures."""
    row = re.search(rf"(?m)^\| `{name}`, [^|]*\|(.*)\|$", USAGE.read_text(encoding="utf-8"))
    printed = [int(cell.split()[0]) for cell in row[1].split("|")] if row else []
    below, right = scores.confidence < DOUBT, scores.predicted == scores.labels
    found = [below.sum(), (below & right).sum(), (~below).sum(), (~below & right).sum()]
    assert np.allclose(
        printed, found, rtol=0, atol=2
    )  # on another CPU one may be on the other side


def test_clothes_are_named() -> None:
    """On the thousand test images that are shipped: within what chance allows of the card's figure."""
    model = load("fashion-mnist")
    assert nm.cost(model.plan).params.trainable <= 1_000_000
    correct, count = told(model)
    assert count == 10_000
    _, test = fashion_mnist_sample()
    scores = evaluate(model, test)
    deviation = (correct / count * (1 - correct / count) / scores.count) ** 0.5
    assert abs(scores.top1 - correct / count) < 3 * deviation
    doubted_as_documented("fashion-mnist", scores)


def test_all_clothes_are_named_as_the_card_says(fashion_mnist: Path) -> None:
    model = load("fashion-mnist")
    scores = evaluate(model, load_evaluation(str(fashion_mnist), model.classes, 1))
    assert abs(scores.correct - told(model)[0]) <= 1  # two classes may be equal but for rounding


@pytest.mark.long
def test_flowers_are_named_as_the_card_says(extra_data: Path) -> None:
    model = load("flowers")
    photos = load_evaluation(str(extra_data / "data" / "flower_photos"), model.classes, 3)
    scores = evaluate(model, photos)
    assert scores.count == told(model)[1]
    assert abs(scores.correct - told(model)[0]) <= 1
    doubted_as_documented("flowers", scores)
