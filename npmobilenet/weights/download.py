"""One file from the network to the disk, and nothing but that file.

What has arrived lies beside the target as NAME.part until it is complete and checked, and NAME.part.json
says of which version of which address it is: the next attempt asks the server for the rest alone, if
that version still is there (HTTP's Range and If-Range), and else begins anew.  Checked is what the
caller knows, and what some servers say about their own files.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..disk import flush_folder, locked_now, opened_apart, spare_name, sweep, write_whole
from ..text import displayed, read_text
from . import answers
from .answers import Refused, answering

Progress = Callable[[int, int | None], None]  # (bytes here, bytes in all, where known)

LARGEST = 1 << 30  # bytes of a file of which nobody says how large it may be
SLOWEST, LONG = 1024, 60.0  # bytes a second, over so many seconds: what is slower never ends

_FLAGS = os.O_RDWR | os.O_APPEND

# how a file of that ending begins
BEGINNINGS = {
    ".h5": (b"\x89HDF\r\n\x1a\n",),
    ".pth": (b"PK\x03\x04", b"\x80"),
    ".pt": (b"PK\x03\x04", b"\x80"),
}


class DownloadError(OSError):
    """A file that could not be fetched, or is not what it should be; the message says which."""


def needed(module: str) -> Any:
    """A module of the extra `download`; DownloadError where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise DownloadError(
            f'downloading needs {module}, which is not installed: pip install "npmobilenet[download]"'
        ) from None


def fault(path: Path, checksums: Iterable[str], mebibytes: float | None = None) -> str | None:
    """What is wrong with a file, or None.

    checksums: "sha256:b0353104" or "md5:..."; the first digits are enough.  mebibytes: its size in
    units of 2^20 bytes, rounded to three decimals.
    """
    size = path.stat().st_size
    if mebibytes is not None and round(size / 2**20, 3) != mebibytes:
        return f"has {size:,} bytes, {mebibytes} MiB were expected"
    for checksum in checksums:
        algorithm, _, digits = checksum.partition(":")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if not found.startswith(digits):
            return f"has the {algorithm.upper()} {found[: len(digits)]}, {digits} was expected"
    return None


def strange(path: Path) -> str | None:
    """What shows at a glance that a file is not what its ending says, or None."""
    with path.open("rb") as file:
        first = file.read(512)
    if first.lstrip()[:1] in (b"<",):
        return "is a page, and no weights; does this network want a log-in first?"
    if path.name.removesuffix(".part").endswith(".safetensors"):
        head = int.from_bytes(first[:8], "little")
        right = len(first) > 8 and first[8:9] == b"{" and head + 8 <= path.stat().st_size
    else:
        suffix = Path(path.name.removesuffix(".part")).suffix
        right = first.startswith(BEGINNINGS.get(suffix, (b"",)))
    return None if right else "does not begin as a file of its ending does"


def download(
    url: str,
    path: Path,
    *,
    checksums: tuple[str, ...] = (),
    mebibytes: float | None = None,
    largest: int = LARGEST,
    progress: Progress | None = None,
) -> None:
    """Fetch `url` to `path`, going on from a part that an earlier attempt left.

    checksums and mebibytes as in `fault`; a file that fails them is deleted.  largest: bytes that it
    may have; nothing beyond them is taken.  DownloadError for that, for a refusal of the server, and
    for a connection that fails: then the part is kept.
    """
    requests = needed("requests")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, [path.name])
        part = Part(path, url)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(f"{path}: cannot be written ({error.strerror or error})") from None
    try:
        with part:
            promised = _fetch(requests, url, part, largest, progress or (lambda here, total: None))
            found = fault(part.path, (*checksums, *promised), mebibytes)
            if found is None and not any(len(c) == len("sha256:") + 64 for c in checksums):
                found = strange(part.path)
            if found:
                part.forget()
                raise DownloadError(f"{url}: the file {found}; it was deleted")
            part.become(path)
    except DownloadError:
        raise
    except Refused as error:
        if not error.keep:
            part.forget()
        raise DownloadError(f"{url}: {error}{part.remark()}") from None
    except (requests.RequestException, needed("urllib3").exceptions.HTTPError) as error:
        raise DownloadError(f"{url}: {_reason(requests, error, url)}{part.remark()}") from None
    except OSError as error:
        raise DownloadError(f"{path}: cannot be written ({error.strerror or error})") from None


class Part:
    """What has arrived of a file: open, ours alone, and known by version.

    Where another process is fetching the same file, it is one of its own, and goes when it fails.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path, self.url, self.own = path.with_name(f"{path.name}.part"), url, False
        self.about = path.with_name(f"{path.name}.part.json")
        self.done = False
        self.file = self._opened()
        if self.file < 0:
            self.path, self.own = spare_name(path), True
            self.about = self.path.with_name(f"{self.path.name}.json")
            self.file = opened_apart(self.path, _FLAGS | os.O_EXCL)
            locked_now(self.file)
        self.validator = self._validator()

    def _opened(self) -> int:
        """A descriptor of the part, locked; -1 where somebody else has the lock."""
        for _ in range(100):
            try:
                descriptor = opened_apart(self.path, _FLAGS)
            except OSError:
                if not os.path.lexists(self.path):
                    raise
                self.path.unlink()  # a link, a pipe, a file that somebody else knows too: it goes
                continue
            if not locked_now(descriptor):
                os.close(descriptor)
                return -1
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), self.path.lstat()):
                    return descriptor
            os.close(descriptor)  # whoever had it has just given it its own name
        raise OSError(f"{self.path}: cannot be written (it is replaced again and again)")

    def _validator(self) -> str:
        """Of which version the part is; "" where nobody knows, and it begins anew."""
        try:
            said = json.loads(read_text(self.about))
            if said["url"] == self.url and isinstance(said["validator"], str):
                return str(said["validator"])
        except (ValueError, LookupError, TypeError, RecursionError):
            pass
        return ""

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return os.fstat(self.file).st_size

    def begin(self, validator: str) -> None:
        """Empty it, for a file of this version."""
        os.ftruncate(self.file, 0)
        self.validator = validator
        self.about.unlink(missing_ok=True)
        if validator and not self.own:
            said = {"url": self.url, "validator": validator}
            write_whole(self.about, json.dumps(said).encode())

    def add(self, piece: bytes) -> None:
        """Append what has come."""
        left = memoryview(piece)
        while left:
            left = left[os.write(self.file, left) :]

    def become(self, path: Path) -> None:
        """The file itself, on disk before it has its name."""
        os.fsync(self.file)
        if sys.platform == "win32":  # where nothing that is open can be renamed
            os.close(self.file)
            self.file = -1
        self.path.replace(path)
        self.done = True
        self.about.unlink(missing_ok=True)
        flush_folder(path.parent)

    def forget(self) -> None:
        """Keep nothing of it."""
        for path in (self.path, self.about):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def remark(self) -> str:
        """How much the next attempt will find."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        if not size or not self.validator:
            return ""
        return f"; {size:,} bytes are here, the next attempt goes on from there"

    def __enter__(self) -> "Part":
        return self

    def __exit__(self, *_: object) -> None:
        empty = self.file >= 0 and not self.size
        if self.file >= 0:
            os.close(self.file)
        if not self.done and (self.own or empty or not self.validator):
            self.forget()  # nobody could go on from it


def _fetch(
    requests: Any, url: str, part: Part, largest: int, progress: Progress
) -> tuple[str, ...]:
    """Complete `part`; the checksums that the server promises."""
    start = part.size if part.validator else 0
    try:
        with answering(requests, url, start, part.validator) as answer:
            if answer.start != start or not start:  # from its beginning, whatever was asked for
                part.begin(answer.validator)
            elif not answer.same(part.validator):
                raise Refused("the server sends the rest of another version")
            if answer.total is not None and answer.total > largest:
                raise Refused(
                    f"is to have {answer.total:,} bytes, and can honestly have {largest:,} at most"
                )
            _receive(answer, part, largest, progress)
            return answer.promised
    except Refused as error:
        if not start or error.keep:
            raise
    part.begin("")  # the rest does not fit what is here: once more, from the beginning
    return _fetch(requests, url, part, largest, progress)


def _receive(answer: answers.Answer, part: Part, largest: int, progress: Progress) -> None:
    """Take a body to its end.  Refused where that does not come."""
    here, since, before = answer.start, time.monotonic(), answer.start
    for piece in answer.pieces():
        here += len(piece)
        if here > largest:
            raise Refused(f"goes on after {largest:,} bytes, all that it can honestly have")
        part.add(piece)
        progress(here, answer.total)
        if (passed := time.monotonic() - since) > LONG:
            if here - before < SLOWEST * passed:
                raise Refused(f"comes at {(here - before) / passed:,.0f} bytes a second", True)
            since, before = time.monotonic(), here
    if answer.total is not None and here < answer.total:
        raise Refused("the connection broke", True)


def _reason(requests: Any, error: Any, url: str) -> str:
    """Why a request failed, in words for people."""
    host = urlsplit(url).hostname
    if isinstance(error, requests.HTTPError):
        return f"the server answers {error.response.status_code} {displayed(str(error.response.reason))}"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} is not trusted"
    wrong = needed("urllib3").exceptions
    if isinstance(error, requests.Timeout | wrong.TimeoutError):
        return f"no answer from {host} within {answers.PATIENCE:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | wrong.HTTPError):
        return "the connection broke"
    if isinstance(error, requests.ConnectionError):
        return f"no connection to {host}"
    return displayed(" ".join(str(error).split()), 1000)
