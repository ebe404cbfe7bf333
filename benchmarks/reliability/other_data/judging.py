"""A run goes on after a change: what it says, and whether it may."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.training.documents import merged
from npmobilenet.training.loop import train
from npmobilenet.training.prepare import prepare_run
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.history import Silent
from npmobilenet.training.run.listing import FILE
from npmobilenet.weights import load, save

from .changes import SAME, Change, nothing, one_bit, removed


class Heard(Silent):
    """Remembers remarks."""

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def learnt(
    folder: Path, data: Path, epochs: int, resume: bool = False, other: bool = False
) -> list[str]:
    """Train there, or go on; what was remarked."""
    document: dict[str, Any] = {
        "data": {"path": str(data), "workers": 0, "cache_mb": 0},
        "model": {"name": "v1-shallow", "width": 0.05, "resolution": [32]},
        "train": {"epochs": epochs, "batch": 5, "engine": "reference", "threads": 1},
        "optimizer": {"lr": 0.01},
    }
    resumed = load_checkpoint(folder)[0] if resume else None
    if resumed:
        document = merged(resumed.notes["config"], document)
    found = prepare_run(document, resumed)
    heard = Heard()
    train(
        found.plan, found.training, found.validation, found.preprocessing, found.config, folder, heard,
        params=found.params, resume=resume, other_data=other,
    )  # fmt: skip
    return heard.remarks


# ---- one change ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Before:
    """A run after its first epoch, and the images it has seen."""

    run: Path
    data: Path


def judged(before: Before, place: Path, change: Change, rng: np.random.Generator) -> Iterator[str]:
    """Go on after a change: refused, and with other_data not; afterwards the new images are the run's."""
    data, run = place / "data", place / "run"
    shutil.copytree(before.data, data)
    shutil.copytree(before.run, run)
    last = (run / "last.safetensors").read_bytes()
    expected = change(data, rng)
    try:
        remarks = learnt(run, data, 2, resume=True)
    except (ValueError, OSError) as error:
        said = str(error)
        if expected == SAME:
            yield f"refused: {said}"
            return
        yield from _wrong(said, expected, run)
        if (run / "last.safetensors").read_bytes() != last:
            yield "the run was changed"
    else:
        if expected != SAME:
            yield "not noticed"
        if expected == SAME and any("images" in remark for remark in remarks):
            yield f"said: {remarks}"
        return
    try:
        remarks = learnt(run, data, 2, resume=True, other=True)
    except (ValueError, OSError) as error:
        yield f"with other_data: {error}"
        return
    if not any("not those the run began with" in remark for remark in remarks):
        yield f"with other_data nothing is said: {remarks}"
    notes = load(run / "last.safetensors").notes
    if [one["epoch"] for one in notes.get("other data", [])] != [2]:
        yield f"not recorded: {notes.get('other data')}"
    try:
        learnt(run, data, 3, resume=True)
    except (ValueError, OSError) as error:
        yield f"afterwards: {error}"


def _wrong(said: str, expected: str, run: Path) -> Iterator[str]:
    if "images are not those the run began with" not in said or "--other-data" not in said:
        yield f"other words: {said}"
    if expected not in said:
        yield f"{expected!r} is not named: {said}"
    if not said.isprintable():
        yield f"not in one line: {said!r}"
    if str(run) not in said:
        yield f"the folder is not named: {said}"


# ---- what else a run may have seen ---------------------------------------------------------------


def of_older_versions(before: Before, place: Path) -> Iterator[str]:
    """A checkpoint that knows how many images there were and their labels: goes on, and notices those."""
    run, data = place / "run", place / "data"
    shutil.copytree(before.run, run)
    shutil.copytree(before.data, data)
    for name in ("last.safetensors", "previous.safetensors"):
        found = load(run / name)
        known = {key: found.notes["data"][key] for key in ("images", "labels")}
        save(replace(found, notes={**found.notes, "data": known}), run / name)
    (run / FILE).unlink()
    learnt(run, data, 2, resume=True)
    removed(data, np.random.default_rng(0))
    try:
        learnt(run, data, 3, resume=True)
    except ValueError as error:
        if "not those the run began with" not in str(error):
            yield f"other words: {error}"
    else:
        yield "not noticed"


def of_lists(before: Before, place: Path) -> Iterator[str]:
    """The list that would say which is gone, damaged, another, a bomb: other images are noticed still."""
    bomb = gzip.compress(bytes(200_000_000))
    for number, content in enumerate(
        (None, b"", b"\x1f\x8b damaged", gzip.compress(b"a\tb\n"), bomb)
    ):
        for change in (nothing, one_bit):
            run, data = (
                place / f"run{number}{change.__name__}",
                place / f"data{number}{change.__name__}",
            )
            shutil.copytree(before.run, run)
            shutil.copytree(before.data, data)
            change(data, np.random.default_rng(0))
            (run / FILE).unlink()
            if content is not None:
                (run / FILE).write_bytes(content)
            try:
                learnt(run, data, 2, resume=True)
                said = ""
            except ValueError as error:
                said = str(error)
            if (change is one_bit) != (f"{FILE} is not the run's" in said):
                yield f"list {number}, {change.__name__}: {said or 'nothing'}"


def of_arrays(before: Before, place: Path) -> Iterator[str]:
    """Images in memory: a pixel, a label, two that are exchanged; and equal ones in another array."""
    made = load_checkpoint(before.run)[0]
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (10, 32, 32, 3), np.uint8), np.arange(10) % 2
    config = prepared_config(before)

    def go(images: Any, labels: Any, epochs: int, resume: bool, run: Path) -> None:
        found = ArrayImages(images, labels, ("cat", "dog"), source=f"another{epochs}")
        settings = replace(config, train=replace(config.train, epochs=epochs))
        train(made.plan, found, None, made.preprocessing, settings, run, resume=resume)

    def pixel(images: Any, labels: Any) -> None:
        images[3, 4, 5, 1] ^= 1

    def label(images: Any, labels: Any) -> None:
        labels[[3, 4]] = labels[[4, 3]]

    def exchanged(images: Any, labels: Any) -> None:
        images[[2, 4]] = images[[4, 2]]

    def untouched(images: Any, labels: Any) -> None:
        pass

    for number, change in enumerate((pixel, label, exchanged, untouched)):
        run = place / f"run{number}"
        go(images, labels, 1, False, run)
        now = images.copy(), labels.copy()
        change(*now)
        try:
            go(*now, 2, True, run)
            said = ""
        except ValueError as error:
            said = str(error)
        if ("not those the run began with" in said) != (number < 3):
            yield f"arrays, change {number}: {said or 'nothing'}"


def prepared_config(before: Before) -> Any:
    """The run's configuration."""
    from npmobilenet.training.config import Config

    return Config.from_document(load_checkpoint(before.run)[0].notes["config"])
