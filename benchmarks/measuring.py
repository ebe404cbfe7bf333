"""Rounds of bursts: in each round every engine once, in another order, while all others stand still."""

import random
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from . import quiet
from .cases import Case
from .peers import PEERS
from .process import PeerError, Worker

TOLERANCE = 1e-4  # of logits, relative to the largest


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    threads: int = 2
    rounds: int = 30
    seconds: float = 0.25  # of one burst
    warm: float = 0.05  # of calls before it that do not count
    patience: float = 5.0  # seconds to wait for other programs, in each burst


@dataclass
class Measured:
    """One engine in one case."""

    name: str
    failure: str | None = None  # then the rest is empty
    error: float = 0.0  # of its logits
    rounds: list[list[float]] = field(default_factory=list)  # seconds of each call
    disturbed: int = 0  # rounds in which other programs worked too
    peak_memory: int = 0
    imported_memory: int = 0

    @property
    def median(self) -> float:
        """Seconds, over all calls."""
        return median(chain.from_iterable(self.rounds))

    @property
    def best(self) -> float:
        """Seconds of the fastest call."""
        return min(map(min, self.rounds))

    @property
    def medians(self) -> list[float]:
        """Seconds, of each round."""
        return [median(calls) for calls in self.rounds]

    def ratio(self, ours: "Measured") -> tuple[float, float, float]:
        """How many times as long as ours: the median over rounds, and its quartiles.

        Each round is compared with the same round, which shared the machine's mood.
        """
        ratios = [theirs / own for theirs, own in zip(self.medians, ours.medians, strict=True)]
        low, middle, high = spread(ratios)
        return middle, low, high


def spread(values: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def measure(case: Case, folder: Path, names: list[str], settings: Settings) -> list[Measured]:
    """Every engine in `names` on the files of `case` in `folder`."""
    found = {name: Measured(name) for name in names}
    workers: dict[str, Worker] = {}
    try:
        for name in names:
            try:
                workers[name] = _started(found[name], folder, settings.threads)
            except PeerError as error:
                found[name].failure = str(error)
        for _ in range(settings.rounds):
            for name in random.sample(list(workers), len(workers)):
                try:
                    _burst(found[name], workers[name], settings)
                except PeerError as error:
                    found[name].failure = str(error)
                    workers.pop(name).close()
    finally:
        for worker in workers.values():
            worker.close()
    for name in workers:
        _weigh(found[name], folder, settings.threads)
    return list(found.values())


def _weigh(found: Measured, folder: Path, threads: int) -> None:
    """Memory of a fresh process: the measured one may have compiled kernels, which takes more."""
    worker = Worker(PEERS[found.name], folder, threads)
    try:
        worker.ask("load")
        worker.ask("burst", warm=0.0, seconds=0.0)
        memory = worker.ask("memory")
    finally:
        worker.close()
    found.peak_memory, found.imported_memory = memory["peak"], memory["imported"]


def _started(found: Measured, folder: Path, threads: int) -> Worker:
    """A worker that has shown that its logits are right; PeerError if they are not."""
    worker = Worker(PEERS[found.name], folder, threads)
    try:
        worker.ask("load")
        file = folder / f"{found.name}.npy"
        worker.ask("predict", file=str(file))
        found.error = scaled_error(np.load(file), np.load(folder / "logits.npy"))
        if not found.error <= TOLERANCE:
            raise PeerError(f"its logits are wrong by {found.error:.1e} of the largest")
    except PeerError:
        worker.close()
        raise
    worker.pause()
    return worker


def scaled_error(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected number; infinite for another shape."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _burst(found: Measured, worker: Worker, settings: Settings) -> None:
    """One round of one engine; repeated while other programs work, as long as patience lasts."""
    waited = quiet.Patience(settings.patience)
    while True:
        waited.wait()
        worker.resume()
        watch = quiet.Watch(worker.process.pid)
        calls = worker.ask("burst", warm=settings.warm, seconds=settings.seconds)["calls"]
        disturbed = watch.share > quiet.ALLOWED
        worker.pause()
        if not disturbed or waited.over:
            found.rounds.append(calls)
            found.disturbed += disturbed
            return
