"""train, evaluate, predict, recipes and models from the command line."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet import cli, pretrained
from npmobilenet.recipes import RECIPES
from npmobilenet.weights import Model, load, save
from tests.commands import call

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = ["--model", "v1-shallow", "--width", "0.1", "--resolution", "16", "--batch", "4"]
SMALL += ["--epochs", "1", "--lr", "0.01", "--workers", "1"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and val/ with three classes of coloured noise."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for part, count in (("train", 8), ("val", 4)):
        for label, name in enumerate(("blue", "green", "red")):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 100, (20, 24, 3), np.uint8)
                pixels[..., 2 - label] += 120
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(photos: Path, one_thread: None) -> Path:
    """A run's folder, made by the verb itself."""
    output = photos.parent / "run"
    assert cli.main(["train", str(photos), *SMALL, "--output", str(output)]) == 0
    return output


def test_train_says_what_it_sees_and_leaves(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "train/extra").mkdir()
    code, out, err = call(capsys, "train", photos, *SMALL, "--output", tmp_path / "no")
    assert (code, out) == (1, "")
    assert "extra: expected images" in err
    (photos / "train/extra").rmdir()
    code, out, _ = call(capsys, "train", photos, *SMALL, "--output", tmp_path / "run")
    assert code == 0
    for text in ("24 training and 12 validation images of 3 classes", "8 images in each class",
                 "epoch   1", "data wait", "of 12, 95 % interval"):  # fmt: skip
        assert text in out, text
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"config.toml", "log.csv", "log.jsonl", "card.md", "class_indices.json"} <= names
    assert {"best.safetensors", "last.safetensors"} <= names


def test_layers_of_configuration(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file, -o above it, flags above both; the photographs' augmentation where nobody says."""
    file = tmp_path / "mine.toml"
    file.write_text(
        '[train]\nepochs = 7\nbatch = 5\nseed = 3\n[optimizer]\nname = "rmsprop"\nlr = 0.01\n'
        f'[data]\npath = "{photos}"\n[augment]\nhue = 0.1\n'
    )
    words = ["train", "-c", file, *SMALL[:6], "-o", "train.batch=6", "-o", "train.epochs=9"]
    words += ["--epochs", "1", "--output", tmp_path / "run"]
    assert call(capsys, *words)[0] == 0
    found = tomllib.loads((tmp_path / "run/config.toml").read_text())
    assert (found["train"]["epochs"], found["train"]["batch"], found["train"]["seed"]) == (1, 6, 3)
    assert (found["optimizer"]["name"], found["optimizer"]["lr"]) == ("rmsprop", 0.01)
    augment = found["augment"]
    assert (augment["crop"], augment["flip"], augment["hue"]) == (True, 0.5, 0.1)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-o", "train.epoch=3"], "unknown key train.epoch; did you mean train.epochs?"),
        (["-c", "flowers-scrach"], "did you mean flowers-scratch?"),
        (["--optimizer", "adam", "--momentum", "0.5"], "unknown key optimizer.momentum"),
        (["--weights", "nothing"], "nothing: no such weight file"),
        (["--freeze", "nix*"], "'nix*' fits no array"),
        (["--threads", "99999"], "train.threads must be at most"),
    ],
)
def test_slips_end_in_one_line(
    words: list[str], reason: str, photos: Path, tmp_path: Path, capsys: Any
) -> None:
    code, _, err = call(capsys, "train", photos, *SMALL[:6], *words, "--output", tmp_path / "run")
    assert code == 1
    assert reason in err
    assert err.count("\n") == 1


def test_resume_needs_only_the_folder(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert call(capsys, "train", photos, *SMALL, "--output", run)[0] == 0
    code, out, _ = call(capsys, "train", "--resume", "--output", run, "--epochs", 2)
    assert code == 0
    assert "note: the run began with 1 epochs" in out
    assert [e["epoch"] for e in load(run / "last.safetensors").notes["history"]] == [1, 2]
    code, _, err = call(capsys, "train", "--resume", "--output", run, "--epochs", 2, "--lr", 0.5)
    assert (code, "optimizer.lr 0.01, not 0.5" in err) == (1, True)
    code, _, err = call(capsys, "train", "--resume", "--output", tmp_path / "nothing")
    assert (code, "no such weight file" in err) == (1, True)
    assert call(capsys, "train", "--resume")[0] == 2


def test_a_part_of_train_can_be_held_out(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "train",
        photos / "train",
        *SMALL,
        "--validation",
        "holdout",
        "-o",
        "data.holdout=0.25",
    ]
    code, out, _ = call(capsys, *words, "--output", tmp_path / "run")
    assert code == 0
    assert "18 training and 6 held-out images" in out
    assert "held out of the training part" in (tmp_path / "run/card.md").read_text()


@pytest.mark.parametrize("freeze", [[], ["--freeze", "*", "--freeze", "!classifier.*"]])
def test_transfer_replaces_the_head(
    freeze: list[str], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From another framework's file, its classes others; frozen, only the classifier is new."""
    plan = nm.plan("v1", width=0.25, resolution=32, classes=7, dialect="keras")
    params = nm.init(plan, seed=3)
    nm.export_weights(plan, params, tmp_path / "theirs.h5", "keras")
    words = ["train", photos, "--weights", tmp_path / "theirs.h5", "-o", "model.family=keras"]
    words += ["--resolution", "32", "--epochs", "1", "--batch", "8", "--lr", "0.01", *freeze]
    code, out, err = call(capsys, *words, "--output", tmp_path / "run")
    assert code == 0, err
    assert "135 of 137 arrays taken over, the classifier new for 3 classes" in out
    model = load(tmp_path / "run")
    assert (model.plan.dialect.name, model.plan.width) == ("keras", 0.25)
    assert model.preprocessing.mean == (0.5, 0.5, 0.5)  # what the weights know
    same = [name for name in params if np.array_equal(params[name], model.params[name])]
    assert len(same) == (135 if freeze else 0)
    code, _, err = call(capsys, *words, "--output", tmp_path / "x", "--width", "0.5")
    assert (code, "model.width is 0.5, but the weights" in err) == (1, True)


def test_the_same_classes_keep_the_head(
    photos: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", photos, "--weights", trained, "--epochs", "1", "--batch", "8"]
    code, out, _ = call(capsys, *words, "--output", tmp_path / "run")
    assert code == 0
    assert "the classifier kept" in out


def test_evaluate_tells_of_each_class(
    photos: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pictures = ["--mistakes", tmp_path / "worst.png", "--confusion", tmp_path / "confusion.png"]
    code, out, _ = call(capsys, "evaluate", photos, "--weights", trained, "--json", *pictures)
    scores = json.loads(out)
    assert code == 0
    assert scores["top1"] == scores["correct"] / 12
    assert scores["interval"][0] < scores["top1"] < scores["interval"][1]
    assert [one["class"] for one in scores["classes"]] == ["blue", "green", "red"]
    assert np.sum(scores["confusion"]) == 12
    assert (tmp_path / "confusion.png").is_file()
    assert (tmp_path / "worst.png").is_file() == (scores["correct"] < 12)
    code, out, _ = call(capsys, "evaluate", photos, "--weights", trained)
    assert code == 0
    assert all(word in out for word in ("precision", "recall", "95 % interval", "green"))


def test_files_of_a_list_that_are_not_there_are_counted(
    photos: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = photos / "some.txt"
    listed.write_text("val/blue/nowhere.png 0\nval/red/0.png 2\n")
    code, out, said = call(capsys, "evaluate", listed, "--weights", trained)
    assert (code, out) == (1, "")
    assert "1 of the 2 files it lists is missing" in said
    words = ["evaluate", listed, "--weights", trained, "--skip-bad", "--json"]
    code, out, said = call(capsys, *words)
    assert (code, json.loads(out)["images"]) == (0, 1)
    assert "1 of 2 images cannot be read" in said


def test_predict_draws_a_picture(
    photos: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.png"
    words = ["predict", photos / "val/red", "--weights", trained, "--picture", file]
    assert call(capsys, *words)[0] == 0
    with Image.open(file) as drawn:
        assert drawn.width > 1500  # four side by side


def test_recipes_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "recipes")
    assert code == 0
    assert all(name in out for name in RECIPES)
    assert list(json.loads(call(capsys, "recipes", "--json")[1])) == list(RECIPES)
    code, out, _ = call(capsys, "recipes", "v2-paper")
    assert tomllib.loads(out)["optimizer"]["rho"] == 0.9
    code, _, err = call(capsys, "recipes", "v4-paper")
    assert (code, "did you mean v" in err) == (1, True)


def test_models_are_listed_and_used(
    trained: Path, tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    assert "no models are shipped" in call(capsys, "models")[1]
    model = load(trained)
    told = {"accuracy": [{"of": "nothing", "correct": 1, "count": 2, "low": 0, "high": 1}]}
    bare = Model(model.plan, model.params, model.classes, model.preprocessing, {}, {"card": told})
    save(bare, tmp_path / "colours.safetensors")
    (tmp_path / "colours.md").write_text("# colours\n")
    code, out, _ = call(capsys, "models")
    assert code == 0
    assert "colours" in out
    assert "50.00% of nothing" in out
    assert json.loads(call(capsys, "models", "--json")[1])[0]["classes"] == 3
    assert call(capsys, "models", "colours")[1] == "# colours\n"
    code, _, err = call(capsys, "models", "shapes")
    assert (code, "there are colours" in err) == (1, True)
    image = tmp_path / "x.png"
    Image.new("RGB", (20, 20), "red").save(image)
    assert call(capsys, "predict", image, "--weights", "colours")[0] == 0
