"""Many processes that start at once, some of them stopped or killed; disks that are full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..children import Ended, ended, run, start, together
from ..hazard import Found, Size
from .damages import STRANGER
from .judge import PROGRAM, Server, Start, children, kernels, meanwhile, planted
from .subject import LIMIT

AT_ONCE = 8
SEED = 20261
# run where something is mounted for it alone; arguments: a size or "ro", a folder, the program
_ON_TMPFS = 'mount -t tmpfs -o "size=$0" tmpfs "$1" && shift && exec "$@"'
AS_STRANGER = ("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups")
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def _env(base: Path) -> dict[str, str]:
    return {"NUMBA_CACHE_DIR": str(base)}


def _program(what: str = "operators") -> list[str]:
    return [*PROGRAM, what]


def cold_starts(rounds: int, bits: str, place: Path) -> Found:
    """Eight processes at once on an empty folder; then one that has to compile nothing."""
    bad: list[str] = []
    for index in range(rounds):
        base = place / f"cold {index}"
        found = [Start.ended(each) for each in together(AT_ONCE, _program(), env=_env(base))]
        found.append(Start.ended(ended(start(_program(), env=_env(base)), LIMIT)))
        for number, each in enumerate(found):
            if wrong := each.wrong(bits):
                bad.append(f"cold start {index}: process {number} {wrong}")
        if found[-1].compiled:
            bad.append(f"cold start {index}: the next one compiled {', '.join(found[-1].compiled)}")
        if wrong := planted(base):
            bad.append(f"cold start {index}: {wrong}")
        shutil.rmtree(base)
    return Found(rounds * AT_ONCE, tuple(bad), {"cold starts": f"{rounds} x {AT_ONCE}"})


def stopped(size: Size, made: Server, bits: str, place: Path) -> Found:
    """One of several is stopped, or killed, in the middle: the others end.  Or the folder is deleted."""
    bad: list[str] = []
    count = 12 if size == "whole" else 2
    for index in range(count):
        base = place / f"stopped {index}"
        bad += (f"stopped {index}: {line}" for line in _one_stopped(index, bits, base))
        shutil.rmtree(base, ignore_errors=True)
    gone = 12 if size == "whole" else 1
    for index in range(gone):
        base = place / f"gone {index}"

        def delete(base: Path = base) -> None:
            shutil.rmtree(base, ignore_errors=True)

        with meanwhile(delete, 0.02 + 0.01 * index):
            found = [Start.ended(each) for each in together(2, _program(), env=_env(base))]
        bad += (f"deleted meanwhile {index}: {w}" for each in found if (w := each.wrong(bits)))
    tried = count + gone
    if size == "whole":
        for index in range(2):
            bad += _helper_stopped(made, place, index)
            tried += 1
    return Found(tried, tuple(bad))


def _one_stopped(index: int, bits: str, base: Path) -> Iterator[str]:
    """Three start; one is stopped (or killed) soon, and goes on when the others are done."""
    rng = np.random.default_rng((SEED, index))
    kill = index % 3 == 2
    processes = [start(_program(), env=_env(base)) for _ in range(3)]
    chosen = processes[0]
    time.sleep(float(rng.uniform(0.3, 3.0)))
    os.kill(chosen.pid, signal.SIGKILL if kill else signal.SIGSTOP)
    for process in processes[1:]:
        if wrong := Start.ended(ended(process, LIMIT)).wrong(bits):
            yield f"beside one that was {'killed' if kill else 'stopped'}: {wrong}"
    if not kill:
        os.kill(chosen.pid, signal.SIGCONT)
    last = Start.ended(ended(chosen, LIMIT))
    if not kill and (wrong := last.wrong(bits)):
        yield f"the one that went on: {wrong}"
    after = Start.ended(ended(start(_program(), env=_env(base)), LIMIT))
    if wrong := after.wrong(bits):
        yield f"afterwards: {wrong}"


def _helper_stopped(made: Server, place: Path, index: int) -> Iterator[str]:
    """The second process that compiles for an engine is stopped, at once or two seconds later."""
    want = made.start("engine", place / "engine").bits
    base = place / f"helper {index}"
    process = start(_program("engine"), env=_env(base))
    helpers: list[int] = []
    while not helpers and process.poll() is None:
        helpers = children(process.pid)
        time.sleep(0.01)
    time.sleep(2 * index)
    for helper in helpers:
        with suppress(ProcessLookupError):  # it was quicker
            os.kill(helper, signal.SIGSTOP)
    before = time.monotonic()
    found = Start.ended(ended(process, 4 * LIMIT))
    if wrong := found.wrong(want):
        yield f"second process stopped {index}: {wrong} after {time.monotonic() - before:.0f} s"
    if not helpers:
        yield f"second process stopped {index}: there was none"
    for helper in helpers:
        if Path(f"/proc/{helper}").exists():
            yield f"second process stopped {index}: it is left"
            os.kill(helper, signal.SIGKILL)


def _lends() -> bool:
    """Whether programs can be started as somebody else, and Python be reached by them."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return False
    return run([*AS_STRANGER, sys.executable, "-c", "import numba, npmobilenet"]).code == 0


def _strangers(filled: Path, bits: str, place: Path) -> Iterator[str]:
    """A user who may only read what root has filled; and one file not even that."""
    for index, (what, mode) in enumerate((("readable", 0o755), ("unreadable", 0o000), ("", 0o700))):
        base = Path(shutil.copytree(filled, place / f"root's {index}"))
        inside = [base.parent, *base.rglob("*"), base]
        for path in inside:
            path.chmod(0o755)
        one = sorted(kernels(base).glob("*.nbc"))[0] if what else kernels(base)
        one.chmod(mode)
        nowhere = _env(base) | {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        found = Start.ended(ended(start([*AS_STRANGER, *_program()], env=nowhere), LIMIT))
        where = f"root's folder, a file {what}" if what else "root's folder, closed"
        if wrong := found.wrong(bits):
            yield f"{where}: {wrong}"
        if bool(found.compiled) == (what == "readable"):
            yield f"{where}: compiled {list(found.compiled)}"


def _mounting() -> bool:
    """Whether this user may mount something that is seen by a process of its own alone."""
    try:
        tried = subprocess.run(
            ["unshare", "-rm", "true"], capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _apart(script: str, *words: object) -> Ended:
    """A program where something is mounted for it alone."""
    said = ["unshare", "-rm", "sh", "-c", script, *map(str, words), *_program()]
    return ended(start(said, env=_env(Path(str(words[1])))), LIMIT)


def disks(size: Size, filled: Path, bits: str, place: Path) -> Found:
    """Full disks of several sizes, limits of a file's size, and one that can only be read."""
    bad: list[str] = []
    few = size != "whole"
    base, tried, mounting = place / "mounted", 0, _mounting()
    base.mkdir()
    kilobytes = (4, 64) if few else (4, 8, 16, 32, 48, 64, 96, 128, 512, 1024)
    for room in kilobytes if mounting else ():
        found = Start.ended(_apart(_ON_TMPFS, f"{room}k", base))
        tried += 1
        if wrong := found.wrong(bits):
            bad.append(f"a disk of {room} kB: {wrong}")
        elif room < 32 and "could not be kept" not in found.said:
            bad.append(f"a disk of {room} kB: nothing was said")
    for blocks in (0, 20) if few else (0, 1, 2, 4, 8, 20, 40, 60, 80, 120):
        own = place / f"limit {blocks}"
        said = ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "-", *_program()]
        found = Start.ended(ended(start(said, env=_env(own)), LIMIT))
        tried += 1
        if wrong := found.wrong(bits):
            bad.append(f"files of at most {blocks} kB: {wrong}")
        if wrong := planted(own):
            bad.append(f"files of at most {blocks} kB: {wrong}")
    for what in ("filled", "damaged", "empty") if mounting else ():
        own = Path(shutil.copytree(filled, place / f"read-only {what}"))
        for file in sorted(kernels(own).iterdir()):
            if what == "empty":
                file.unlink()
            elif what == "damaged":
                file.write_bytes(file.read_bytes()[:-1])
        found = Start.ended(_apart(_READ_ONLY, "ro", own))
        tried += 1
        if wrong := found.wrong(bits):
            bad.append(f"a read-only disk, {what}: {wrong}")
        if bool(found.compiled) == (what == "filled"):
            bad.append(f"a read-only disk, {what}: compiled {list(found.compiled)}")
    if _lends():
        tried += 3
        bad += _strangers(filled, bits, place)
    how = "tmpfs of 4 kB to 1 MB" if mounting else "limits of a file's size (no mounting here)"
    return Found(tried, tuple(bad), {"full disks": how, "python": sys.version.split()[0]})
