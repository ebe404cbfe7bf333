"""A run's folder: logs, pictures, card; models that are shipped."""

import csv
import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet import pretrained
from npmobilenet.datasets.folder import ImageFolder
from npmobilenet.predicting.metrics import Evaluation
from npmobilenet.pretrained.ship import ship
from npmobilenet.training.config import Config, Data
from npmobilenet.training.loop import train
from npmobilenet.training.report import plots
from npmobilenet.training.report.card import Story, facts
from npmobilenet.training.report.finish import conclude
from npmobilenet.weights import Model, load, save
from tests.commands import python
from tests.training.runs import CONFIG, HOW, NAMES, PLAN, TRAINING, VALIDATION, after, run

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    """A finished run and its conclusion."""
    path = tmp_path_factory.mktemp("runs") / "trees"
    run(path)
    conclude(path, VALIDATION, CONFIG, "npmobilenet train trees")
    return path


def test_both_logs_tell_the_history(folder: Path) -> None:
    history = load(folder / "last.safetensors").notes["history"]
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert lines == history
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["loss"]) for row in rows] == [line["loss"] for line in lines]
    assert [int(row["step"]) for row in rows] == [10, 20, 30]


def test_logs_of_a_resumed_run_have_neither_gaps_nor_doubles(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(14))
    (tmp_path / "log.csv").unlink()  # as if it had been killed before it was written
    run(tmp_path, resume=True)
    epochs = [line.partition(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert epochs == ["epoch", "1", "2", "3"]


def test_the_configuration_is_kept(folder: Path) -> None:
    document = tomllib.loads((folder / "config.toml").read_text())
    assert Config.from_document(document) == CONFIG


def test_the_card_tells_what_can_be_checked(folder: Path) -> None:
    """Right of all with its interval, the file's own hash, command, seed, configuration and log."""
    text = (folder / "card.md").read_text()
    best = load(folder)
    correct = round(max(e["validation_top1"] for e in best.notes["history"]) * 13)
    digest = hashlib.sha256((folder / "best.safetensors").read_bytes()).hexdigest()
    for expected in (
        f"{correct} of 13", "95 % interval", digest, "npmobilenet train trees", "seed: 5",
        "[optimizer]", "| 3 |", "a little too good", f"{nm.cost(PLAN).params.trainable:,} trained",
    ):  # fmt: skip
        assert expected in text, expected


def test_pictures_are_drawn(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("curves.png", "confusion.png"):
        assert np.asarray(Image.open(folder / name).convert("L")).std() > 10


def test_without_matplotlib_it_says_how_to_get_it(
    folder: Path, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    _, remarks = conclude(folder, None, CONFIG, "")
    assert remarks == ['pictures of curves need matplotlib: pip install "npmobilenet[plot]"']
    with pytest.raises(ValueError, match=r"npmobilenet\[plot\]"):
        plots.curves([], tmp_path / "x.png")


def test_many_classes_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labels = np.arange(50)
    names = tuple(map(str, labels))
    scores = Evaluation(50, 50, 50, 0.0, names, labels, labels, np.ones(50))
    plots.confusion(scores, tmp_path / "many.png")
    assert (tmp_path / "many.png").is_file()


def test_without_validation_the_last_epoch_is_the_result(tmp_path: Path) -> None:
    config = replace(CONFIG, data=Data(workers=0, validation="none"))
    history = train(PLAN, TRAINING, None, HOW, config, tmp_path)
    assert [(epoch.validation_top1, epoch.best) for epoch in history] == [(None, True)] * 3
    best, last = load(tmp_path), load(tmp_path / "last.safetensors")
    assert all(np.array_equal(best.params[name], last.params[name]) for name in best.params)
    scores, _ = conclude(tmp_path, None, config, "")
    assert scores is None
    assert "nothing was chosen" in (tmp_path / "card.md").read_text()


def test_the_average_is_what_is_measured_and_kept(tmp_path: Path) -> None:
    """best.safetensors holds the average, last.safetensors both."""
    config = replace(CONFIG, train=replace(CONFIG.train, ema=0.5, epochs=1))
    history = run(tmp_path, config)
    best, last = load(tmp_path), load(tmp_path / "last.safetensors")
    for name in PLAN.arrays:
        assert np.array_equal(best.params[name], last.extra[f"average/{name}"])
    assert not np.array_equal(best.params["stem.weight"], last.params["stem.weight"])
    scores, _ = conclude(tmp_path, VALIDATION, config, "")
    assert scores is not None
    assert scores.top1 == history[0].validation_top1


# ---- shipped models ------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: Any) -> Path:
    """An empty folder in place of npmobilenet/pretrained."""
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "shelf")
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def write_folder(path: Path) -> None:
    for k in range(len(VALIDATION)):
        place = path / "val" / NAMES[VALIDATION.labels[k]]
        place.mkdir(parents=True, exist_ok=True)
        VALIDATION.image(k).save(place / f"{k}.png")


def test_a_shipped_model_is_measured_as_the_file_it_is(
    folder: Path, shelf: Path, tmp_path: Path
) -> None:
    """Half precision on disk, float32 in memory, found by name, its card about its own bytes."""
    write_folder(tmp_path / "trees")
    scores = ship(folder, "trees", str(tmp_path / "trees"), "CC0", "npmobilenet train", shelf)
    file = shelf / "trees.safetensors"
    assert pretrained.shipped() == {"trees": file}
    model = load("trees")
    assert {value.dtype for value in model.params.values()} == {np.dtype(np.float32)}
    best = load(folder)
    for name, value in best.params.items():
        assert np.array_equal(model.params[name], value.astype(np.float16).astype(np.float32))
    assert file.stat().st_size < 0.75 * (folder / "best.safetensors").stat().st_size
    told = model.notes["card"]["accuracy"]
    assert [(one["correct"], one["count"]) for one in told] == [(scores.correct, 13)]
    text = (shelf / "trees.md").read_text()
    assert hashlib.sha256(file.read_bytes()).hexdigest() in text
    assert "licence: CC0" in text
    assert ImageFolder(tmp_path / "trees/val").classes == NAMES


def test_a_shipped_model_of_two_runs_tells_of_both(
    folder: Path, shelf: Path, tmp_path: Path
) -> None:
    """Both configurations and logs, the epochs and hours of both, and no places of this machine."""
    write_folder(tmp_path / "trees")
    model = replace(CONFIG.model, weights=str(tmp_path / "moved since" / "trees"))
    config = replace(CONFIG, model=model, data=replace(CONFIG.data, path=str(tmp_path / "trees")))
    after_it = tmp_path / "on"
    train(PLAN, TRAINING, VALIDATION, HOW, config, after_it)
    runs = {"before": [folder], "folder": shelf}
    ship(after_it, "trees", str(tmp_path / "trees"), "CC0", "npmobilenet train", **runs)
    text, told = (shelf / "trees.md").read_text(), load("trees").notes["card"]
    assert text.count("[optimizer]") == text.count("| 3 |") == 2
    assert told["epochs"] == 6
    assert 'weights = "runs/trees"' in text
    assert 'path = "trees"' in text
    assert str(tmp_path.parent) not in text


def test_times_are_those_of_the_middle_epoch(folder: Path) -> None:
    """A machine that slept for an hour in one epoch does not change what the card says."""
    story = Story.of(folder)
    slept = [replace(story.history[0], seconds=3600.0, images_per_second=0.1), *story.history[1:]]
    middle = sorted(epoch.seconds for epoch in slept)[1]
    told = facts(PLAN, [replace(story, history=slept)], [])
    assert told["minutes"] == round(3 * middle / 60, 1)
    assert told["images per second"] > 1


def test_weights_too_large_for_half_precision_are_not_shipped(
    folder: Path, shelf: Path, tmp_path: Path
) -> None:
    best = load(folder)
    grown = best.params | {"classifier.bias": np.full(3, 1e9, np.float32)}
    save(replace(best, params=grown), tmp_path / "best.safetensors")
    (tmp_path / "last.safetensors").write_bytes((folder / "last.safetensors").read_bytes())
    with (
        pytest.raises(ValueError, match="too large for half precision"),
        np.errstate(over="ignore"),
    ):
        ship(tmp_path, "trees", "nowhere", "CC0", "", shelf)


def test_names_that_are_not_shipped(shelf: Path) -> None:
    with pytest.raises(ValueError, match=r"^flowers: no such weight file$"):
        load("flowers")
    save(Model(PLAN, nm.init(PLAN, 0), NAMES, HOW), shelf / "trees.safetensors")
    with pytest.raises(ValueError, match=r"flowers: no such weight file; shipped models are trees"):
        load("flowers")


def test_matplotlib_is_not_needed_to_train() -> None:
    code = (
        "import sys; import npmobilenet.training.loop, npmobilenet.training.prepare, "
        "npmobilenet.cli.train; sys.exit('matplotlib' in sys.modules)"
    )
    python("-c", code)
