"""Checkpoints: all that a run needs to go on, at any step, as if it had never stopped.

    last.safetensors       the state now: parameters, optimiser, average, and in the notes the
                           configuration, the history, and how far the epoch has come
    previous.safetensors   what was "last" before

Both are weight files like any other (weights/native.py), which `predict` and `export` take.  A file is
written aside, flushed to disk and then renamed, so a crash at any moment leaves a whole one; should the
last be damaged all the same, the one before is used.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..weights.native import Model, flush_folder, load, save
from .datasets import Dataset
from .optimizers import Arrays
from .step import State

LAST, PREVIOUS, BEST = "last.safetensors", "previous.safetensors", "best.safetensors"


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
    told = {**notes, "step": state.step, "progress": asdict(progress)}
    aside = folder / f"{LAST}.new"
    save(Model(model.plan, state.params, model.classes, model.preprocessing, extra, told), aside)
    if (folder / LAST).exists():
        (folder / LAST).replace(folder / PREVIOUS)
    aside.replace(folder / LAST)
    flush_folder(folder)


def load_checkpoint(folder: Path) -> tuple[Model, State, Progress, str]:
    """Model, state and progress of a run, and a remark if not the last checkpoint was used.

    ValueError if there is no checkpoint, or none that is whole.
    """
    remark = ""
    try:
        model = load(folder / LAST)
    except ValueError as error:
        if not (folder / PREVIOUS).is_file():
            raise
        model, remark = load(folder / PREVIOUS), f"{error}; going on from {PREVIOUS}"
    if "progress" not in model.notes:
        raise ValueError(f"{folder / LAST}: weights, but not a run that could go on")
    optimizer, average = (_under(f"{part}/", model.extra) for part in ("optimizer", "average"))
    state = State(model.params, optimizer, average, model.notes["step"])
    return model, state, Progress(**model.notes["progress"]), remark


def _under(prefix: str, extra: Arrays) -> Arrays:
    return {
        name.removeprefix(prefix): value for name, value in extra.items() if name.startswith(prefix)
    }


def data_fingerprint(dataset: Dataset) -> dict[str, Any]:
    """What tells whether a resumed run sees the data it began with."""
    labels: Sequence[int] = dataset.labels.tolist()
    return {"images": len(labels), "labels": zlib.crc32(repr(labels).encode())}
