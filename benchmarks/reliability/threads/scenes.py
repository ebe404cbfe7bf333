"""What is done with the subjects: each scene runs in a process of its own, and says what went wrong."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from npmobilenet.kernels import compiling

from . import copies, subjects

SEED = 20262
SOON = 60  # seconds that a child may take: more, and it hangs
COLD = ("compiling_forks", "starting")  # scenes that nothing has been computed before
SLOW = ("plain step",)  # takes so long that it comes more rarely
Want = dict[str, list[str]]
Bad = list[str]


def _differs(name: str, k: int, threads: int, want: Want) -> str:
    """What is wrong with one call; "" for nothing."""
    try:
        found = subjects.subjects(threads)[name](k)
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    return "" if found == want[name][k] else f"{name}: other bits"


def _all_differ(threads: int, want: Want) -> Bad:
    """Every subject once."""
    return [wrong for name in want if (wrong := _differs(name, 1, threads, want))]


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
            if wrong := _differs(name, k, threads, want):
                bad.append(f"thread {number}, call {call}: {wrong}")

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return bad


def starting(threads: int, count: int, want: Want) -> Bad:
    """Four threads at once as the first thing: imports, loading of kernels and all."""
    bad: Bad = []
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        bad.extend(_all_differ(threads, want))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
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

    workers = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return bad if refused[0] else [*bad, "nobody met anybody: this scene has tried nothing"]


def _in_child(threads: int, want: Want) -> str:
    """What goes wrong in a fork of this moment; "" for nothing."""
    child = os.fork()
    if not child:
        signal.alarm(SOON)
        code = 1
        try:
            bad = _all_differ(threads, want)
            for line in bad:
                os.write(2, f"{line}\n".encode())
            code = 3 if bad else 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "", 3: "a child computed something else", -14: "a child hangs"}.get(
        code, f"a child ended with {code}"
    )


@contextmanager
def _at_work(threads: int, want: Want, bad: Bad) -> Iterator[None]:
    """Another thread computes meanwhile."""
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            bad.extend(_all_differ(threads, want))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        end.set()
        worker.join()


def forks(threads: int, count: int, want: Want) -> Bad:
    """After use; while another thread computes; and in a thread."""
    bad = [wrong for _ in range(2) if (wrong := _in_child(threads, want))]
    with _at_work(threads, want, bad):
        for index in range(count):
            time.sleep(float(np.random.default_rng((SEED, index)).uniform(0, 0.02)))
            if wrong := _in_child(threads, want):
                bad.append(f"fork {index} beside a thread that computes: {wrong}")
    found: Bad = []
    thread = threading.Thread(target=lambda: found.append(_in_child(threads, want)))
    thread.start()
    thread.join()
    bad += [f"fork in a thread: {wrong}" for wrong in found if wrong]
    return bad + _all_differ(threads, want)


def pools(threads: int, count: int, want: Want) -> Bad:
    """Processes of every kind that multiprocessing knows, after use."""
    bad: Bad = []
    for kind in ("fork", "spawn", "forkserver")[: 3 if count > 10 else 2]:
        with multiprocessing.get_context(kind).Pool(2) as pool:
            asked = pool.map_async(subjects.in_another_process, [threads] * 3, chunksize=1)
            try:
                found = asked.get(timeout=3 * SOON)
            except multiprocessing.TimeoutError:
                bad.append(f"{kind}: a Pool hangs")
                continue
            pool.close()  # its processes end by themselves: killed ones leave Numba's lock to be swept
            pool.join()
        for pid, digests in found:
            if pid == os.getpid() or digests != want:
                bad.append(f"{kind}: other bits")
    return bad


def signals(threads: int, count: int, want: Want) -> Bad:
    """A signal every millisecond, whose handler computes now and then: by what is running, too."""
    caught, bad = [0], []

    def handler(*_: object) -> None:
        caught[0] += 1
        if caught[0] % 20 == 0:
            for name in ("engine", "engine on one thread", "integers", "operators"):
                if wrong := _differs(name, 2, threads, want):
                    bad.append(f"in a handler: {wrong}")

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(count):
            bad += _all_differ(threads, want)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return bad if caught[0] > 20 else [*bad, f"only {caught[0]} signals came"]


def interrupts(threads: int, count: int, want: Want) -> Bad:
    """Ctrl-C in the middle, again and again: whatever was running runs right the next time."""
    bad: Bad = []
    armed, came = [False], [0]

    def handler(*_: object) -> None:
        if armed[0]:
            armed[0] = False
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    end = threading.Event()

    def send() -> None:
        rng = np.random.default_rng(SEED)
        while not end.wait(float(rng.uniform(0.001, 0.03))):
            os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        while came[0] < count:
            try:
                armed[0] = True
                while True:
                    bad += _all_differ(threads, want)
            except KeyboardInterrupt:
                came[0] += 1
    finally:
        end.set()
        sender.join()
        signal.signal(signal.SIGINT, before)
    # no lock was left behind: another thread gets all of them
    found: Bad = []
    other = threading.Thread(target=lambda: found.extend(_all_differ(threads, want)), daemon=True)
    other.start()
    other.join(SOON)
    return bad + found + (["a lock was left behind"] if other.is_alive() else [])


def compiling_forks(threads: int, count: int, want: Want) -> Bad:
    """Forks while another thread compiles, on an empty folder of kernels."""
    began, bad = threading.Event(), []
    compiling.on_compile = lambda _: began.set()

    def work() -> None:
        if subjects.operators(1) != want["operators"][1]:
            bad.append("the thread that compiles: other bits")

    worker = threading.Thread(target=work)
    worker.start()
    began.wait()
    for index in range(count):
        child = os.fork()
        if not child:
            signal.alarm(4 * SOON)
            os._exit(3 if subjects.operators(2) != want["operators"][2] else 0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            bad.append(f"fork {index} beside a thread that compiles: a child ended with {code}")
        time.sleep(0.2)
    worker.join()
    return bad


def leaving(threads: int, count: int, want: Want) -> Bad:
    """The process ends while daemons compute: it does, and says nothing."""

    def work() -> None:
        while True:
            _all_differ(threads, want)

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
