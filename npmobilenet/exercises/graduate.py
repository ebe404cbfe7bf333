"""Whole networks by a learner's functions: the shipped one forwards, small ones trained.

    graduate(Path("my_ops.py"))

Each call is held against ours on the same arguments, so that the first layer that differs is known; what
comes out at the end is held against our own passes, of all layers from first to last.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..models.network_plan import Plan
from ..ops.checks import Array
from .checking import broken
from .exercise import EXERCISES
from .graduate_asking import Asking, Difference, Stopped
from .graduate_networks import STEPS, losses, our_losses, trained, untrained
from .graduate_passes import Passes
from .parent import Learner

TOLERANCE = 1e-9
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Compared:
    """What came out at the end, ours and yours: logits of an image, or a loss."""

    label: str
    ours: Array
    yours: Array

    @property
    def difference(self) -> float:
        """The largest."""
        return float(np.abs(self.ours - self.yours).max())


@dataclass(frozen=True, eq=False)
class Part:
    """One network: what ran, and what came of it."""

    name: str  # "forwards", "v1", "v2"
    title: str
    plan: Plan
    images: int
    seconds: float
    yours: dict[str, int]  # function -> calls
    ours: dict[str, str]  # function -> why it is not the learner's
    compared: tuple[Compared, ...] = ()
    difference: Difference | None = None
    classes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether what came out is ours."""
        close = [c.difference <= TOLERANCE for c in self.compared]
        return self.difference is None and bool(close) and all(close)

    @property
    def passed(self) -> bool:
        """Whether it is, and all of it the learner's."""
        return self.equal and not self.ours


@dataclass(frozen=True, eq=False)
class Graduated:
    """What is to be said of a file."""

    file: Path
    parts: tuple[Part, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every network ran, by the learner's functions alone, and came out as ours."""
        return len(self.parts) == len(NETWORKS) and all(part.passed for part in self.parts)

    @property
    def not_asked(self) -> list[str]:
        """Exercises that none of the networks calls; known when all have run."""
        asked = {name for part in self.parts for name in (*part.yours, *part.ours)}
        return [name for name in EXERCISES if name not in asked]


def graduate(
    file: Path, *, say: Say = lambda text: None, done: Callable[[Part], None] = lambda part: None
) -> Graduated:
    """Run and train the networks with a file's functions; the first that differs is the last to run.

    say: is told where the work is.  done: is told each part as soon as it stands.  No process is left
    behind.  ValueError, one line, where the file cannot be read or loaded.
    """
    if not file.is_file():
        raise ValueError(f"{file}: no such file; npmobilenet exercises new {file} writes one")
    began, parts = time.perf_counter(), []
    with Learner(file) as learner:
        if learner.broken:
            raise ValueError(broken(file, learner.broken))
        for run in NETWORKS:
            part = run(learner, say)
            parts.append(part)
            done(part)
            if part.difference is not None:
                break
    return Graduated(file, tuple(parts), time.perf_counter() - began)


class Progress:
    """Tells how far a network has come: a layer, and a percentage of all calls of layers."""

    def __init__(self, title: str, say: Say) -> None:
        self.title, self.say, self.calls, self.done = title, say, 1, 0

    def __call__(self, layer: str) -> None:
        """The layer of that name begins."""
        self.say(f"{self.title}: {100 * self.done // self.calls} %, {layer}")
        self.done += 1


def _forwards(learner: Learner, say: Say) -> Part:
    """The shipped network on test images."""
    began, ask, network = time.perf_counter(), Asking(learner), trained()
    title = "fashion-mnist"
    progress = Progress(title, say)
    passes = Passes(network.plan, ask, progress)
    progress.calls = len(passes.units)
    found: dict[str, Any] = {
        "classes": network.classes,
        "plan": network.plan,
        "images": len(network.x),
    }
    try:
        yours, _ = passes.forward(network.params, network.x)
        found["compared"] = tuple(
            Compared(network.classes[label], ours, own)
            for label, ours, own in zip(network.labels, network.logits, yours, strict=True)
        )
    except Stopped as stopped:
        found["difference"] = stopped.difference
    return _part("forwards", title, began, ask, found)


def _trained(
    model: str, width: float, batch: int, last: str = ""
) -> Callable[[Learner, Say], Part]:
    """What trains a small V1 or V2."""

    def run(learner: Learner, say: Say) -> Part:
        began, ask = time.perf_counter(), Asking(learner)
        network = untrained(model, width, batch, last)
        title = f"training a small {model[:2].upper()}"
        progress = Progress(title, say)
        passes = Passes(network.plan, ask, progress)
        progress.calls = 2 * STEPS * len(passes.units)

        def begin(step: int) -> None:
            ask.where = f"in step {step} of training"

        found: dict[str, Any] = {"plan": network.plan, "images": len(network.x)}
        try:
            yours = losses(
                network, lambda p, x: passes.forward(p, x, train=True), passes.backward, begin
            )
            pairs = zip(our_losses(network), yours, strict=True)
            found["compared"] = tuple(
                Compared(str(step), np.asarray(ours), np.asarray(own))
                for step, (ours, own) in enumerate(pairs, start=1)
            )
        except Stopped as stopped:
            found["difference"] = stopped.difference
        return _part(model[:2], title, began, ask, found)

    return run


def _part(name: str, title: str, began: float, ask: Asking, found: dict[str, Any]) -> Part:
    counts = {n: ask.yours[n] for n in EXERCISES if n in ask.yours}
    ours = {n: ask.ours[n] for n in EXERCISES if n in ask.ours}
    seconds = time.perf_counter() - began
    return Part(name=name, title=title, seconds=seconds, yours=counts, ours=ours, **found)


# V1 as in its paper's Table 5, five blocks shorter; of V2 the first six blocks
NETWORKS = (
    _forwards,
    _trained("v1-shallow", 0.25, 12),
    _trained("v2", 0.35, 6, "blocks.6"),
)
