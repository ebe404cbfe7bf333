"""What takes more than one request, or more than one who asks."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from npmobilenet.weights import sources
from npmobilenet.weights.download import DownloadError

from .place import CHECKED, UNCHECKED, Place
from .server import CONTENT, LATER, SHA256, Asked


def _refused(place: Place, words: str, **given: Any) -> Iterator[str]:
    try:
        place.get(**given)
    except (DownloadError, ValueError) as error:
        if not re.search(words, str(error)):
            yield f"refused in other words: {error}"
    else:
        yield f"taken, where {words!r} was to be said"


def goes_on(place: Place) -> Iterator[str]:
    """A broken connection leaves a part, and the rest alone is asked for."""

    def cut(asked: Asked) -> None:
        asked.head(Content_Length=len(CONTENT), ETag='"first"')
        asked.send(CONTENT[:150_000])

    place.server.plays(cut)
    yield from _refused(place, "the connection broke; 150,000 bytes are here")
    place.server.plays(Asked.file)
    if place.get().read_bytes() != CONTENT:
        yield "other bytes"
    if place.server.asked[0].headers.get("range") != "bytes=150000-":
        yield "all of it was asked for again"


def begins_anew(place: Place) -> Iterator[str]:
    """The same, but the file has changed: by an honest server, one that passes If-Range over, and one
    that says nothing of versions.  Nothing is spliced."""
    for tag, ranged in (('"later"', True), ('"later"', False), ("", False)):
        shutil.rmtree(place.folder, ignore_errors=True)
        place.begun(CONTENT[:150_000], '"first"')

        def changed(asked: Asked, tag: str = tag, ranged: bool = ranged) -> None:
            if "range" in asked.headers and not ranged:
                told = {"ETag": tag} if tag else {}
                size = len(LATER)
                told["Content-Range"] = f"bytes 150000-{size - 1}/{size}"
                asked.head("206 Partial Content", Content_Length=size - 150_000, **told)
                asked.send(LATER[150_000:])
            else:
                asked.file(LATER, tag)

        place.server.plays(changed)
        found = place.get()
        if found.read_bytes() != LATER:
            yield f"tag {tag!r}, If-Range {'heeded' if ranged else 'passed over'}: spliced"


def held_to_the_first(place: Place) -> Iterator[str]:
    """A file of which no SHA-256 is published is held to what it was."""
    path = place.get()
    pin = sources.pin_of(path)
    if pin.read_text("utf-8").split() != [SHA256, path.name]:
        yield f"its pin says {pin.read_text('utf-8')!r}"
    path.write_bytes(CONTENT[:-1] + b"?")  # a damaged disk, or somebody's hand
    if place.get().read_bytes() != CONTENT or len(place.server.asked) != 2:
        yield "a changed file in the folder was taken"
    path.unlink()
    place.server.plays(lambda asked: asked.file(LATER, '"later"'))
    yield from _refused(place, "was expected; it was deleted\n.*came first")
    if path.exists():
        yield "the other file is there"
    pin.write_bytes(b"nonsense")
    yield from _refused(place, "64 hexadecimal digits")
    pin.unlink()
    if place.get().read_bytes() != LATER:
        yield "no way on without the pin"


def held_to_the_callers(place: Place) -> Iterator[str]:
    """--sha256."""
    yield from _refused(place, f"{SHA256}, {'0' * 64} was expected", sha256="0" * 64)
    yield from _refused(place, "64 hexadecimal digits", sha256="xyz")
    if place.get(sha256=SHA256.upper()).read_bytes() != CONTENT:
        yield "other bytes"


def two_at_once(place: Place) -> Iterator[str]:
    """Two that fetch the same, slowly, at the same time; the part is nobody's but its own."""

    def slowly(asked: Asked) -> None:
        asked.head(Content_Length=len(CONTENT), ETag='"first"')
        for k in range(0, len(CONTENT), 20_000):
            asked.send(CONTENT[k : k + 20_000])
            time.sleep(0.02)

    place.server.plays(slowly)
    found: list[Any] = []

    def one() -> None:
        try:
            found.append(place.get().read_bytes() == CONTENT)
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if found != [True] * 3:
        yield f"came: {found}"


def full_disk(place: Place) -> Iterator[str]:
    """The part cannot grow, be flushed, be renamed, be made."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for function in ("write", "fsync", "replace", "open"):
        with patch.object(os, function, side_effect=full):
            yield from _refused(place, "^[^\n]*cannot be written \\(.*No space left")
        if place.path.exists():
            yield f"{function}: something is there under its name"


SCENES: tuple[tuple[Callable[[Place], Iterator[str]], str], ...] = (
    (goes_on, CHECKED), (begins_anew, UNCHECKED), (held_to_the_first, UNCHECKED),
    (held_to_the_callers, UNCHECKED), (two_at_once, CHECKED), (full_disk, CHECKED),
)  # fmt: skip
