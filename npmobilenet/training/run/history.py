"""What a run tells of itself: figures of each epoch, progress within one, and the two logs.

The logs are written from the history, which is in the checkpoint: a run that was killed and resumed
has neither gaps nor doubles in them.
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, get_type_hints

from ...disk import write_whole
from ...ops.checks import shown

MOST = 2**53  # what counts and measures are less than


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures; losses are means over images, in nats, not over batches.

    epoch              from 1 on
    step               steps since the start of the run
    images             learnt from
    lr                 at its last step
    loss, accuracy     of the training images, while learning
    validation_loss, validation_top1, validation_top5
                       None where nothing is measured
    seconds            for learning and measuring
    waited             of these for data to learn from
    images_per_second  while learning
    best               whether it was the best so far
    """

    epoch: int
    step: int
    images: int
    lr: float
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_top1: float | None
    validation_top5: float | None
    seconds: float
    waited: float
    images_per_second: float
    best: bool


@dataclass(frozen=True)
class Status:
    """Where a run is after a step: counted from 1, sums over this epoch."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float  # mean over the images so far
    accuracy: float
    lr: float
    images: int
    seconds: float
    waited: float


class Reporter(Protocol):
    """Whoever shows progress.  An exception raised in here ends the run; it can be resumed."""

    def step(self, status: Status) -> None:
        """After every step."""

    def measure(self, done: int, count: int) -> None:
        """After every batch of the validation: images done, of so many."""

    def epoch(self, done: Epoch) -> None:
        """After every epoch, once its checkpoint is on disk."""

    def remark(self, text: str) -> None:
        """Something worth a line."""


class Silent:
    """A reporter that shows nothing."""

    def step(self, status: Status) -> None:
        """Nothing."""

    def measure(self, done: int, count: int) -> None:
        """Nothing."""

    def epoch(self, done: Epoch) -> None:
        """Nothing."""

    def remark(self, text: str) -> None:
        """Nothing."""


def require_fields(record: Any) -> None:
    """ValueError unless each field of a record of numbers has one of its kind, finite, none too large.

    A loss may be as large as it likes: one that training had is no reason not to go on.
    """
    kinds = get_type_hints(type(record))
    for field in fields(record):
        value, kind = getattr(record, field.name), kinds[field.name]
        if kind is int:
            right = type(value) is int and 0 <= value < MOST
        elif kind is bool:
            right = type(value) is bool
        else:  # a float, or one that may be missing
            right = type(value) in (int, float) and math.isfinite(value)
            right &= "loss" in field.name or (right and abs(value) < MOST)
            right |= value is None and kind is not float
        if not right:
            raise ValueError(f"{field.name} is {shown(value)}")


def write_logs(folder: Path, history: Sequence[Epoch]) -> None:
    """log.csv and log.jsonl: a line an epoch, the same figures in both."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    rows = [asdict(epoch) for epoch in history]
    writer.writerows(rows)
    write_whole(folder / "log.csv", text.getvalue().encode())
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    write_whole(folder / "log.jsonl", lines.encode())
