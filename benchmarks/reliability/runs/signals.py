"""INT, TERM and HUP at random moments: the step is finished and saved, and a line says how to go on."""

from __future__ import annotations

import shutil
import signal
import time
from functools import partial

import numpy as np

from ..children import COMMAND, Ended, start
from ..children import ended as told
from .child import Child, until
from .spread import Trial
from .state import Bench, looked_at, plain, train

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
EPOCHS = 3


def _judged(ended: Ended, number: int, what: str) -> list[str]:
    code = ended.code
    seen = 128 - code if isinstance(code, int) and code < 0 else code
    shell = Ended(seen, ended.out, ended.err, ended.seconds)
    return list(plain(shell, (0, CODES[signal.Signals(number)]), what))


def one(bench: Bench, number: int) -> tuple[int, list[str]]:
    """A signal, or two, at a moment that follows from the number; then the run goes on to the end."""
    rng = np.random.default_rng((22, number))
    kind = list(CODES)[number % 3]
    when = ("start", "learning", "learning", "first save", "anytime")[number % 5]
    twice = number % 4 == 3
    out = bench.root / f"signal{number}"
    minutes = 0 if when == "first save" else 60  # else nothing but the signal saves within an epoch
    child = Child(train(bench.data, out, EPOCHS, minutes=minutes))
    if when == "start":
        time.sleep(rng.uniform(0, 0.3) * bench.seconds)
    elif when == "anytime":
        time.sleep(rng.uniform(0, 1) * bench.seconds)
    elif when == "first save":
        until(lambda: any(out.glob("last*.part")), child)
    else:  # the folder's descriptions are written just before the first step
        until((out / "config.toml").exists, child)
        time.sleep(rng.uniform(0, 0.4) * bench.seconds)
    child.send(kind)
    if twice:
        time.sleep(rng.uniform(0, 0.05))
        child.send(kind)
    ended, name = child.ended(30), f"{number} {kind.name}{' twice' * twice}, {when}"
    bad = _judged(ended, kind, name)
    steps, wrong = looked_at(out) if out.exists() else (-1, [])
    bad += [f"{name}: {what}" for what in wrong]
    asked = "finishing this step" in ended.err
    if asked and not twice and ended.code not in (0,):
        if steps < 1:
            bad.append(f"{name}: a step was to be finished, and nothing is saved")
        if "--resume" not in ended.err + ended.out:
            bad.append(f"{name}: does not say how to go on: {ended.err.strip()[-200:]}")
    if out.exists():
        bad += [f"{name}: {what}" for what in bench.lost(out, EPOCHS)]
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def started(bench: Bench, number: int) -> tuple[int, list[str]]:
    """The same to a command that Python has just begun to import."""
    rng = np.random.default_rng((23, number))
    kind = list(CODES)[number % 3]
    out = bench.root / f"started{number}"
    process = start([*COMMAND, *train(bench.data, out, 1)])
    time.sleep(rng.uniform(0.05, 1.5))
    process.send_signal(kind)
    ended = told(process, 60)
    bad = _judged(ended, kind, f"started {number} {kind.name}")
    if out.exists():
        bad += [f"started {number}: {what}" for what in bench.lost(out, 1)]
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def signals(bench: Bench, count: int) -> list[Trial]:
    """So many, one in ten of them to a process that is starting."""
    few = count // 10
    trials = [partial(one, bench, number) for number in range(count - few)]
    return [*trials, *(partial(started, bench, number) for number in range(few))]
