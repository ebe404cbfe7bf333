"""Scenes of forks: after use, beside threads that compute, compile or end, and in pools."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from npmobilenet.kernels import compiling

from . import subjects
from .alike import SEED, SOON, Bad, Want, all_differ, differs


def _child(right: Callable[[], bool]) -> str:
    """What goes wrong with something in a fork of this moment; "" for nothing."""
    child = os.fork()
    if not child:
        faulthandler.register(signal.SIGALRM, chain=True)  # where it hangs, on standard error
        signal.alarm(SOON)
        code = 1
        try:
            code = 0 if right() else 3
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "", 3: "a child computed something else", -14: "a child hangs"}.get(
        code, f"a child ended with {code}"
    )


def _in_child(threads: int, want: Want) -> str:
    """What a fork of this moment computes otherwise."""

    def right() -> bool:
        bad = all_differ(threads, want)
        for line in bad:
            os.write(2, f"{line}\n".encode())
        return not bad

    return _child(right)


@contextmanager
def _at_work(threads: int, want: Want, bad: Bad) -> Iterator[None]:
    """Another thread computes meanwhile."""
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            bad.extend(all_differ(threads, want))

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
    return bad + all_differ(threads, want)


def ends(threads: int, count: int, want: Want) -> Bad:
    """Forks at the moment when a thread ends that has computed on several: the child can compile."""
    import numba

    def compiles(number: int) -> bool:
        return bool(numba.njit(eval(f"lambda x: x + {number}"))(1) == 1 + number)

    bad: Bad = []
    for index in range(count):
        compiles(2 * index)  # the more code is new, the longer it takes to end
        worker = threading.Thread(target=differs, args=("operators", 1, threads, want))
        worker.start()
        worker.join()
        wrong = _child(lambda number=index: compiles(2 * number + 1))
        bad += [f"fork {index} as a thread ends: {wrong}"] * bool(wrong)
    return bad


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
