"""BASE, NEW and BASE once more at work on a case, in turns: what `benchmarks.before_after` measures."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from .cases import Case, drawn_images, drawn_params
from .paired import Compared, differing
from .process import PeerError, Worker, seconds_to_answer
from .training_cases import CASES as TRAINING

NAMES = ("base", "new", "again")  # in a round forwards, in the next one backwards
SCRIPT = Path(__file__).with_name("revision.py")


@dataclass(frozen=True)
class Task:
    """A case and what is asked of it: "infer" or "train", whose calls are timed, or "cold" or "warm"."""

    kind: str
    case: Case
    trains: bool = False


_V1, _SMALLEST = Case(model="v1"), TRAINING["v1-cifar"]
_MODELS = {
    "v1": {"model": "v1"},
    "v2": {"model": "v2"},
    "v3-large": {"model": "v3-large"},
    "v3-small": {"model": "v3-small"},
    "v1-0.25-128": {"model": "v1", "width": 0.25, "resolution": 128},
}
CASES = {
    **{f"{n}/{b}": Task("infer", Case(**m, batch=b)) for b in (1, 16) for n, m in _MODELS.items()},  # type: ignore[arg-type]
    **{f"train/{name}": Task("train", case, trains=True) for name, case in TRAINING.items()},
    "warm": Task("warm", _V1),
    "warm/train": Task("warm", _SMALLEST, trains=True),
    "cold": Task("cold", _V1),
    "cold/train": Task("cold", _SMALLEST, trains=True),
}
QUICK = ("v1/1", "v1/16", "v3-large/1", "train/v1-cifar", "warm", "cold")


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    rounds: int
    starts: int  # rounds of warm starts
    colds: int
    seconds: float  # of a burst of predictions
    step_seconds: float  # of a burst of steps


@dataclass(frozen=True)
class Tree:
    """A revision, unpacked, or the working tree."""

    name: str
    root: Path


@dataclass(frozen=True)
class Arms:
    """Who is compared, where they keep their kernels, on how many threads."""

    base: Tree
    new: Tree
    kernels: Path
    threads: int

    def tree(self, name: str) -> Tree:
        """Of one of NAMES."""
        return self.new if name == "new" else self.base

    def command(self, folder: Path) -> list[str]:
        """-P: modules beside the script are not the checkout's."""
        return [sys.executable, "-P", str(SCRIPT), str(folder), str(self.threads)]

    def environment(self, name: str, kernels: Path | None = None) -> dict[str, str]:
        """Of a process of one of them."""
        limits = {
            f"{x}_NUM_THREADS": str(self.threads) for x in ("OMP", "NUMBA", "OPENBLAS", "MKL")
        }
        places = {"PYTHONPATH": self.tree(name).root, "NUMBA_CACHE_DIR": kernels or self.kernels}
        return os.environ | limits | {key: str(path) for key, path in places.items()}


class Process(Worker):
    """One of them, loaded with a case, standing still."""

    def __init__(self, arms: Arms, name: str, folder: Path) -> None:
        self.name = name
        self._start(arms.command(folder), arms.environment(name))
        try:
            where = self.ask("load")["where"]
            if Path(where) != arms.tree(name).root.resolve():
                raise PeerError(f"expected npmobilenet of {arms.tree(name).root}, found {where}")
            self.ask("burst", warm=0.0, seconds=0.0)
            self.peak = self.ask("memory")["peak"]
        except PeerError:
            self.close()
            raise
        self.pause()

    def burst(self, seconds: float) -> float:
        """Median seconds of a call."""
        self.resume()
        calls = self.ask("burst", warm=seconds / 5, seconds=seconds)["calls"]
        self.pause()
        return median(calls)

    def results(self, file: Path) -> dict[str, np.ndarray]:
        """What it computes."""
        self.resume()
        self.ask("result", file=str(file))
        self.pause()
        with np.load(file) as found:
            return dict(found)


def write(task: Task, folder: Path) -> None:
    """The files that revision.py reads."""
    case, plan = task.case, task.case.plan
    asked = {
        name: getattr(case, name) for name in ("model", "width", "resolution", "classes", "dialect")
    }
    (folder / "case.json").write_text(json.dumps(asked), encoding="utf-8")
    np.savez(folder / "params.npz", **drawn_params(plan))
    np.save(folder / "images.npy", drawn_images(plan, case.batch))
    if task.trains:
        labels = np.random.default_rng(0).integers(0, case.classes, case.batch)
        np.save(folder / "labels.npy", labels)


def in_turns(rounds: int, work: Callable[[str], float]) -> dict[str, list[float]]:
    """What each of NAMES gives in every round."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for number in range(rounds):
        for name in NAMES if number % 2 == 0 else reversed(NAMES):
            found[name].append(work(name))
    return found


def calls(name: str, task: Task, arms: Arms, amount: Amount) -> Iterator[Compared]:
    """Times of calls, differences of results; and the memory of a process that had its kernels."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write(task, folder)
        for x in ("base", "new"):  # compiles what is missing: that takes memory of its own
            Process(arms, x, folder).close()
        workers = {}
        for x in NAMES:
            workers[x] = Process(arms, x, folder)
            stack.callback(workers[x].close)
        results = differing(
            *(workers[x].results(folder / "out.npz") for x in ("base", "again", "new"))
        )
        seconds = amount.step_seconds if task.trains else amount.seconds
        found = in_turns(amount.rounds, lambda x: 1e3 * workers[x].burst(seconds))
        yield Compared(name=name, unit="ms", results=results, **found)
        if all(worker.peak for worker in workers.values()):
            peaks = {x: [worker.peak / 1e6] for x, worker in workers.items()}
            yield Compared(name=f"{name} memory", unit="MB", **peaks)


def starts(name: str, task: Task, arms: Arms, amount: Amount) -> Iterator[Compared]:
    """Seconds from the start of a process to its first result; cold: with an empty folder for kernels."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write(task, folder)
        words = [*arms.command(folder), "--once"]

        def start(x: str) -> float:
            with tempfile.TemporaryDirectory() as empty:
                kernels = Path(empty) if task.kind == "cold" else None
                return seconds_to_answer(words, arms.environment(x, kernels))

        if task.kind == "warm":
            in_turns(1, start)
        rounds = amount.colds if task.kind == "cold" else amount.starts
        yield Compared(name=name, unit="s", **in_turns(rounds, start))


MEASURES = {"infer": calls, "train": calls, "warm": starts, "cold": starts}
