"""The main job: the tour walks through all its stops and leaves what it promises."""

import numpy as np
from PIL import Image

from npmobilenet.cli import main, tour
from npmobilenet.weights import load
from tests.commands import ROOT


def test_tour_shows_every_stop(quick_tour):
    _, text = quick_tour
    for expected in (
        "1/5", "568,740,352", "misprint", "1.91 %", "73/576",
        "2/5", "loops", "numpy", "numba",
        "3/5", "backward says", "nudging says",
        "4/5", "epoch   1", "Test accuracy after the last epoch",
        "5/5", "The shipped model `fashion-mnist`", "To read: npmobilenet/predicting/predictor.py",
    ):  # fmt: skip
        assert expected in text, expected
    assert "Not as it should be" not in text
    assert "\x1b" not in text  # plain text in a pipe


def test_tour_names_files_that_exist(quick_tour):
    _, text = quick_tour
    lines = [line.removeprefix("To read: ") for line in text.splitlines() if "To read: " in line]
    assert len(lines) == 5
    for line in lines:
        for name in line.split(", "):
            assert (ROOT / name.split(" (")[0]).is_file(), name


def test_tour_says_how_its_last_command_is_found(monkeypatch, tmp_path, capsys):
    """Called by its path, the program is not known to the shell that shall run the next command."""
    for name in ("_cost", "_rungs", "_gradients", "_learn", "_predict"):
        monkeypatch.setattr(tour, name, lambda *arguments: True)
    for known, said in ((None, True), ("/somewhere/npmobilenet", False)):
        monkeypatch.setattr("shutil.which", lambda name, known=known: known)
        assert main(["tour", "--output", str(tmp_path)]) == 0
        text = capsys.readouterr().out
        assert ("type first:" in text and "activate" in text) is said
        assert (ROOT / text.split("To go on: ")[1].strip()).is_file()


def test_tour_leaves_pictures_and_weights(quick_tour, capsys):
    folder, _ = quick_tour
    for name in ("convolutions.png", "predictions.png", "example.png"):
        picture = np.asarray(Image.open(folder / "tour" / name))
        assert picture.std() > 10, name  # something is drawn
    weights = folder / "tour" / "fashion.safetensors"
    assert load(weights).plan.model == "v1-shallow"
    assert main(["predict", str(folder / "tour/example.png"), "--weights", str(weights)]) == 0
    assert "%" in capsys.readouterr().out


def test_tour_fails_when_a_stop_fails(monkeypatch, tmp_path, capsys):
    """Exit code 1 and the name of the stop, not a cheerful walk past a wrong number."""
    for name in ("_rungs", "_gradients", "_learn", "_predict"):
        monkeypatch.setattr(tour, name, lambda *arguments: True)
    monkeypatch.setattr(tour, "_cost", lambda out: False)
    assert main(["tour", "--output", str(tmp_path)]) == 1
    assert "Not as it should be: What does MobileNetV1 cost?" in capsys.readouterr().out
