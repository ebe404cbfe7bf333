"""What --resume may find: damaged checkpoints and notes, logs and descriptions of any kind."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.weights import load, save

from .child import Child
from .spread import Trial
from .state import Bench, bits_of, one_line, train

EPOCHS = 3
STRANGE: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    -1,
    2**70,
    True,
    0.5,
    float("nan"),
    [[]],
    {"a": {}},
    "\x1b[31m",
)
Spoil = Callable[[Path, np.random.Generator], None]


# ---- files as a whole ----------------------------------------------------------------------------


def _half(path: Path, rng: np.random.Generator) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(b"")


def _zeros(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _bits(path: Path, rng: np.random.Generator) -> None:
    content = bytearray(path.read_bytes())
    for at in rng.integers(0, len(content), 3):
        content[at] ^= 1 << rng.integers(8)
    path.write_bytes(bytes(content))


def _text(path: Path, rng: np.random.Generator) -> None:
    path.write_text("nothing of that kind \x00 \x1b[2J\n", "utf-8")


def _gone(path: Path, rng: np.random.Generator) -> None:
    path.unlink()


def _folder(path: Path, rng: np.random.Generator) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _pipe(path: Path, rng: np.random.Generator) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _nowhere(path: Path, rng: np.random.Generator) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/nonexistent/file")


SPOILS: tuple[Spoil, ...] = (
    _half, _empty, _zeros, _bits, _text, _gone, _folder, _pipe, _nowhere
)  # fmt: skip
FILES = ("last.safetensors", "previous.safetensors", "best.safetensors", "config.toml", "log.csv",
         "log.jsonl", "class_indices.json", "images.tsv.gz", "card.md")  # fmt: skip


# ---- what stands in the notes, under a right checksum --------------------------------------------


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    if before:
        yield before
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*before, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*before, 0))


def _spoilt(notes: dict[str, Any], number: int) -> tuple[dict[str, Any], str]:
    """The notes with one thing in them that is another, or missing; and what that was."""
    rng = np.random.default_rng((26, number))
    found = copy.deepcopy(notes)
    paths = list(_paths(found))
    path = paths[rng.integers(len(paths))]
    inner: Any = found
    for key in path[:-1]:
        inner = inner[key]
    kind = int(rng.integers(len(STRANGE) + 1))
    if kind == len(STRANGE):
        del inner[path[-1]]
        return found, f"{path} deleted"
    inner[path[-1]] = STRANGE[kind]
    return found, f"{path} = {STRANGE[kind]!r}"


def _copied(bench: Bench, name: str) -> Path:
    """A run after two of its epochs, which is made once."""
    first = bench.root / "two epochs"
    out = bench.root / name
    shutil.copytree(first, out)
    return out


def _right(bench: Bench, out: Path, part: str = "") -> bool:
    """Whether the bits are those of an undisturbed run; part: "last", "best", "none", "" for both."""
    found, whole = bits_of(out), bench.bits(EPOCHS)
    return all(found.get(key) == value for key, value in whole.items() if key.startswith(part))


def _goes_on(bench: Bench, out: Path, what: str, part: str = "") -> tuple[int, list[str]]:
    """With the right bits; or refused in a line that names a file or the folder, and nothing changed."""
    ended = Child(train(bench.data, out, EPOCHS, "--resume")).ended()
    if ended.code == 0:
        bad = [] if _right(bench, out, part) else [f"{what}: goes on to other bits"]
        if ended.traceback:
            bad.append(f"{what}: a traceback")
    else:
        bad = list(one_line(ended, what, *[str(out)] * (part != "none")))
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def of_a_file(bench: Bench, name: str, spoil: Spoil) -> tuple[int, list[str]]:
    """One file is spoilt: another one stands in, or it is named."""
    out = _copied(bench, f"file {name} {spoil.__name__}")
    spoil(out / name, np.random.default_rng(7)) if (out / name).exists() else None
    what = f"{name} {spoil.__name__.strip('_')}"
    must = name == "last.safetensors" and spoil not in (_folder, _pipe)
    if not must:
        # where the best weights are gone the last take their place, and then the next epoch
        return _goes_on(bench, out, what, "last" if name.startswith("best") else "")
    ended = Child(train(bench.data, out, EPOCHS, "--resume")).ended()
    bad = [] if ended.code == 0 else [f"{what}: the previous one holds: {ended.err.strip()[-200:]}"]
    if not bad and not _right(bench, out):
        bad.append(f"{what}: other bits")
    shutil.rmtree(out, ignore_errors=True)
    return 1, bad


def of_notes(bench: Bench, number: int) -> tuple[int, list[str]]:
    """Something in the notes of both checkpoints is strange."""
    out, said = _copied(bench, f"notes {number}"), ""
    for name in ("last.safetensors", "previous.safetensors"):
        model = load(out / name)
        notes, said = _spoilt(model.notes, number)
        try:
            save(replace(model, notes=notes), out / name)
        except (ValueError, TypeError):  # what cannot be written cannot be read
            shutil.rmtree(out)
            return 0, []
    # another configuration under a right checksum is another run, which may well diverge
    part = "none" if said.startswith("('config'") else ""
    return _goes_on(bench, out, f"notes {number}: {said}", part)


def damaged(bench: Bench, few: bool) -> list[Trial]:
    """Every file spoilt in every way, and notes of random kinds."""
    first = bench.root / "two epochs"
    if not first.exists():
        Child(train(bench.data, first, 2)).ended()
    trials: list[Trial] = [
        partial(of_a_file, bench, name, spoil) for name in FILES for spoil in SPOILS
    ]
    trials = trials[:: 13 if few else 1]
    return trials + [partial(of_notes, bench, number) for number in range(5 if few else 120)]
