"""How much a file may hold: one border for all formats, looked at before memory is taken.

A few kilobytes can claim any size, and unpack to it.  So what a file claims is compared with the file
itself and with `largest()`, and what is larger is refused while it is still on the disk:

    a file            at most `largest()` bytes, 1 GB unless something else is said
    what it unpacks to  at most 20 times its bytes (or 64 MB), and `largest()`
    a picture's pixels  decoded, and beside that converted or turned, at most `largest()`
    a text            at most `TEXT` bytes, settings and tables `SETTINGS`

Who has honest files beyond that says so: NPMOBILENET_LARGEST=8GB in the environment, or
`with at_most(8 * 10**9):` around the call; some functions take it as an argument.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

VARIABLE = "NPMOBILENET_LARGEST"
USUAL = (
    2**30
)  # the largest MobileNet there is, in training with Adam and an average, has half of it
TEXT = 2**26  # a list of ImageNet's images has 50 MB
SETTINGS = 2**20  # the largest table of rows has some kilobytes
_LEAST_UNPACKED = 2**26  # a file may unpack to so much whatever its size
_MOST_PACKED = 20  # times its size, beyond that: no weights and no images can be packed so tightly
_STRETCHES = 10_000  # of written bytes, of which a file is looked at
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_given: ContextVar[int | None] = ContextVar("largest", default=None)


def largest() -> int:
    """Bytes that a file may have; ValueError where the environment's word for it is no size."""
    if (given := _given.get()) is not None:
        return given
    words = os.environ.get(VARIABLE, "").strip()
    return size_of(words, VARIABLE) if words else USUAL


def size_of(words: str, what: str) -> int:
    """The bytes in "8GB", "512M" or "1000000"; ValueError, beginning with `what`, for no size."""
    found = re.fullmatch(r"([0-9]{1,15})\s*([KMGT]?)B?", words.strip().upper(), re.ASCII)
    if not found or not int(found[1]):
        raise ValueError(f"{what} must be a size like 8GB or 500MB, found {words[:40]!r}")
    return int(found[1]) * _UNITS[found[2]]


@contextmanager
def at_most(size: int | None) -> Iterator[None]:
    """`largest()` is `size` within; None: as it was.  TypeError or ValueError for what is no size."""
    if size is not None and (isinstance(size, bool) or not isinstance(size, int)):
        raise TypeError(f"largest must be a number of bytes, found {type(size).__name__}")
    if size is not None and size < 1:
        raise ValueError(f"largest must be a number of bytes above 0, found {size}")
    before = _given.set(_given.get() if size is None else size)
    try:
        yield
    finally:
        _given.reset(before)


def unpacked_at_most(packed: int) -> int:
    """Bytes that a file of so many may unpack to."""
    return min(largest(), max(_LEAST_UNPACKED, _MOST_PACKED * packed))


class TooLarge(ValueError):
    """More memory than `largest()` would be taken."""


def afford(what: str, size: int) -> None:
    """TooLarge, beginning with what takes so many bytes, where that is more than `largest()`."""
    if size > (limit := largest()):
        raise TooLarge(
            f"{what} {in_words(size)}, more than the {in_words(limit)} allowed; "
            f"where it is right: {VARIABLE}"
        )


def within(path: Path, size: int, most: int | None = None) -> None:
    """ValueError, one line with the path, where a file is larger than files may be."""
    limit = largest() if most is None else min(most, largest())
    if size > limit:
        hint = f"; where it is right: {VARIABLE}" if limit == largest() else ""
        raise ValueError(
            f"{path}: {in_words(size)}, larger than the {in_words(limit)} that are read{hint}"
        )


def not_hollow(path: Path) -> None:
    """ValueError where half of a large file was never written: it takes no place but in memory.

    Such is a download that reserved its place and broke off.

    Asked of the file system, which says that all is there where it does not know.
    """
    if not hasattr(os, "SEEK_HOLE") or (size := path.stat().st_size) < _LEAST_UNPACKED:
        return
    with path.open("rb") as file:
        there, end = 0, 0
        try:
            for _ in range(_STRETCHES):
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
                end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                there += end - start
                if 2 * there > size:
                    return
        except OSError:  # nothing but a hole follows; or the file system has no such question
            pass
    if end and 2 * there < size:
        raise ValueError(
            f"{path}: only {in_words(there)} of its {in_words(size)} were ever written; the rest is empty"
        )


def gunzipped(packed: bytes) -> bytes:
    """What gzip packed.  ValueError where it is damaged, or more than such a file may unpack to."""
    most = unpacked_at_most(len(packed))
    unpacking = zlib.decompressobj(wbits=31)  # gzip's own head and checksum
    try:
        found = unpacking.decompress(packed, most + 1)
    except zlib.error as error:
        raise ValueError(f"cannot be unpacked: {error}") from None
    if len(found) > most or not unpacking.eof or unpacking.unused_data:
        raise ValueError(f"cannot be unpacked to {in_words(most)} or less")
    return found


def in_words(size: int) -> str:
    """ "1.1 GB"."""
    for unit, words in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {words}"
    return f"{size:,} bytes"


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """All of a regular file.

    ValueError, one line with the path, where it is none, is larger than `most` or `largest()`, or grows
    while it is read; OSError where it cannot be read.  A pipe is not waited for.
    """
    with os.fdopen(
        os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY), "rb"
    ) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{path}: cannot be read: not a file")
        within(path, about.st_size, most)
        content = file.read(about.st_size + 1)  # never more, however fast it grows
    if len(content) > about.st_size:
        raise ValueError(f"{path}: grew while it was read; is it still being written?")
    return content


_BINARY = getattr(os, "O_BINARY", 0)
