"""A small run, what lies in its folder, and whether anything of it is lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.training.run.folder import OTHERS, RUNS
from npmobilenet.weights import load

from ..children import Ended
from .child import Child

STEPS = 4  # of an epoch
Bits = dict[str, bytes]


def train(data: Path, out: Path, epochs: int, *more: str, minutes: int = 0) -> list[str]:
    """The words of the command; minutes: between two checkpoints."""
    words = ["train", str(data), "--width", "0.05", "--resolution", "32", "--batch", "4"]
    words += ["--epochs", str(epochs), "--output", str(out), "--threads", "1", "--workers", "1"]
    return [*words, "-o", f"train.save_minutes={minutes}", "--schedule", "constant", *more]


@dataclass
class Bench:
    """Data, a place for runs, and what a run comes to that nothing disturbs, by epochs."""

    root: Path
    data: Path
    whole: dict[int, Bits] = field(default_factory=dict)
    seconds: float = 1.0  # that the last of them took

    def bits(self, epochs: int) -> Bits:
        """Of a run that was never stopped."""
        if epochs not in self.whole:
            out = self.root / f"whole{epochs}"
            ended = Child(train(self.data, out, epochs)).ended()
            if ended.code:
                raise RuntimeError(f"an undisturbed run ends with {ended.code}: {ended.err[-500:]}")
            self.whole[epochs], self.seconds = bits_of(out), ended.seconds
        return self.whole[epochs]

    def lost(self, out: Path, epochs: int) -> Iterator[str]:
        """Go on to the end; what is not as if nothing had happened."""
        steps, wrong = looked_at(out)
        yield from wrong
        there = any((out / name).exists() for name in RUNS)
        ended = Child(train(self.data, out, epochs, *["--resume"] * (steps >= 0))).ended()
        if ended.code == 2 and steps < 0 and there:  # logs or best without a checkpoint
            yield f"neither begins nor goes on: {ended.err[-200:]}"
            return
        yield from plain(ended, (0,), "going on")
        if ended.code == 0:
            if bits_of(out) != self.bits(epochs):
                yield "other bits at the end"
            yield from left_in(out)


def bits_of(out: Path) -> Bits:
    """All arrays of a run's last and best weights."""
    found: Bits = {}
    for name in ("last", "best"):
        model = load(out / f"{name}.safetensors")
        found |= {f"{name}/{k}": v.tobytes() for k, v in (model.params | model.extra).items()}
    return found


def looked_at(out: Path) -> tuple[int, list[str]]:
    """Steps that a run has taken, -1 for none, and what is wrong with its folder."""
    try:
        model, state, progress, _ = load_checkpoint(out)
    except ValueError as error:
        if "no such weight file" in str(error):
            return -1, []
        return -2, [f"unreadable: {error}"]
    wrong = []
    if progress.epoch * STEPS + progress.step != state.step:
        wrong.append(f"step {state.step}, but epoch {progress.epoch}, step {progress.step}")
    if len(model.notes["history"]) != progress.epoch:
        wrong.append(f"a history of {len(model.notes['history'])}, epoch {progress.epoch}")
    if progress.epoch:
        try:
            load(out)
        except ValueError as error:
            wrong.append(f"best: {error}")
        wrong += _logs(out, progress.epoch)
    return state.step, wrong


def _logs(out: Path, epochs: int) -> Iterator[str]:
    """Both logs, which may be an epoch behind, have neither gaps nor doubles."""
    lines = []
    if (out / "log.csv").exists():
        with (out / "log.csv").open(encoding="utf-8") as file:
            lines = [int(row["epoch"]) for row in csv.DictReader(file)]
    if lines != list(range(1, len(lines) + 1)) or not 0 <= epochs - len(lines) <= 1:
        yield f"log.csv has epochs {lines} of {epochs}"
    if (out / "log.jsonl").exists():
        texts = (out / "log.jsonl").read_text("utf-8").splitlines()
        also = [json.loads(text)["epoch"] for text in texts]
        if abs(len(also) - len(lines)) > 1:
            yield f"log.jsonl has epochs {also}, log.csv {lines}"


def left_in(out: Path) -> Iterator[str]:
    """Files that are nobody's."""
    if left := sorted({path.name for path in out.iterdir()} - {*RUNS, *OTHERS}):
        yield f"{left} stay"


def plain(ended: Ended, codes: tuple[int, ...], what: str) -> Iterator[str]:
    """How a command may end: with one of these codes, and in a line where that is not 0."""
    if ended.code not in codes:
        yield f"{what}: ended with {ended.code}: {ended.err.strip()[-300:]}"
    if ended.traceback:
        yield f"{what}: a traceback: {ended.err.strip()[-300:]}"


def one_line(ended: Ended, what: str, *words: str) -> Iterator[str]:
    """Refused: code 1 or 2, the last line says so, with these words in it."""
    yield from plain(ended, (1, 2), what)
    last = (ended.err.strip().splitlines() or [""])[-1]
    for word in words:
        if word not in last:
            yield f"{what}: {word!r} is not in the last line: {last[-300:]}"
