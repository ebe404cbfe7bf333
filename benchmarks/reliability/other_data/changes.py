"""What may happen to a folder of images, listed and drawn; each change says what is to be named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SAME = "same"  # nothing is to be noticed


Change = Callable[[Path, np.random.Generator], str]  # of the folder of data; what is to be said


# ---- what may happen to a folder -----------------------------------------------------------------


def _write(path: Path, content: bytes) -> None:
    """Other content, and not even the time tells."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _swap(one: Path, other: Path) -> str:
    a, b = one.read_bytes(), other.read_bytes()
    _write(one, b)
    _write(other, a)
    return f"{one.parent.name}/{one.name}"


def between_classes(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "train/dog/1.bmp")


def within_a_class(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "train/cat/3.bmp")


def between_parts(root: Path, rng: np.random.Generator) -> str:
    return _swap(root / "train/cat/1.bmp", root / "val/cat/1.bmp")


def renamed(root: Path, rng: np.random.Generator) -> str:
    (root / "train/cat/4.bmp").rename(root / "train/cat/5.bmp")
    return "cat/4.bmp is gone; cat/5.bmp is new"


def one_bit(root: Path, rng: np.random.Generator) -> str:
    path = root / "train/dog/2.bmp"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    _write(path, bytes(content))
    return "dog/2.bmp has another content"


def removed(root: Path, rng: np.random.Generator) -> str:
    (root / "train/dog/0.bmp").unlink()
    return "dog/0.bmp is gone"


def added(root: Path, rng: np.random.Generator) -> str:
    shutil.copy(root / "train/dog/0.bmp", root / "train/dog/9.bmp")
    return "dog/9.bmp is new"


def moved(root: Path, rng: np.random.Generator) -> str:
    (root / "train/dog/0.bmp").rename(root / "train/cat/0b.bmp")
    return "dog/0.bmp is gone; cat/0b.bmp is new"


def larger(root: Path, rng: np.random.Generator) -> str:
    Image.new("RGB", (64, 64)).save(root / "train/dog/0.bmp")
    return r"dog/0.bmp had 3,126 bytes and has 12,342"


def class_renamed(root: Path, rng: np.random.Generator) -> str:
    for part in ("train", "val"):
        (root / part / "cat").rename(root / part / "kitten")
    return "class cat then, dog now"


def class_between(root: Path, rng: np.random.Generator) -> str:
    for part in ("train", "val"):
        (root / part / "cat").rename(root / part / "crow")
    return "class cat then, crow now"


def classes_swapped(root: Path, rng: np.random.Generator) -> str:
    for part in ("train",):
        (root / part / "cat").rename(root / part / "x")
        (root / part / "dog").rename(root / part / "cat")
        (root / part / "x").rename(root / part / "dog")
    return "cat/0.bmp has another content"


def other_measured(root: Path, rng: np.random.Generator) -> str:
    one_bit_of(root / "val/dog/2.bmp")
    return "dog/2.bmp has another content (validation)"


def fewer_measured(root: Path, rng: np.random.Generator) -> str:
    (root / "val/dog/2.bmp").unlink()
    return "dog/2.bmp is gone (validation)"


def one_bit_of(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    _write(path, bytes(content))


def hostile_name(root: Path, rng: np.random.Generator) -> str:
    (root / "train/cat/4.bmp").rename(root / "train/cat/\x1b[31m\n'.bmp")
    return "cat/4.bmp is gone"


def times(root: Path, rng: np.random.Generator) -> str:
    for path in root.rglob("*.bmp"):
        os.utime(path, (1, 1))
    return SAME


def elsewhere(root: Path, rng: np.random.Generator) -> str:
    other = root.parent / "deep/down/another name"
    shutil.copytree(root, other)
    shutil.rmtree(root)
    root.symlink_to(other)
    return SAME


def beside(root: Path, rng: np.random.Generator) -> str:
    (root / "train/notes.txt").write_text("mine", "utf-8")
    (root / ".DS_Store").write_bytes(b"\0")
    return SAME


def rights(root: Path, rng: np.random.Generator) -> str:
    for path in root.rglob("*.bmp"):
        path.chmod(0o400)
    return SAME


def nothing(root: Path, rng: np.random.Generator) -> str:
    return SAME


LISTED: tuple[Change, ...] = (
    between_classes, within_a_class, between_parts, renamed, one_bit, removed, added, moved, larger,
    class_renamed, class_between, classes_swapped, other_measured, fewer_measured, hostile_name,
    times, elsewhere, beside, rights, nothing,
)  # fmt: skip


def drawn(root: Path, rng: np.random.Generator) -> str:
    """A random change of a random file; its name is to be said."""
    part, name = rng.choice(["train", "val"]), rng.choice(["cat", "dog"])
    files = sorted((root / part / name).iterdir())
    path = files[rng.integers(len(files))]
    kind = rng.integers(4)
    if kind == 0:
        content = bytearray(path.read_bytes())
        content[rng.integers(54, len(content))] ^= 1 << rng.integers(8)
        _write(path, bytes(content))
    elif kind == 1:
        path.unlink()
    elif kind == 2:
        path.rename(path.with_name(f"{rng.integers(10**6)}.bmp"))
    else:
        other = files[(files.index(path) + 1) % len(files)]
        _swap(path, other)
    return f"{name}/{path.name}"
