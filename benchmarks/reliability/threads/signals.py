"""Scenes of signals: handlers that compute, and Ctrl-C in the middle."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np

from .alike import SEED, SOON, Bad, Want, all_differ, differs


def signals(threads: int, count: int, want: Want) -> Bad:
    """A signal every millisecond, whose handler computes now and then: by what is running, too."""
    caught, bad = [0], []

    def handler(*_: object) -> None:
        caught[0] += 1
        if caught[0] % 20 == 0:
            for name in ("engine", "engine on one thread", "integers", "operators"):
                if wrong := differs(name, 2, threads, want):
                    bad.append(f"in a handler: {wrong}")

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(count):
            bad += all_differ(threads, want)
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
                    bad += all_differ(threads, want)
            except KeyboardInterrupt:
                came[0] += 1
    finally:
        end.set()
        sender.join()
        signal.signal(signal.SIGINT, before)
    # no lock was left behind: another thread gets all of them
    found: Bad = []
    other = threading.Thread(target=lambda: found.extend(all_differ(threads, want)), daemon=True)
    other.start()
    other.join(SOON)
    return bad + found + (["a lock was left behind"] if other.is_alive() else [])
