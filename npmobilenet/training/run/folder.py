"""A run's folder: what lies in it, whether a run may begin there, whether there is room for one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ...disk import sweep
from ...models.network_plan import Plan
from ..config import Config
from ..step import Step
from .checkpoint import BEST, LAST, NEW, PREVIOUS
from .lock import locked

RUNS = (LAST, PREVIOUS, NEW, BEST, "log.csv", "log.jsonl")  # each of them is something learnt
OTHERS = (
    "config.toml", "class_indices.json", "images.tsv.gz", "card.md", "curves.png", "confusion.png"
)  # fmt: skip


def traces(folder: Path) -> list[str]:
    """The files in there that a run has left, and another would overwrite."""
    return [name for name in RUNS if os.path.lexists(folder / name)]


def require_no_run(folder: Path) -> None:
    """ValueError where the folder holds a run, or what is left of one."""
    if found := traces(folder):
        raise ValueError(
            f"{folder}: already holds a run ({', '.join(found)}); go on with it (--resume), erase it "
            "and begin anew (--anew), or choose another folder"
        )


def erase(folder: Path) -> list[str]:
    """Remove what a run has left in there, and nothing else; the names of what is gone."""
    gone = [name for name in RUNS + OTHERS if os.path.lexists(folder / name)]
    for name in gone:
        (folder / name).unlink()
    return gone


@contextmanager
def in_use(folder: Path, remark: Callable[[str], None]) -> Iterator[None]:
    """The folder, made if need be, for this run alone; halves of files that a kill left are removed.

    OSError, in one line, where no folder can be or nothing can be written into it.  A folder that was
    made and stayed empty goes again.
    """
    new = not os.path.exists(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "it is a file" if os.path.isfile(folder) else error.strerror or error
        raise OSError(f"{folder}: cannot be the folder of a run ({why})") from None
    try:
        with locked(folder, remark):
            for name in RUNS + OTHERS:
                if (folder / name).is_dir():
                    raise OSError(f"{folder / name}: is a folder; a run writes a file of that name")
                (folder / f"{name}.part").unlink(missing_ok=True)  # as older versions called them
            sweep(folder, RUNS + OTHERS)
            yield
    finally:
        if new:
            with suppress(OSError):  # not empty
                folder.rmdir()


def require_room(folder: Path, plan: Plan, config: Config) -> None:
    """OSError where the disk is too full for the run's checkpoints.

    At most there are three of them, the last, the previous and the new one, and the best weights.
    """
    step = Step.of(plan, config.optimizer, config.train.freeze, ema=config.train.ema)
    zero = np.zeros(1, np.float32)  # arrays of all shapes, without their memory
    state = step.start({name: np.broadcast_to(zero, shape) for name, shape in plan.arrays.items()})
    parts = (state.params, state.optimizer, state.average)
    weights, *rest = (sum(value.nbytes for value in part.values()) for part in parts)
    there = sum(
        (folder / name).stat().st_size
        for name in (LAST, PREVIOUS, BEST)
        if (folder / name).exists()
    )
    needed = 3 * (weights + sum(rest)) + weights - there
    try:
        disk = shutil.disk_usage(folder)
    except OSError:  # a file system that does not say
        return
    if disk.total and disk.free < needed:
        raise OSError(
            f"{folder}: {needed / 1e6:,.1f} MB are needed for the run's checkpoints, "
            f"{disk.free / 1e6:,.1f} MB are free on the disk"
        )
