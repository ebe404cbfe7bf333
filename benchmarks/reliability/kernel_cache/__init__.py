"""Compiled kernels on disk: whatever becomes of their files, the same bits, and nobody waits."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..hazard import Found, Hazard, NotHere, Size
from . import damages, subject
from .judge import Server, Start, kernels, planted, server
from .together import cold_starts, disks, stopped

SEED = 20260
Attempt = Callable[[str, Path], Start]


def one_file(index: int, attempt: Attempt, what: str, filled: Path, bits: str) -> Iterator[str]:
    """One of the files is damaged: right at once, and repaired for the next start."""
    rng = np.random.default_rng((SEED, index))
    kinds = list(damages.FILES)
    # half of the cases are flips: of these alone there are many
    kind = kinds[index // 2 % len(kinds)] if index % 2 else kinds[0]
    with tempfile.TemporaryDirectory() as place:
        base = Path(shutil.copytree(filled, Path(place) / "cache", symlinks=True))
        files = sorted(kernels(base).iterdir())
        file = files[rng.integers(len(files))]
        damages.FILES[kind](file, rng)
        said = f"file {index}, {what}: {file.name} {kind}"
        yield from _both(said, attempt, what, base, bits, True)


def one_folder(index: int, attempt: Attempt, what: str, filled: Path, bits: str) -> Iterator[str]:
    """The folder is damaged."""
    rng = np.random.default_rng((SEED, 1_000_000 + index))
    kind = list(damages.FOLDERS)[index % len(damages.FOLDERS)]
    damage, kept = damages.FOLDERS[kind]
    with tempfile.TemporaryDirectory() as place:
        base = Path(shutil.copytree(filled, Path(place) / "cache", symlinks=True))
        damage(kernels(base), rng)
        yield from _both(f"folder {index}, {what}: {kind}", attempt, what, base, bits, kept)


def _both(
    said: str, attempt: Attempt, what: str, base: Path, bits: str, repaired: bool
) -> Iterator[str]:
    """Two starts, one after the other."""
    first, second = attempt(what, base), attempt(what, base)
    for number, start in enumerate((first, second), 1):
        if wrong := start.wrong(bits):
            yield f"{said}: start {number} {wrong}"
    if second.compiled and repaired:
        yield f"{said}: still compiled at the second start: {', '.join(second.compiled)}"
    if wrong := planted(base):
        yield f"{said}: {wrong}"


def here(what: str, folder: Path) -> Start:
    """A start in this process, for a few cases: whoever crashes it ends the test."""
    before = os.environ.get("NUMBA_CACHE_DIR")
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    try:
        found = subject.attempt(what)
    finally:
        os.environ.pop("NUMBA_CACHE_DIR")
        if before is not None:
            os.environ["NUMBA_CACHE_DIR"] = before
    return Start(0, "", found["bits"], tuple(found["compiled"]))


def _filled(attempt: Attempt, what: str, place: Path) -> tuple[Path, str]:
    """A folder with its kernels, and what they compute."""
    base = place / what
    first = attempt(what, base)
    if wrong := first.wrong(first.bits):
        raise RuntimeError(f"{what} cannot be started at all: {wrong}")
    return base, first.bits


def _tiny() -> Found:
    bad: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        base, bits = _filled(here, "small", Path(place))
        for index in (0, 1, 15, 23):
            bad += one_file(index, here, "small", base, bits)
    return Found(4, tuple(bad))


def _damaged(size: Size, made: Server, place: Path) -> Found:
    """Files and folders, one damage at a time."""
    bad: list[str] = []
    tried = 0
    whole = size == "whole"
    plans = {
        "small": (240, 33) if whole else (48, 11),
        "operators": (60, 11) if whole else (4, 1),
        "engine": (20, 1) if whole else (0, 0),
    }
    for what, (files, folders) in plans.items():
        if not files:
            continue
        base, bits = _filled(made.start, what, place)
        for case, count in ((one_file, files), (one_folder, folders)):
            for index in range(count):
                bad += case(index, made.start, what, base, bits)
            tried += count
    return Found(tried, tuple(bad), {"files and folders damaged": tried})


def prove(size: Size) -> Found:
    """Damaged files and folders; many processes at once; full and read-only disks."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise NotHere(f"Numba does not run: {error}") from None
    if size == "tiny":
        return _tiny()
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder, server() as made:
        place = Path(folder)
        found = [_damaged(size, made, place)]
        base, bits = _filled(made.start, "operators", place / "more")
        found.append(cold_starts(20 if size == "whole" else 1, bits, place))
        found.append(stopped(size, made, bits, place))
        found.append(disks(size, base, bits, place))
    figures = {name: value for each in found for name, value in each.figures.items()}
    bad = tuple(line for each in found for line in each.bad)
    return Found(sum(each.tried for each in found), bad, figures)


HAZARD = Hazard(
    "compiled kernels on disk",
    "damaged, lost, forged, read-only, full, shared by many, deleted meanwhile: compiled anew, the same "
    "bits, and no process waits for another without end",
    prove,
)
