"""Runs that are killed: at random moments, again and again, and between any two operations on files."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .child import Child, until
from .state import Bench, looked_at, plain, train

EPOCHS = 3
DIED = 77
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
OPERATIONS = (
    "open",
    "write",
    "fsync",
    "replace",
    "rename",
    "link",
    "unlink",
    "ftruncate",
    "fchmod",
)


def stamp(out: Path) -> int:
    """When the last checkpoint was written, 0 where there is none."""
    try:
        return (out / "last.safetensors").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def chain(bench: Bench, number: int, kills: int) -> tuple[int, list[str]]:
    """One run, killed and resumed until it is over: no saved step is lost, and the bits are the same.

    Returns how many kills there were.
    """
    rng = np.random.default_rng((21, number))
    out, bad, at = bench.root / f"chain{number}", [], -1
    for k in range(kills):
        child = Child(train(bench.data, out, EPOCHS, *["--resume"] * (at >= 0)))
        last, share = stamp(out), rng.uniform(0, 1)
        if k % 4:  # one in four at any time, the others once it learns
            until(lambda last=last: stamp(out) != last, child)  # type: ignore[misc]
            share /= 2
        moment = time.monotonic() + share * bench.seconds
        while time.monotonic() < moment and not child.over():
            time.sleep(0.001)
        child.send(signal.SIGKILL)
        ended = child.ended()
        if ended.code not in (-9, 0):
            bad.append(f"kill {k}: ended by itself with {ended.code}: {ended.err.strip()[-200:]}")
        now, wrong = looked_at(out) if out.exists() else (-1, [])
        if now < at:
            wrong.append(f"step {at} was saved, now {now}")
        bad += [f"kill {k}: {what}" for what in wrong]
        at = max(at, now)
        if ended.code == 0:  # over; another run, so that there is something to kill
            if at >= 0:
                bad += [f"after {k} kills: {what}" for what in bench.lost(out, EPOCHS)]
            shutil.rmtree(out)
            at = -1
    if out.exists():
        bad += [f"in the end: {what}" for what in bench.lost(out, EPOCHS)]
    shutil.rmtree(out, ignore_errors=True)
    return kills, [f"chain {number}, {what}" for what in bad]


def dying(at: int, counted: str) -> Callable[[], None]:
    """In a child: the process ends just before or just after its `at`-th operation on files.

    counted: a file that is told how many there were, for a child that lives.
    """

    def before() -> None:
        count = 0

        def event() -> None:
            nonlocal count
            count += 1
            if count == at:
                os._exit(DIED)

        def wrapped(function: Any, name: str) -> Any:
            def call(*given: Any, **named: Any) -> Any:
                if name == "open" and not given[1] & WRITING:
                    return function(*given, **named)
                event()
                found = function(*given, **named)
                event()
                return found

            return call

        for name in OPERATIONS:
            setattr(os, name, wrapped(getattr(os, name), name))
        if counted:
            end = os._exit

            def told(code: int) -> None:
                with open(counted, "w", encoding="utf-8") as file:
                    file.write(str(count))
                end(code)

            os._exit = told  # type: ignore[assignment]

    return before


def moments(bench: Bench) -> int:
    """How many there are in a run of one epoch."""
    counted = bench.root / "counted"
    Child(train(bench.data, bench.root / "counting", 1), dying(-1, str(counted))).ended()
    return int(counted.read_text("utf-8"))


def point(bench: Bench, at: int) -> tuple[int, list[str]]:
    """The process ends at one of them; then it goes on to the same bits."""
    out, bad = bench.root / f"point{at}", []
    ended = Child(train(bench.data, out, 1), dying(at, "")).ended()
    if ended.code != DIED:
        bad += [f"point {at}: {what}" for what in plain(ended, (0,), "running")]
    if out.exists():
        bad += [f"point {at}: {what}" for what in bench.lost(out, 1)]
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad
