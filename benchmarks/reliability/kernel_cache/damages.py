"""What can become of the files and folders of compiled kernels."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np

Rng = np.random.Generator
STRANGER = 12345  # a user who is nobody here


def _written(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _flipped(file: Path, rng: Rng, times: int = 1) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(times):
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    file.write_bytes(content)


def _zeroed(file: Path, rng: Rng) -> None:
    """A block that never reached the disk."""
    content = bytearray(file.read_bytes())
    start = int(rng.integers(len(content))) // 512 * 512
    content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    file.write_bytes(content)


def _swapped(file: Path, rng: Rng) -> None:
    """With another file, whole and under its seal."""
    others = sorted(other for other in file.parent.iterdir() if other != file)
    other = others[rng.integers(len(others))]
    contents = file.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    file.write_bytes(contents[1])


def _folder(file: Path, rng: Rng) -> None:
    file.unlink()
    (file / "below").mkdir(parents=True)
    (file / "below" / "something").touch()


def _pipe(file: Path, rng: Rng) -> None:
    file.unlink()
    os.mkfifo(file)


def _socket(file: Path, rng: Rng) -> None:
    file.unlink()
    here = Path.cwd()
    os.chdir(file.parent)  # the address may not be long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name[:90])
        os.rename(file.name[:90], file.name)
    finally:
        os.chdir(here)


def _link(to: str) -> Callable[[Path, Rng], None]:
    def link(file: Path, rng: Rng) -> None:
        file.unlink()
        file.symlink_to(to if to != "itself" else file.name)

    return link


def _link_to_another(file: Path, rng: Rng) -> None:
    others = sorted(other for other in file.parent.iterdir() if other != file)
    file.unlink()
    file.symlink_to(others[rng.integers(len(others))].name)


class _Runs:
    """A pickle that leaves a mark when it is read: whoever reads it runs what its writer wanted."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (self.mark, 0o700)


def mark(folder: Path) -> Path:
    """Where a forged file leaves its mark."""
    return folder / "forged code ran"


def _forged(file: Path, rng: Rng) -> None:
    """Somebody else's file, under a right hash."""
    content = pickle.dumps(_Runs(mark(file.parents[2])))
    file.write_bytes(hashlib.sha256(content).digest() + content)
    os.chown(file, STRANGER, STRANGER)


def _sealed(value: object) -> Callable[[Path, Rng], None]:
    def sealed(file: Path, rng: Rng) -> None:
        content = pickle.dumps(value)
        file.write_bytes(hashlib.sha256(content).digest() + content)

    return sealed


# what becomes of one file
FILES: dict[str, Callable[[Path, Rng], object]] = {
    "one bit flipped": _flipped,
    "lost": lambda file, rng: file.unlink(),
    "empty": lambda file, rng: _written(file, b""),
    "half": lambda file, rng: _written(file, file.read_bytes()[: file.stat().st_size // 2]),
    "cut anywhere": lambda file, rng: _written(
        file, file.read_bytes()[: rng.integers(file.stat().st_size)]
    ),
    "ten bits flipped": lambda file, rng: _flipped(file, rng, 10),
    "a block of zeros": _zeroed,
    "longer": lambda file, rng: _written(file, file.read_bytes() + rng.bytes(100)),
    "noise": lambda file, rng: _written(file, rng.bytes(file.stat().st_size)),
    "swapped with another": _swapped,
    "a folder": _folder,
    "a pipe": _pipe,
    "a socket": _socket,
    "a link to nowhere": _link("nowhere"),
    "a link to itself": _link("itself"),
    "a link to /dev/zero": _link("/dev/zero"),
    "a link to another": _link_to_another,
    "giant": lambda file, rng: os.truncate(file, 2**40),
    "unreadable": lambda file, rng: file.chmod(0),
    "open to others": lambda file, rng: file.chmod(0o666),
    "sealed, but something else": _sealed({"what": "else"}),
    "sealed, but no pair": _sealed((1, 2, 3)),
}
if hasattr(os, "geteuid") and os.geteuid() == 0:
    FILES |= {
        "somebody else's": lambda file, rng: os.chown(file, STRANGER, STRANGER),
        "forged by somebody else": _forged,
    }


def _elsewhere(folder: Path) -> Path:
    aside = folder.with_name("aside")
    folder.rename(aside)
    return aside


def _as_link(folder: Path, rng: Rng) -> None:
    folder.symlink_to(_elsewhere(folder))


def _as_dangling(folder: Path, rng: Rng) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


def _as_loop(folder: Path, rng: Rng) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.name)


def _as_file(folder: Path, rng: Rng) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"no folder")


def _as_pipe(folder: Path, rng: Rng) -> None:
    shutil.rmtree(folder)
    os.mkfifo(folder)


def _all_flipped(folder: Path, rng: Rng) -> None:
    for file in sorted(folder.iterdir()):
        _flipped(file, rng)


def _all_forged(folder: Path, rng: Rng) -> None:
    """A folder in which somebody else could write, and has."""
    for file in sorted(folder.iterdir()):
        content = pickle.dumps(_Runs(mark(file.parents[2])))
        file.write_bytes(hashlib.sha256(content).digest() + content)
    folder.chmod(0o777)


def _strangers(folder: Path, rng: Rng) -> None:
    _all_forged(folder, rng)
    folder.chmod(0o700)
    os.chown(folder, STRANGER, STRANGER)


# what becomes of the folder, and whether kernels are kept in it again
FOLDERS: dict[str, tuple[Callable[[Path, Rng], object], bool]] = {
    "the folder lost": (lambda folder, rng: shutil.rmtree(folder), True),
    "the one above lost": (lambda folder, rng: shutil.rmtree(folder.parent), True),
    "a bit of every file flipped": (_all_flipped, True),
    "the folder a link to it": (_as_link, True),
    "the folder a link to nowhere": (_as_dangling, False),
    "the folder a link to itself": (_as_loop, False),
    "the folder a file": (_as_file, False),
    "the folder a pipe": (_as_pipe, False),
    "the one above a file": (lambda folder, rng: _as_file(folder.parent, rng), False),
    "the folder open to others, and forged": (_all_forged, False),
}
if hasattr(os, "geteuid") and os.geteuid() == 0:
    FOLDERS["the folder somebody else's, and forged"] = (_strangers, False)
