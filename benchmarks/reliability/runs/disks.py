"""Disks that fill up or become read-only under a run, and folders in which nothing may be written."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from ..children import COMMAND, start
from ..children import ended as told
from .child import Child, until
from .spread import Trial
from .state import Bench, looked_at, one_line, plain, train

EPOCHS = 3


@contextmanager
def small_disk(bench: Bench, megabytes: int = 1) -> Iterator[Path | None]:
    """A disk of that size; None where none can be mounted."""
    place = Path(tempfile.mkdtemp(prefix="disk-", dir=bench.root))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    try:
        yield place if made.returncode == 0 else None
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def fill(file: Path) -> None:
    """Whatever is free on a disk."""
    with suppress(OSError), file.open("ab", buffering=0) as target:
        for size in (65536, 4096, 512, 1):
            with suppress(OSError):
                while target.write(bytes(size)):
                    pass


def filled(bench: Bench, number: int) -> tuple[int, list[str]]:
    """A disk of 1 MB is filled at a random moment; freed again, the run goes on to the end."""
    rng = np.random.default_rng((24, number))
    with small_disk(bench) as disk:
        if disk is None:
            return 0, []
        out = disk / "run"
        bad: list[str] = []
        child = Child(train(bench.data, out, EPOCHS))
        if number:
            until((out / "config.toml").exists, child)
            time.sleep(rng.uniform(0, 0.4) * bench.seconds)
        fill(disk / "filler")
        ended = child.ended()
        if ended.code != 0:
            bad += one_line(ended, f"full disk {number}", str(disk))
        _, wrong = looked_at(out) if out.exists() else (-1, [])
        (disk / "filler").unlink()
        bad += wrong
        if out.exists():
            bad += [f"full disk {number}, freed: {what}" for what in bench.lost(out, EPOCHS)]
    return 1, bad


def limited(bench: Bench, number: int) -> tuple[int, list[str]]:
    """No file may grow beyond a size (RLIMIT_FSIZE): less than a checkpoint has, or than a log."""
    size = (0, 100, 2_000, 20_000, 60_000)[number % 5]
    out = bench.root / f"limited{number}"

    def before() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python itself does at its start
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    words = train(bench.data, out, EPOCHS)
    child = Child(words, before)
    ended = child.ended()
    bad = [] if ended.code == 0 else list(plain(ended, (1, 70), f"files of {size} bytes"))
    if out.exists():
        bad += [f"files of {size} bytes: {what}" for what in bench.lost(out, EPOCHS)]
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def read_only(bench: Bench, number: int) -> tuple[int, list[str]]:
    """The disk is mounted read-only under the run, and read-write again."""
    rng = np.random.default_rng((25, number))
    with small_disk(bench) as disk:
        if disk is None:
            return 0, []
        out = disk / "run"
        child = Child(train(bench.data, out, EPOCHS))
        until((out / "config.toml").exists, child)
        time.sleep(rng.uniform(0, 0.4) * bench.seconds)
        again = ["mount", "-o", "remount,ro", str(disk)]
        while subprocess.run(again, capture_output=True, check=False).returncode:
            if child.over():
                break  # a file is open for writing at almost any moment of a short run
            time.sleep(0.001)
        ended = child.ended()
        bad = [] if ended.code == 0 else list(one_line(ended, f"read-only {number}", str(disk)))
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], capture_output=True, check=False)
        if out.exists():
            bad += [f"read-only {number}, writable: {what}" for what in bench.lost(out, EPOCHS)]
    return 1, bad


def forbidden(bench: Bench, number: int) -> tuple[int, list[str]]:
    """A user who may not write there: the folder's parent, the run's folder, in the middle of a run."""
    where = ("parent", "folder", "meanwhile")[number % 3]
    place = bench.root / f"forbidden{number}"
    out = place / "run"
    bad: list[str] = []
    place.mkdir()
    if where == "folder":
        Child(train(bench.data, out, 1)).ended()
    user = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    words = [*(user if os.getuid() == 0 else []), *COMMAND, *train(bench.data, out, EPOCHS)]
    closed = place if where == "parent" else out
    if where != "meanwhile":
        closed.chmod(0o555)
    process = start([*words, *["--resume"] * (where == "folder")])
    if where == "meanwhile":
        end = time.monotonic() + 60
        while (
            not (out / "config.toml").exists() and process.poll() is None and time.monotonic() < end
        ):
            time.sleep(0.002)
        with suppress(OSError):
            closed.chmod(0o555)
    ended = told(process)
    if ended.code != 0:
        bad += one_line(ended, f"forbidden {where}", str(closed))
    elif where != "meanwhile":
        bad.append(f"forbidden {where}: written all the same")
    with suppress(OSError):
        closed.chmod(0o755)
    if out.exists():
        bad += [f"forbidden {where}, allowed: {what}" for what in bench.lost(out, EPOCHS)]
    shutil.rmtree(place, ignore_errors=True)
    return 1, bad


def disks(bench: Bench, few: bool) -> list[Trial]:
    """All of them, a few times each."""
    trials: list[Trial] = []
    for what, count in ((filled, 12), (limited, 5), (read_only, 4)):
        trials += [partial(what, bench, number) for number in range(2 if few else count)]
    if shutil.which("setpriv") or os.getuid():
        trials += [partial(forbidden, bench, number) for number in range(1 if few else 3)]
    return trials
