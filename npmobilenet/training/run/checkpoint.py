"""Checkpoints: all that a run needs to go on, at any step, as if it had never stopped.

    last.safetensors       the state now: parameters, optimiser, average, and in the notes the
                           configuration, the history, and how far the epoch has come
    previous.safetensors   what was "last" before

Both are weight files like any other (weights/native.py), which `predict` and `export` take.  A file is
written aside, flushed to disk and then renamed, and "last" gets its second name before the new file
takes its place: a crash at any moment leaves a whole "last".  Should that be damaged all the same, or
hold numbers that are not finite, the one before is used.
"""

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...datasets.dataset import Dataset
from ...disk import flush_folder, spare_name, write_whole
from ...ops.checks import Array, path, real, shown
from ...predicting.model import Model
from ...text import reason
from ...weights.native import load, save
from ..config import Config
from ..optimizers import Arrays
from ..quantized.step import split
from ..step import State
from .history import MOST, Epoch, require_fields
from .lock import require_held

LAST, PREVIOUS, BEST = "last.safetensors", "previous.safetensors", "best.safetensors"
NEW = f"{LAST}.new"  # whole, and about to become the last


@dataclass
class Progress:
    """How far a run has come, and sums over the epoch it is in."""

    epoch: int = 0  # whole epochs that are over and measured
    step: int = 0  # steps taken in the one after them
    loss: float = 0.0  # sum over images
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    waited: float = 0.0  # of these seconds, for data


def save_checkpoint(
    folder: Path, model: Model, state: State, progress: Progress, notes: Mapping[str, Any]
) -> None:
    """Write last.safetensors; what was there becomes previous.safetensors."""
    extra = {f"optimizer/{name}": value for name, value in state.optimizer.items()}
    extra |= {f"average/{name}": value for name, value in state.average.items()}
    params, ranges = split(state.params, model.plan)
    extra |= {f"quantize/{name}": value for name, value in ranges.items()}
    described = {**notes, "step": state.step, "progress": asdict(progress)}
    model = Model(model.plan, params, model.classes, model.preprocessing, extra, described)
    save(model, folder / NEW)
    try:
        require_held(folder)  # it took time to write
    except OSError:
        (folder / NEW).unlink(missing_ok=True)
        raise
    _make_last(folder)


def _make_last(folder: Path) -> None:
    """The new file becomes the last, the last the previous: at every moment there is a last."""
    try:
        if (folder / LAST).exists():
            _name_also(folder / LAST, folder / PREVIOUS)
        (folder / NEW).replace(folder / LAST)
        flush_folder(folder)
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{folder / LAST}: cannot be written ({why})") from None


def _name_also(file: Path, name: Path) -> None:
    """A second name for a file, a copy where the file system has no such thing."""
    aside = spare_name(name)
    try:
        os.link(file, aside)
    except OSError:
        write_whole(name, file.read_bytes())
        return
    aside.replace(name)
    aside.unlink(missing_ok=True)  # two names of one file are left as they are by a rename


def load_checkpoint(folder: Path) -> tuple[Model, State, Progress, str]:
    """Where a run stands.

    folder  that `train` was given

    Returns model, state and progress, and a remark if not the last checkpoint was used.  ValueError if
    there is no checkpoint, or none that is whole.
    """
    name, found, complaints = _newest(path("load_checkpoint: folder", folder, "folder"))
    remark = f"{'; '.join(complaints)}; going on from {name}" if complaints else ""
    return *found, remark


def mend_last(folder: Path) -> None:
    """Make the checkpoint that a run goes on from its last one, where it is not.

    It may be one that a kill left just before its last renaming, or the one before a damaged one.
    """
    name, _, _ = _newest(folder)
    if name == NEW:
        _make_last(folder)
    else:
        (folder / NEW).unlink(missing_ok=True)
    if name == PREVIOUS:
        _name_also(folder / PREVIOUS, folder / LAST)


def _newest(folder: Path) -> tuple[str, tuple[Model, State, Progress], list[str]]:
    """Name and content of the newest checkpoint that is whole, and what is wrong with newer ones."""
    complaints: list[str] = []
    if not any((folder / name).exists() for name in (NEW, LAST, PREVIOUS)):
        raise ValueError(f"{folder / LAST}: no such weight file, so no run that could go on")
    for name in (NEW, LAST, PREVIOUS):
        if name == LAST or (folder / name).exists():
            try:
                return name, _read(folder / name), complaints
            except ValueError as error:
                complaints.append(str(error))
    raise ValueError("; ".join(complaints))


def _read(file: Path) -> tuple[Model, State, Progress]:
    """A checkpoint.  ValueError where it is none, damaged, not finite, or of another version."""
    model = load(file)
    if "progress" not in model.notes:
        raise ValueError(f"{file}: weights, but not a run that could go on")
    parts = ("optimizer", "average", "quantize")
    optimizer, average, ranges = (_under(f"{part}/", model.extra) for part in parts)
    state = State({**model.params, **ranges}, optimizer, average)
    if name := not_finite(state):
        raise ValueError(f"{file}: {name} is not finite")
    try:
        state.step, progress = model.notes["step"], Progress(**model.notes["progress"])
        Config.from_document(model.notes["config"])
        history = [Epoch(**epoch) for epoch in model.notes["history"]]
        for record in (progress, *history):
            require_fields(record)
        if len(history) != progress.epoch:
            raise ValueError(f"{len(history)} epochs are in its history, {progress.epoch} are over")
        counts = {"step": state.step, "data.images": model.notes["data"]["images"]}
        for name, count in counts.items():
            if type(count) is not int or not 0 <= count < MOST:
                raise ValueError(f"{name} is {shown(count)}")
        others = model.notes.get("other data", [])
        if not isinstance(others, list) or not all(isinstance(one, dict) for one in others):
            raise ValueError(f"other data is {shown(others)}")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: a run of another version ({reason(error)})") from None
    return model, state, progress


def not_finite(state: State) -> str:
    """The name of the first array with a number that is NaN or infinite; "" where there is none."""
    parts = {"": state.params, "the optimiser's ": state.optimizer, "the average ": state.average}
    arrays = (
        (whose + name, value) for whose, part in parts.items() for name, value in part.items()
    )
    return next((name for name, value in arrays if not np.isfinite(value).all()), "")


def _under(prefix: str, extra: Arrays) -> Arrays:
    return {
        name.removeprefix(prefix): value for name, value in extra.items() if name.startswith(prefix)
    }


def data_fingerprint(dataset: Dataset) -> dict[str, Any]:
    """What tells whether a resumed run sees the data it began with."""
    labels: Sequence[int] = dataset.labels.tolist()
    return {"images": len(labels), "labels": zlib.crc32(repr(labels).encode())}


def sample_of(targets: Array | None) -> list[float]:
    """Of 64 images what is taught, a number from 0 to 1: of another teacher another; [] for labels.

    Classes have numbers from 0 to 1, and this is their mean, weighed by their probabilities.
    """
    if targets is None:
        return []
    rows = targets[np.linspace(0, len(targets) - 1, 64).astype(int)]
    return [float(mean) for mean in rows @ np.linspace(0, 1, targets.shape[1])]


def same_sample(then: Any, now: list[float]) -> bool:
    """Whether two are of the same targets, by another processor perhaps; an older version has none."""
    if then is None:
        return True
    if not isinstance(then, list) or len(then) != len(now):
        return False
    return all(real(a) and abs(a - b) < 1e-3 for a, b in zip(then, now, strict=True))
