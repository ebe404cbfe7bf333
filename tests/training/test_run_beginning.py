"""What is checked before the first step: room on the disk, the folder, the data."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.datasets.subsets import part_of
from npmobilenet.training import preflight
from npmobilenet.training.config import Config
from npmobilenet.training.loop import train
from npmobilenet.training.prepare import prepare_run
from npmobilenet.training.run import folder as folders
from tests.commands import SMALL, call
from tests.training.runs import CONFIG, HOW, PLAN, TRAINING, VALIDATION, pictures, run

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_full_disk_is_noticed_before_the_first_step(tmp_path: Path, monkeypatch: Any) -> None:
    """Three checkpoints and the best weights must fit; what the run has already counts as room."""
    short = replace(CONFIG, train=replace(CONFIG.train, epochs=1))
    run(tmp_path / "whole", short)
    sizes = {p.name: p.stat().st_size for p in (tmp_path / "whole").glob("*.safetensors")}
    longest = 3 * sizes["last.safetensors"] + sizes["best.safetensors"]
    free = 0
    monkeypatch.setattr(
        folders.shutil, "disk_usage", lambda path: SimpleNamespace(total=free + 1, free=free)
    )
    with pytest.raises(OSError, match=r"MB are needed for the run's checkpoints, 0.0 MB are free"):
        run(tmp_path / "run", short)
    assert not (tmp_path / "run").exists()
    free = longest
    run(tmp_path / "run", short)
    free = sizes["last.safetensors"]
    run(tmp_path / "run", short, resume=True)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", r"file: cannot be the folder of a run \(it is a file\)"),
        ("file/run", r"cannot be the folder of a run \(Not a directory\)"),
        ("x" * 300, r"cannot be the folder of a run \(File name too long\)"),
        ("taken", r"taken/config.toml: is a folder"),
    ],
)
def test_folders_that_cannot_be(place: str, reason: str, tmp_path: Path) -> None:
    """In one line, before anything is learnt."""
    (tmp_path / "file").write_text("")
    (tmp_path / "taken/config.toml").mkdir(parents=True)
    with pytest.raises(OSError, match=reason) as caught:
        run(tmp_path / place)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["rose\nfake", "bell\x07", "\udcc3\udcb5", "next\u2028line", "\x9bcsi"]
)
def test_class_names_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    images = pictures(9, 0)
    images.classes = ("ash", name, "oak")
    with pytest.raises(ValueError, match=r"1 of 3 classes have bytes that .*; rename them$") as e:
        train(PLAN, images, None, HOW, CONFIG, tmp_path / "run")
    assert str(e.value).isprintable()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("place", ["train/run", "val/a/run", "train"])
def test_a_run_does_not_lie_among_its_images(place: str, photos: Path, capsys: Any) -> None:
    """Its folder would be a class, its pictures images: no such run could be resumed."""
    code, _, err = call(capsys, "train", photos, *SMALL, "--output", photos / place)
    assert code == 1
    assert f"{place}: lies in {photos / place.split('/')[0]}, among the images" in err
    assert not (photos / "val/a/run").exists()


def test_a_path_that_is_not_utf_8_is_named(tmp_path: Path, capsys: Any) -> None:
    """Weights and config.toml keep it: said before anything is read."""
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xb5\xb9")
    code, _, err = call(capsys, "train", strange, "--output", tmp_path / "run", *SMALL)
    assert (code, "data.path: '" in err, "is not UTF-8; rename it" in err) == (1, True, True)
    assert not (tmp_path / "run").exists()


def test_files_that_are_missing_and_batches_that_are_large(
    photos: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "set").mkdir()
    names = sorted((photos / "train").rglob("*.png"))
    lines = [f"{path} {k % 2}\n" for k, path in enumerate(names)]
    (tmp_path / "set/train_list.txt").write_text("".join(lines))
    (tmp_path / "set/val_list.txt").write_text("".join(lines[:2]) + "absent.png 1\n")
    words = ["train", tmp_path / "set", *SMALL, "--output", tmp_path / "run"]
    code, _, err = call(capsys, *words)
    assert (code, "absent.png" in err) == (1, True)
    assert not (tmp_path / "run").exists()
    (tmp_path / "set/val_list.txt").unlink()
    data = {"path": str(tmp_path / "set"), "validation": "none"}
    said = prepare_run({"data": data, "train": {"batch": 17}}).remarks
    assert "a batch of 17 is more than the 16 training images: each epoch is one step" in said
    (tmp_path / "set/train_list.txt").write_text(f"{names[0]} 0\n")
    assert "there is one class, 0: nothing to choose from" in prepare_run({"data": data}).remarks
    with pytest.raises(ValueError, match=r"family is 'keras', but there are no model\.weights"):
        prepare_run({"data": data, "model": {"family": "keras"}})


def test_a_validation_that_could_not_be_measured(tmp_path: Path) -> None:
    nobody = part_of(VALIDATION, np.array([0]))
    nobody.labels, nobody.images = nobody.labels[:0], nobody.images[:0]
    other = pictures(9, 0)
    other.classes = ("ash", "birch", "oak")
    for images, words in ((nobody, "no validation images"), (other, "are of 3 classes, which are")):
        with pytest.raises(ValueError, match=words):
            train(PLAN, TRAINING, images, HOW, CONFIG, tmp_path / "run")
    with pytest.raises(ValueError, match="no training images"):
        train(PLAN, nobody, VALIDATION, HOW, CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_usual_folder_has_the_name_of_the_data(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """Also where the data is called `.`"""
    (photos / "runs" / photos.name).mkdir(parents=True)
    (photos / "runs" / photos.name / "best.safetensors").touch()
    monkeypatch.chdir(photos)
    code, _, err = call(capsys, "train", ".", *SMALL)
    assert (code, f"runs/{photos.name}: already holds a run" in err) == (2, True)


def test_a_step_beyond_the_machine_is_refused_before_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """V1's first pointwise output at 4000 x 4000, normalised: 16 channels are read, and 16 written."""
    plan = nm.plan("v1", width=0.25, resolution=8000, classes=2)
    monkeypatch.setattr(preflight, "all_megabytes", lambda: 16_000)
    batch = {"train": {"batch": 32}}
    wanted = (
        r"32 images at once of 8000 x 8000 pixels need 65\.5 GB and more, this machine has 16\.0 GB"
    )
    with pytest.raises(ValueError, match=wanted):
        preflight.require_memory(plan, Config.from_document(batch), 1000)
    preflight.require_memory(plan, Config.from_document(batch), 7)
    preflight.require_memory(plan, Config.from_document(batch), 1000, ranks=5)
    batch["train"]["accumulate"] = 8
    preflight.require_memory(plan, Config.from_document(batch), 1000)
    monkeypatch.setattr(preflight, "all_megabytes", lambda: 0)  # the system does not say
    preflight.require_memory(plan, Config.from_document({}), 1000)
