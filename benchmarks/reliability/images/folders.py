"""Folders that are a trap: links, pipes, names, rights, depths, numbers, and files that go away."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..children import HUNG
from ..forked import Case, Told, each
from ..workplace import CLASSES, network, picture

MOST_MEMORY = 1000  # MB
GOOD = picture(1)


@dataclass(frozen=True)
class Trap:
    """A folder and what `evaluate` must say of it.

    make    fills the folder, in which each class has two images
    images  how many are measured; None: it must be refused
    says    a part of what standard error must say
    bad     how many are named as unreadable
    """

    name: str
    make: Callable[[Path], object]
    images: int | None = 4
    says: str = ""
    bad: int = 0
    unprivileged: bool = False
    words: tuple[str, ...] = ()


def _link(name: str, target: str) -> Callable[[Path], object]:
    return lambda root: (root / name).symlink_to(target)


def _file(name: str, content: bytes = GOOD) -> Callable[[Path], object]:
    def make(root: Path) -> None:
        path = os.fsencode(root) + b"/" + os.fsencode(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    return make


def _all(*makes: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda root: [make(root) for make in makes]


def _mode(name: str, mode: int) -> Callable[[Path], object]:
    return lambda root: (root / name).chmod(mode)


def _without(name: str) -> Callable[[Path], object]:
    def make(root: Path) -> None:
        for path in (root / name).iterdir():
            path.unlink()

    return make


def _deep(root: Path) -> None:
    """Folders in folders until no path is long enough for the next."""
    here = os.getcwd()
    os.chdir(root / "cat")
    try:
        for _ in range(60):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("deep.png").write_bytes(GOOD)
    finally:
        os.chdir(here)


def _many(count: int) -> Callable[[Path], object]:
    def make(root: Path) -> None:
        for k in range(count):
            os.link(root / "dog" / "0.png", root / "dog" / f"n{k}.png")

    return make


def _renamed(old: str, new: bytes) -> Callable[[Path], object]:
    return lambda root: os.rename(os.fsencode(root / old), os.fsencode(root) + b"/" + new)


def _maze(root: Path) -> None:
    """Links from each folder to each: walked along, they never end."""
    for k in range(8):
        (root / "cat" / f"m{k}").mkdir()
        for other in range(8):
            (root / "cat" / f"m{k}" / f"to{other}").symlink_to(f"../m{other}")
    _file("cat/m3/x.png")(root)


def traps(size: str) -> Iterator[Trap]:
    """All of them."""
    yield Trap("as it should be", lambda root: None)
    yield Trap("a loop", _link("cat/again", "."))
    yield Trap("two loops", _all(_link("cat/a", "."), _link("cat/b", ".")))
    yield Trap("a maze of links", _maze, 5)
    yield Trap("a link to the parent", _link("cat/up", ".."))
    yield Trap("a link to the root", _link("cat/root", "/"))
    yield Trap("a link to another class", _link("cat/other", "../dog"))
    yield Trap("a class that is a link", _all(_without("dog"), lambda r: (r / "dog").rmdir(),
               lambda r: os.rename(r / "cat", r.parent / f"{r.name}-cat"),
               lambda r: (r / "cat").symlink_to(f"../{r.name}-cat"), _file("dog/0.png")), 3)  # fmt: skip
    yield Trap("a link to a file", _link("cat/l.png", "0.png"), 5)
    yield Trap("a dead link", _link("cat/dead.png", "nowhere"), 4, "dead.png", 1)
    yield Trap("a link to itself", _link("cat/self.png", "self.png"), 4, "self.png", 1)
    yield Trap("a dead link beside the classes", _link("dead", "nowhere"), 4, "dead")
    yield Trap("a link to a device", _link("cat/zero.png", "/dev/zero"), 4, "zero.png", 1)
    yield Trap("a pipe", lambda r: os.mkfifo(r / "cat" / "x.jpg"), 4, "x.jpg", 1)
    yield Trap("a pipe without an ending", lambda r: os.mkfifo(r / "cat" / "x"))
    yield Trap("a folder called x.jpg", _file("cat/x.jpg/y.png"), 5)
    yield Trap("an empty folder called x.jpg", lambda r: (r / "cat" / "x.jpg").mkdir())
    yield Trap("an empty file", _file("cat/x.jpg", b""), 4, "x.jpg", 1)
    yield Trap("text called x.jpg", _file("cat/x.jpg", b"hello"), 4, "x.jpg", 1)
    yield Trap("other files", _all(_file("cat/readme.txt", b"x"), _file("cat/a.csv", b"x")))
    yield Trap("an image without an ending", _file("cat/picture"), 5)
    yield Trap("an empty class", _without("dog"), None, "dog")
    yield Trap("a class too many", _file("owl/0.png"), None, "owl")
    yield Trap("a class missing", _all(_without("dog"), lambda r: (r / "dog").rmdir()), None, "dog")
    yield Trap(
        "some classes", _all(_without("dog"), lambda r: (r / "dog").rmdir()), 2, words=("--some",)
    )
    yield Trap(
        "hidden files", _all(_file("cat/._0.png"), _file("cat/.t/1.png"), _file(".git/x.png"))
    )
    yield Trap("litter", _all(_file("__MACOSX/x.png"), _file("cat/Thumbs.db", b"x")))
    yield Trap("images beside the classes", _file("lost.png"), 4, "lost.png")
    yield Trap("one image twice", lambda r: os.link(r / "cat/0.png", r / "cat/9.png"), 5)
    yield Trap("an unreadable file", _mode("cat/0.png", 0), 3, "0.png", 1, True)
    yield Trap("an unreadable class", _mode("cat", 0), None, "ermission", 0, True)
    yield Trap("an unreadable folder in a class", _all(_file("cat/in/x.png"), _mode("cat/in", 0)),
               None, "ermission", 0, True)  # fmt: skip
    yield Trap("classes that differ in case", _file("CAT/0.png"), None, "CAT")
    yield Trap("a name that is not UTF-8", _file("cat/caf\udce9.png"), 5)
    yield Trap(
        "a damaged one that is not UTF-8", _file("cat/caf\udce9.png", b"x"), 4, "caf\\xe9", 1
    )
    yield Trap("a class that is not UTF-8", _renamed("cat", b"c\xe9t"), None, "c\\xe9t")
    yield Trap("a name with ESC", _file("cat/\x1b]0;x\x07.png", b"x"), 4, "\\x1b", 1)
    yield Trap("a name with a newline", _file("cat/a\nb.png", b"x"), 4, "a\\nb.png", 1)
    yield Trap("a name of 255 bytes", _file(f"cat/{'n' * 251}.png"), 5)
    yield Trap("deeper than a path may be", _deep, None, "ame too long")
    yield Trap("NFC and NFD files", _all(_file("cat/e\u0301.png"), _file("cat/\u00e9.png")), 6)
    count = 400 if size == "quick" else 10_000
    yield Trap(f"{count:,} files", _many(count), 4 + count)


def unprivileged() -> None:
    """Root's right to pass over permissions, given away by this process."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    libc.capget(ctypes.byref(header), ctypes.byref(data))
    for k in range(3):
        data[k] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    if libc.capset(ctypes.byref(header), ctypes.byref(data)):
        raise OSError(ctypes.get_errno(), "capset")


def tried(place: Path, size: str) -> tuple[int, list[str]]:
    """How many, and what went wrong."""
    weights = network(place / "m.safetensors")
    listed = list(traps(size))
    cases, of = [], {}
    for number, trap in enumerate(listed):
        root = place / f"t{number}"
        for name in CLASSES:
            for k in range(2):
                _file(f"{name}/{k}.png", picture(k))(root)
        trap.make(root)
        for skip in (False, True) if trap.bad else (False,):
            words = ("evaluate", str(root), "--weights", str(weights), "--json", *trap.words)
            words += ("--skip-bad",) * skip

            def act(words: tuple[str, ...] = words, drop: bool = trap.unprivileged) -> int:
                from npmobilenet.cli import main

                if drop:
                    unprivileged()
                return main(list(words))

            case = Case(words, timeout=120, act=act)
            cases.append(case)
            of[id(case)] = (trap, skip)
    bad = []
    for case, told in each(cases):
        trap, skip = of[id(case)]
        if wrong := _judged(trap, skip, told):
            bad.append(f"folder: {trap.name}{' --skip-bad' * skip}: {wrong}")
    return len(cases), bad


def _judged(trap: Trap, skip: bool, told: Told) -> str:
    err = told.err.decode(errors="replace")
    if told.code == HUNG or told.peak > MOST_MEMORY:
        return f"{told.code}, {told.peak} MB"
    lines = [line for line in err.split("\n") if line]
    if any(not line.startswith(("npmobilenet evaluate: ", "note: ")) for line in lines):
        return f"a foreign line in {err[-300:]!r}"
    if trap.says not in err:
        return f"does not say {trap.says!r}: {err[-300:]!r}"
    code = 1 if trap.images is None or (trap.bad and not skip) else 0
    if told.code != code:
        return f"ended with {told.code}, not {code}: {err[-300:]!r}"
    if trap.images is None:
        return "" if not told.out else "refused, and yet wrote figures"
    found = json.loads(told.out)
    counts = found["images"], len(found.get("unreadable", ()))
    return "" if counts == (trap.images, trap.bad) else f"images and unreadable ones: {counts}"
