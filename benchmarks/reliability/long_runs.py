"""Long runs: memory, descriptors, threads and results stay as they were after warming up."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.step import Step

from .hazard import Found, Hazard, NotHere, Size

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
FLAT = 0.01  # by how much memory may have grown: of what it was after warming up
LOOKS = 100  # at what it holds
PARTS = 10  # in each of which memory is looked at several times


@dataclass
class Watch:
    """What a process holds, looked at while it runs."""

    resident: list[int] = field(default_factory=list)  # bytes
    open_files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Now, without garbage."""
        gc.collect()
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        self.resident.append(int(pages) * PAGE)
        self.open_files.append(len(os.listdir("/proc/self/fd")))
        self.threads.append(len(os.listdir("/proc/self/task")))

    @property
    def growth(self) -> float:
        """Of memory: the median of the last tenth beside that of the second, the first being warm-up."""
        tenth = max(1, len(self.resident) // PARTS)
        before = np.median(self.resident[tenth : 2 * tenth])
        return float(np.median(self.resident[-tenth:]) / before - 1)

    def wrong(self) -> Iterator[str]:
        """What is not as it was."""
        if self.growth > FLAT:
            yield f"memory grew by {self.growth:.2%}"
        tenth = max(1, len(self.resident) // PARTS)
        for name, counts in (("open files", self.open_files), ("threads", self.threads)):
            # the least: threads that have ended are there for a moment longer
            if min(counts[-tenth:]) > max(counts[: 2 * tenth]):
                yield f"{name} grew from {counts[0]} to {counts[-1]}"


def _watched(do: Callable[[int], Any], count: int, looks: int = LOOKS) -> tuple[Watch, list[str]]:
    """Do it so many times; what went wrong.  do(k) must give the same whenever it is."""
    watch, bad = Watch(), []
    first: dict[int, Any] = {}
    every = max(1, count // looks)
    for number in range(count):
        key = number % INPUTS
        found = do(key)
        if first.setdefault(key, found) != found:
            bad.append(f"number {number}: another result than the first time")
        if number % every == 0:
            watch.look()
    return watch, [*bad[:3], *watch.wrong()]


INPUTS = 4


def _hashed(*results: Any) -> bytes:
    found = hashlib.sha256()
    for result in results:
        found.update(np.ascontiguousarray(result).tobytes())
    return found.digest()


@dataclass(frozen=True)
class Subjects:
    """A tiny network, and images for it."""

    plan: nm.Plan
    params: dict[str, Any]
    images: list[Any]
    labels: list[Any]

    @classmethod
    def made(cls) -> Subjects:
        """The same for whoever asks."""
        plan = nm.plan("v1-shallow", width=0.1, resolution=16, classes=3)
        rng = np.random.default_rng(0)
        images = [rng.standard_normal((2, 16, 16, 3), np.float32) for _ in range(INPUTS)]
        labels = [rng.integers(0, 3, 2) for _ in range(INPUTS)]
        return cls(plan, nm.init(plan, 0), images, labels)

    def engine(self) -> Callable[[int], Any]:
        """Calls of one engine."""
        engine = nm.compile(self.plan, self.params, 2)
        return lambda k: _hashed(engine(self.images[k]))

    def integers(self) -> Callable[[int], Any]:
        """Calls of one engine of 8-bit integers."""
        engine = nm.compile(*nm.quantize(self.plan, self.params, self.images[0]), 2)
        return lambda k: _hashed(engine(self.images[k]))

    def compiled_step(self) -> Callable[[int], Any]:
        """Steps of a compiled training step and its optimiser; those from the start, again and again."""
        step = nm.compile_training(self.plan, self.params, 2)
        moves = FusedOptimizer(step, Sgd())

        def do(k: int) -> Any:
            if k == 0:
                step.load(self.params)
                moves.load({name: np.zeros_like(a) for name, a in moves.state.items()}, {}, 0)
            loss, logits = step(self.images[k], self.labels[k], rng=np.random.default_rng(k))
            moves(0.01)
            return _hashed(loss, logits, *step.params.values())

        return do

    def plain_step(self) -> Callable[[int], Any]:
        """Steps of the reference one."""
        step = Step.of(self.plan, Sgd())
        held = [step.start(self.params)]

        def do(k: int) -> Any:
            if k == 0:
                held[0] = step.start(self.params)
            rng = np.random.default_rng(k)
            loss, logits = step(held[0], self.images[k], self.labels[k], lr=0.01, rng=rng)
            return _hashed(loss, logits, *held[0].params.values())

        return do

    def engines(self) -> Callable[[int], Any]:
        """Engines made, asked once, and dropped."""
        return lambda k: _hashed(nm.compile(self.plan, self.params, 2)(self.images[k]))

    def steps(self) -> Callable[[int], Any]:
        """Training steps made, used once, and dropped."""

        def do(k: int) -> Any:
            step = nm.compile_training(self.plan, self.params, 2)
            return _hashed(*step(self.images[k], self.labels[k], rng=np.random.default_rng(k)))

        return do

    def called(self) -> Callable[[int], Any]:
        """Engine calls of Python threads that come and go."""
        engine = nm.compile(self.plan, self.params, 2)

        def do(k: int) -> Any:
            found: list[bytes] = []
            worker = threading.Thread(target=lambda: found.append(_hashed(engine(self.images[k]))))
            worker.start()
            worker.join()
            return found[0]

        return do


# what is done, how many times: a few, some, all
RUNS: tuple[tuple[str, int, int, int], ...] = (
    ("engine", 100, 4000, 20000),
    ("integers", 0, 1000, 5000),
    ("compiled_step", 20, 400, 2000),
    ("plain_step", 0, 100, 2000),
    ("engines", 0, 60, 300),
    ("steps", 0, 20, 100),
    ("called", 0, 400, 2000),
)


@contextmanager
def _watching() -> Iterator[None]:
    """NotHere where nothing can be seen."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise NotHere(f"Numba does not run: {error}") from None
    if not Path("/proc/self/statm").exists():
        raise NotHere("this system does not say how much memory a process has")
    gc.collect()
    gc.freeze()  # what has been imported is not gone through at every look
    try:
        yield
    finally:
        gc.unfreeze()


def prove(size: Size) -> Found:
    """Each of them again and again, in this process."""
    bad: list[str] = []
    figures: dict[str, Any] = {}
    tried = 0
    with _watching():
        made = Subjects.made()
        for name, *counts in RUNS:
            count = counts[("tiny", "quick", "whole").index(size)]
            if not count:
                continue
            watch, found = _watched(getattr(made, name)(), count)
            if size == "tiny":  # too short to say anything of memory
                found = [line for line in found if "memory" not in line]
            bad += (f"{name.replace('_', ' ')}: {line}" for line in found)
            tried += count
            figures[f"{name.replace('_', ' ')} x {count:,}"] = f"{watch.growth:+.2%}"
    return Found(tried, tuple(bad), figures)


HAZARD = Hazard(
    "long runs",
    "memory flat within 1 % after warm-up, no descriptor and no thread more, results to the bit the same",
    prove,
)
