"""Folders that two runs want, that go, or in whose place another one lies."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from .child import Child, until
from .spread import Trial
from .state import Bench, bits_of, left_in, one_line, plain, train

EPOCHS = 3


def _begun(bench: Bench, out: Path, *more: str) -> Child:
    """A run that learns."""
    child = Child(train(bench.data, out, EPOCHS, *more))
    until((out / "last.safetensors").exists, child)
    return child


def two(bench: Bench, how: str) -> tuple[int, list[str]]:
    """A second one, while the first learns: it is refused, and the first ends as if alone."""
    out = bench.root / f"two{how}"
    first = _begun(bench, out)
    second = Child(train(bench.data, out, EPOCHS, *([how] if how else []))).ended()
    alive = not first.over()
    ended = first.ended()
    bad = list(plain(ended, (0,), f"the first of two {how}"))
    if alive or second.code != 0:
        bad += one_line(second, f"the second of two {how}", str(out))
    if not bad and bits_of(out) != bench.bits(EPOCHS):
        bad.append(f"two {how}: other bits")
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def many(bench: Bench, number: int) -> tuple[int, list[str]]:
    """Five at once into a folder that is not there yet: one learns, the others are refused."""
    out, bad = bench.root / f"many{number}", []
    children = [Child(train(bench.data, out, EPOCHS)) for _ in range(5)]
    told = [child.ended() for child in children]
    right = [ended for ended in told if ended.code == 0]
    if len(right) != 1:
        bad.append(f"of five at once {len(right)} came to the end")
    for ended in told:
        if ended.code:
            bad += one_line(ended, "of five at once", str(out))
    if right and bits_of(out) != bench.bits(EPOCHS):
        bad.append("five at once: other bits")
    bad += left_in(out)
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def gone(bench: Bench, number: int) -> tuple[int, list[str]]:
    """The folder is removed under the run."""
    out = bench.root / f"gone{number}"
    child = _begun(bench, out)
    shutil.rmtree(out, ignore_errors=True)
    ended = child.ended()
    bad = [] if ended.code == 0 else list(one_line(ended, "a folder removed", str(out)))
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def replaced(bench: Bench, number: int) -> tuple[int, list[str]]:
    """It is moved away, and the folder of another run, over or under way, takes its place.

    The other run stays what it is; the moved one goes on from where it lies.
    """
    out, other, away = (bench.root / f"{name}{number}" for name in ("replaced", "other", "away"))
    Child(train(bench.data, other, 1)).ended()
    before = {path.name: path.read_bytes() for path in other.iterdir()}
    child = _begun(bench, out)
    out.rename(away)
    other.rename(out)
    ended = child.ended()
    bad = [] if ended.code == 0 else list(one_line(ended, "a folder replaced", str(out)))
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    changed = [name for name in before if after.get(name) != before[name]]
    if changed and ended.code:
        bad.append(f"another run's files were changed: {changed}")
    if set(after) - set(before):
        bad.append(f"among another run's files there are {sorted(set(after) - set(before))}")
    bad += [f"the moved run: {what}" for what in bench.lost(away, EPOCHS)]
    for folder in (out, away):
        shutil.rmtree(folder, ignore_errors=True)
    return 1, bad


def folders(bench: Bench, few: bool) -> list[Trial]:
    """All of them, some more than once."""
    trials: list[Trial] = [partial(two, bench, how) for how in ("", "--resume", "--anew")]
    for what, count in ((many, 3), (gone, 4), (replaced, 4)):
        trials += [partial(what, bench, number) for number in range(1 if few else count)]
    return trials
