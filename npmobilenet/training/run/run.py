"""A run under way, and what follows from it: its checkpoints, its steps, its learning rate."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...ops.checks import Array
from ...predicting.model import Model
from ...ranks.world import Ranks
from ..compiled_step import Take
from ..config import Config
from ..parts import Share, drops_last, steps_of
from ..quantized.leaving import integer_model
from ..step import State
from .checkpoint import Progress, data_fingerprint, not_finite, sample_of, save_checkpoint
from .history import Epoch, Reporter
from .listing import Listing
from .lock import require_held


def never() -> bool:
    """Go on to the end."""
    return False


class Diverged(ValueError):
    """A run whose numbers are no longer numbers."""


@dataclass
class Run:
    """A run under way: what stays, and where it is."""

    model: Model  # its params are the initial ones
    training: Dataset
    validation: Dataset | None
    config: Config
    folder: Path
    reporter: Reporter
    stop: Callable[[], bool]
    take: Take
    state: State
    progress: Progress
    history: list[Epoch]
    targets: Array | None = None  # (n, classes) instead of labels
    saved: float = 0.0  # when
    kept: tuple[int, int] | None = None  # epoch and step of the checkpoint on disk
    forgotten: int = 0  # epochs whose best weights are gone
    seen: Listing = field(default_factory=lambda: Listing((), ()))  # the images
    file: str = ""  # SHA-256 of the file that lists them
    others: list[dict[str, Any]] = field(default_factory=list)  # when it went on with other ones
    ranks: Ranks = field(default_factory=Ranks)
    share: Share = field(default_factory=Share)

    def save(self) -> None:
        """Write a checkpoint of this moment, unless there is one.

        ValueError where an array is not finite: the checkpoint that is there is better.
        """
        moment = (self.progress.epoch, self.progress.step)
        if moment == self.kept or not self.ranks.first:
            return
        require_held(self.folder)
        if name := not_finite(self.state):
            raise self.diverged(f"{name} is not finite", self.progress.step)
        with self.ranks.alone():
            save_checkpoint(self.folder, self.model, self.state, self.progress, self.notes())
        self.saved, self.kept = time.monotonic(), moment

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Save before an error ends the run: around what may fail between two steps."""
        try:
            yield
        except Exception:
            if self.state.step:
                with suppress(OSError, ValueError):  # the first error is the one to tell
                    self.save()
            raise

    def diverged(self, what: str, step: int) -> "Diverged":
        """The error that ends the run at this step of the epoch."""
        return Diverged(
            f"{what} at epoch {self.progress.epoch + 1}, step {step}: try a smaller lr than "
            f"{self.config.optimizer.lr:g}"
        )

    def answer(self) -> Model:
        """What the run has come to: averaged weights where there are any, or integers."""
        params = self.state.best_params
        if self.config.quantize.wanted:
            return integer_model(self.model, params, self.config.quantize)
        return replace(self.model, params=params)

    def notes(self) -> dict[str, Any]:
        """What weight files tell of the run."""
        return {
            "config": self.config.to_document(),
            "data": self.data,
            "history": [vars(epoch) for epoch in self.history],
            **({"other data": self.others} if self.others else {}),
        }

    @cached_property
    def data(self) -> dict[str, Any]:
        """What tells whether a resumed run sees the images of this one."""
        found = data_fingerprint(self.training) | {"sha256": self.seen.digest(), "file": self.file}
        measured = 0 if self.validation is None else len(self.validation)
        return found | {"validation": measured, "targets": sample_of(self.targets)}

    @property
    def place(self) -> int:
        """Steps since the run began; were its images always these ones, as many as it has taken."""
        return self.progress.epoch * self.steps + self.progress.step

    def interrupt(self) -> None:
        """Save and end, where that was asked for, of whichever rank."""
        if self.ranks.any(self.stop()):
            self.save()
            raise KeyboardInterrupt

    @property
    def drop_last(self) -> bool:
        """Whether an epoch leaves out its last batch."""
        return drops_last(len(self.training), self.config.train.batch)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return steps_of(len(self.training), self.config.train.batch)

    def lr(self, step: int) -> float:
        """The learning rate of a step, counted from 0 and the start of the run."""
        epochs, optimizer = self.config.train.epochs, self.config.optimizer
        return optimizer.lr * self.config.schedule.factor_of(step, epochs * self.steps, epochs)
