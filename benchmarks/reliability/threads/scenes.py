"""What is done with the subjects: each scene runs in a process of its own, and says what went wrong."""

from __future__ import annotations

import json
import sys
import threading
import time
import warnings
from collections.abc import Callable

import numpy as np

from . import copies, subjects
from .alike import SEED, Bad, Want, all_differ, differs
from .forks import compiling_forks, ends, forks, pools
from .signals import interrupts, signals

COLD = ("compiling_forks", "starting")  # scenes that nothing has been computed before
SLOW = ("plain step",)  # takes so long that it comes more rarely


def _at_once(count: int, work: Callable[[int], None]) -> None:
    """So many Python threads, each of which is told its number; until all have ended."""
    workers = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def calls(threads: int, count: int, want: Want) -> Bad:
    """Four Python threads, each so many calls of whatever comes: the bits of one thread."""
    bad: Bad = []
    sys.setswitchinterval(1e-4)
    names = list(want)
    odds = np.array([0.1 if name in SLOW else 1.0 for name in names])
    odds /= odds.sum()

    def work(number: int) -> None:
        rng = np.random.default_rng((SEED, number))
        for call in range(count):
            name, k = names[rng.choice(len(names), p=odds)], int(rng.integers(subjects.INPUTS))
            if wrong := differs(name, k, threads, want):
                bad.append(f"thread {number}, call {call}: {wrong}")

    _at_once(4, work)
    return bad


def starting(threads: int, count: int, want: Want) -> Bad:
    """Four threads at once as the first thing: imports, loading of kernels and all."""
    bad: Bad = []
    ready = threading.Barrier(4)

    def work(_: int) -> None:
        ready.wait()
        bad.extend(all_differ(threads, want))

    _at_once(4, work)
    return bad


def race(threads: int, count: int, want: Want) -> Bad:
    """Two threads on one step that neither holds: a pass is right, or refused in our words."""
    from npmobilenet.training.fused_optimizer import FusedOptimizer
    from npmobilenet.training.optimizers import Sgd

    plan, params = subjects.small()
    import npmobilenet as nm

    step = nm.compile_training(plan, params, 2, threads)
    moves = FusedOptimizer(step, Sgd())
    right = []
    for k in range(2):
        logits, _ = step.forward(subjects.images(k), rng=np.random.default_rng(k))
        right.append(subjects.hashed(logits))
    bad: Bad = []
    refused = [0]
    sys.setswitchinterval(1e-4)

    def work(k: int) -> None:
        for call in range(count):
            logits, _ = step.forward(subjects.images(k), rng=np.random.default_rng(k))
            if subjects.hashed(logits) != right[k]:
                bad.append(f"thread {k}, pass {call}: other logits")
            for action in (lambda: step.backward(np.ones((2, 3), np.float32)), lambda: moves(0.0)):
                try:
                    action()
                except ValueError as error:
                    refused[0] += 1
                    if "another Python thread" not in str(error) and "forward" not in str(error):
                        bad.append(f"thread {k}, pass {call}: {error}")

    _at_once(2, work)
    return bad if refused[0] else [*bad, "nobody met anybody: this scene has tried nothing"]


def leaving(threads: int, count: int, want: Want) -> Bad:
    """The process ends while daemons compute: it does, and says nothing."""

    def work() -> None:
        while True:
            all_differ(threads, want)

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.5)
    return []


def copying(threads: int, count: int, want: Want) -> Bad:
    """Copies and pickles of whatever there is."""
    return copies.wrong(threads)[1]


SCENES: dict[str, Callable[[int, int, Want], Bad]] = {
    scene.__name__: scene
    for scene in (
        calls,
        starting,
        race,
        forks,
        ends,
        pools,
        signals,
        interrupts,
        compiling_forks,
        leaving,
        copying,
    )
}


def main(scene: str, threads: str, count: str) -> None:
    """Run one; the digests that are wanted come as JSON on standard input, and what went wrong goes out.

    The scene "digests" says what everything gives.
    """
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # of forks beside threads: they are the point
    if scene == "digests":
        answer: object = subjects.digests(int(threads))
    else:
        want = json.load(sys.stdin)
        if scene not in COLD:
            subjects.digests(int(threads))
        answer = SCENES[scene](int(threads), int(count), want)
    print(json.dumps(answer), flush=True)
