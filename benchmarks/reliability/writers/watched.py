"""What is done to the files of a folder: opened for writing, flushed, renamed, in which order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch


@dataclass
class Watched:
    """What was done to files below a folder: opened for writing, flushed, renamed, linked."""

    folder: Path
    on: bool = False
    calls: list[tuple[str, str, Any]] = field(default_factory=list)

    def heard(self, event: str, words: tuple[Any, ...]) -> None:
        """An audit hook of Python's, which hears of everything that Python opens and renames."""
        if not self.on or event not in ("open", "os.rename", "os.link"):
            return
        if event == "open":
            path, _, flags = words
            if isinstance(path, int) or not (flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                return
            self.note("open", path, flags)
        else:
            self.note(event, words[0], os.fspath(words[1]))

    def note(self, what: str, path: Any, more: Any = None) -> None:
        """Keep it, where it is in the folder."""
        name = os.fsdecode(os.path.abspath(path))
        if name.startswith(str(self.folder)):
            self.calls.append((what, name, more))

    def faults(self) -> Iterator[str]:
        """What was opened so that a link could lead elsewhere, or renamed before it was on disk."""
        unsafe, owed = set(), ""  # files that may be half on disk; a folder that was not flushed
        for what, name, more in self.calls:
            base = os.path.basename(name)
            if what == "open":
                unsafe.add(name)
                if base == "run.lock":
                    if not more & os.O_NOFOLLOW:
                        yield f"{base}: opened through links"
                elif not (more & os.O_EXCL and more & os.O_NOFOLLOW):
                    yield f"{base}: opened for writing, and may be a link"
            elif what == "fsync":
                unsafe.discard(name)
                owed = "" if name == os.path.dirname(owed) else owed
            else:  # a link or a new name
                if name in unsafe:
                    yield f"{base}: named {os.path.basename(more)} before it was on disk"
                owed = more if what == "os.rename" else owed
        if owed:
            yield f"{os.path.basename(owed)}: renamed, and its folder is not flushed"


WATCHED: list[Watched] = []


def _hear(event: str, words: tuple[Any, ...]) -> None:
    for one in WATCHED:
        one.heard(event, words)


@contextmanager
def watching(folder: Path) -> Iterator[Watched]:
    """Everything from here to the end."""
    if not hasattr(_hear, "hears"):  # a hook stays for ever
        sys.addaudithook(_hear)
        _hear.hears = True  # type: ignore[attr-defined]
    found, flush = Watched(folder), os.fsync

    def flushed(number: int) -> None:
        found.note("fsync", os.readlink(f"/proc/self/fd/{number}"))
        flush(number)

    WATCHED.append(found)
    with patch.object(os, "fsync", flushed):
        found.on = True
        try:
            yield found
        finally:
            found.on = False
            WATCHED.remove(found)
