"""Rounds of bursts: in each round every engine once, in another order, while all others stand still."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

from . import quiet
from .peers import Peer
from .process import PeerError, Worker

# shows that what a loaded worker computes from the files of a folder is right, before it is timed: gives
# its error; PeerError if it is too large
Proof = Callable[[Worker, Path], float]


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

    peer: Peer
    failure: str | None = None  # then the rest is empty
    error: float = 0.0  # of its logits or gradients
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


def measure(folder: Path, peers: list[Peer], settings: Settings, prove: Proof) -> list[Measured]:
    """Every engine in `peers` on the files of a case in `folder`."""
    found = {peer.name: Measured(peer) for peer in peers}
    workers: dict[str, Worker] = {}
    try:
        for name, own in found.items():
            try:
                workers[name] = _started(own, folder, settings.threads, prove)
            except PeerError as error:
                own.failure = str(error)
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
    worker = Worker(found.peer, folder, threads)
    try:
        worker.ask("load")
        worker.ask("burst", warm=0.0, seconds=0.0)
        memory = worker.ask("memory")
    finally:
        worker.close()
    found.peak_memory, found.imported_memory = memory["peak"], memory["imported"]


def _started(found: Measured, folder: Path, threads: int, prove: Proof) -> Worker:
    """A worker that has shown that what it computes is right; PeerError if it is not."""
    worker = Worker(found.peer, folder, threads)
    try:
        worker.ask("load")
        found.error = prove(worker, folder)
    except PeerError:
        worker.close()
        raise
    worker.pause()
    return worker


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
