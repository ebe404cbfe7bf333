"""A run that goes on, and finds other images: noticed and named, or the same ones, and not a word.

Some changes are listed, others drawn: a random file of a random part is changed in a random way.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.training.documents import merged
from npmobilenet.training.loop import train
from npmobilenet.training.prepare import prepare_run
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.history import Silent
from npmobilenet.training.run.listing import FILE
from npmobilenet.weights import load, save

from .hazard import Found, Hazard, Size

SAME = "same"  # nothing is to be noticed
Change = Callable[[Path, np.random.Generator], str]  # of the folder of data; what is to be said


class Heard(Silent):
    """Remembers remarks."""

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def pictures(root: Path) -> Path:
    """Two classes, apart for training and for measuring; files of equal size, so that none tells."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 5), ("val", 3)):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for k in range(count):
                image = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
                image.save(root / part / name / f"{k}.bmp")
    return root


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


# ---- what may happen to a folder -----------------------------------------------------------------


def _write(path: Path, content: bytes) -> None:
    """Other content, and not even the time tells."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _swap(one: Path, other: Path) -> str:
    a, b = one.read_bytes(), other.read_bytes()
    _write(one, b)
    _write(other, a)
    return f"{one.parent.name}/{one.name}"


def between_classes(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "train/dog/1.bmp")


def within_a_class(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "train/cat/3.bmp")


def between_parts(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "val/cat/1.bmp")


def renamed(root: Path, rng: np.random.Generator) -> str:
    (root / "train/cat/4.bmp").rename(root / "train/cat/5.bmp")
    return "cat/4.bmp is gone; cat/5.bmp is new"


def one_bit(root: Path, rng: np.random.Generator) -> str:
    path = root / "train/dog/2.bmp"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    _write(path, bytes(content))
    return "dog/2.bmp has another content"


def removed(root: Path, rng: np.random.Generator) -> str:
    (root / "train/dog/0.bmp").unlink()
    return "dog/0.bmp is gone"


def added(root: Path, rng: np.random.Generator) -> str:
    shutil.copy(root / "train/dog/0.bmp", root / "train/dog/9.bmp")
    return "dog/9.bmp is new"


def moved(root: Path, rng: np.random.Generator) -> str:
    (root / "train/dog/0.bmp").rename(root / "train/cat/0b.bmp")
    return "dog/0.bmp is gone; cat/0b.bmp is new"


def larger(root: Path, rng: np.random.Generator) -> str:
    Image.new("RGB", (64, 64)).save(root / "train/dog/0.bmp")
    return r"dog/0.bmp had 3,126 bytes and has 12,342"


def class_renamed(root: Path, rng: np.random.Generator) -> str:
    for part in ("train", "val"):
        (root / part / "cat").rename(root / part / "kitten")
    return "class cat then, dog now"


def class_between(root: Path, rng: np.random.Generator) -> str:
    for part in ("train", "val"):
        (root / part / "cat").rename(root / part / "crow")
    return "class cat then, crow now"


def classes_swapped(root: Path, rng: np.random.Generator) -> str:
    for part in ("train",):
        (root / part / "cat").rename(root / part / "x")
        (root / part / "dog").rename(root / part / "cat")
        (root / part / "x").rename(root / part / "dog")
    return "cat/0.bmp has another content"


def other_measured(root: Path, rng: np.random.Generator) -> str:
    one_bit_of(root / "val/dog/2.bmp")
    return "dog/2.bmp has another content (validation)"


def fewer_measured(root: Path, rng: np.random.Generator) -> str:
    (root / "val/dog/2.bmp").unlink()
    return "dog/2.bmp is gone (validation)"


def one_bit_of(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    _write(path, bytes(content))


def hostile_name(root: Path, rng: np.random.Generator) -> str:
    (root / "train/cat/4.bmp").rename(root / "train/cat/\x1b[31m\n'.bmp")
    return "cat/4.bmp is gone"


def times(root: Path, rng: np.random.Generator) -> str:
    for path in root.rglob("*.bmp"):
        os.utime(path, (1, 1))
    return SAME


def elsewhere(root: Path, rng: np.random.Generator) -> str:
    other = root.parent / "deep/down/another name"
    shutil.copytree(root, other)
    shutil.rmtree(root)
    root.symlink_to(other)
    return SAME


def beside(root: Path, rng: np.random.Generator) -> str:
    (root / "train/notes.txt").write_text("mine", "utf-8")
    (root / ".DS_Store").write_bytes(b"\0")
    return SAME


def rights(root: Path, rng: np.random.Generator) -> str:
    for path in root.rglob("*.bmp"):
        path.chmod(0o400)
    return SAME


def nothing(root: Path, rng: np.random.Generator) -> str:
    return SAME


LISTED: tuple[Change, ...] = (
    between_classes, within_a_class, between_parts, renamed, one_bit, removed, added, moved, larger,
    class_renamed, class_between, classes_swapped, other_measured, fewer_measured, hostile_name,
    times, elsewhere, beside, rights, nothing,
)  # fmt: skip


def drawn(root: Path, rng: np.random.Generator) -> str:
    """A random change of a random file; its name is to be said."""
    part, name = rng.choice(["train", "val"]), rng.choice(["cat", "dog"])
    files = sorted((root / part / name).iterdir())
    path = files[rng.integers(len(files))]
    kind = rng.integers(4)
    if kind == 0:
        content = bytearray(path.read_bytes())
        content[rng.integers(54, len(content))] ^= 1 << rng.integers(8)
        _write(path, bytes(content))
    elif kind == 1:
        path.unlink()
    elif kind == 2:
        path.rename(path.with_name(f"{rng.integers(10**6)}.bmp"))
    else:
        other = files[(files.index(path) + 1) % len(files)]
        _swap(path, other)
    return f"{name}/{path.name}"


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


def prove(size: Size) -> Found:
    """Those that are listed, and 10 or 150 that are drawn."""
    bad: list[str] = []
    changes = list(LISTED[1:2] + LISTED[-1:]) if size == "tiny" else list(LISTED)
    changes += [drawn] * {"tiny": 0, "quick": 10, "whole": 150}[size]
    scenes = () if size == "tiny" else (of_older_versions, of_lists, of_arrays)
    with tempfile.TemporaryDirectory(prefix="other-data-") as root:
        before = Before(Path(root) / "run", pictures(Path(root) / "data"))
        learnt(before.run, before.data, 1)
        for number, change in enumerate(changes):
            place = Path(root) / str(number)
            place.mkdir()
            wrong = judged(before, place, change, np.random.default_rng((11, number)))
            bad += [f"{number} {change.__name__}: {fault}" for fault in wrong]
            shutil.rmtree(place)
        for scene in scenes:
            place = Path(root) / scene.__name__
            place.mkdir()
            bad += [f"{scene.__name__}: {fault}" for fault in scene(before, place)]
    return Found(len(changes) + len(scenes), tuple(bad))


HAZARD = Hazard(
    "a run goes on with other images",
    "noticed by names, labels, sizes and contents; said; goes on with --other-data",
    prove,
)
