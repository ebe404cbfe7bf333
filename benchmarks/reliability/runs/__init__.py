"""`npmobilenet train` where things go wrong: killed, signalled, on full disks, in folders that change.

Nothing that was saved is lost: a run that goes on ends with the bits of one that nothing disturbed.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from ..forked import warm
from ..hazard import Found, Hazard, NotHere, Size
from ..workplace import images
from .damage import damaged
from .disks import disks
from .folders import folders
from .kills import EPOCHS, chain, moments, point
from .signals import signals
from .spread import Trial, spread
from .state import Bench
from .stopped import stopped


def prove(size: Size) -> Found:
    """Whole: 300 kills, 150 signals, each point; quick: some of each."""
    if os.name != "posix":
        raise NotHere("signals and kills are POSIX's")
    few = size != "whole"
    with tempfile.TemporaryDirectory(prefix="runs-") as folder:
        root = Path(folder)
        bench = Bench(root, images(root / "data", count=8, measured=4, size=(32, 32)))
        if size == "tiny":  # in this process, for the tests' has threads that a fork would lose
            return Found(1, tuple(stopped(root)))
        warm()
        bench.bits(1)
        bench.bits(EPOCHS)
        total = moments(bench)
        chains, kills = (2, 4) if few else (30, 10)
        parts: dict[str, list[Trial]] = {
            "kills": [partial(chain, bench, number, kills) for number in range(chains)],
            "moments between file operations": [
                partial(point, bench, at) for at in range(1, total + 1, 31 if few else 1)
            ],
            "signals": signals(bench, 10 if few else 150),
            "full and read-only disks": disks(bench, few),
            "folders": folders(bench, few),
            "damaged files": damaged(bench, few),
        }
        bad: list[str] = []
        figures: dict[str, int] = {}
        for name, trials in parts.items():
            figures[name], wrong = spread(trials)
            bad += [f"{name}: {what}" for what in wrong]
    return Found(sum(figures.values()), tuple(bad), figures)


HAZARD = Hazard(
    "runs: kill -9, INT, TERM, HUP, full and read-only disks, two in one folder, damaged files",
    "no saved step is lost, the same bits in the end; codes 130, 143, 129; a line says what to do",
    prove,
)
