"""What a server answers: redirections followed with care, headers believed where they can be checked.

A redirection from https leads to https, and ten of them are enough.  An answer is a file only with status
200, or 206 for the rest that was asked for, without a content encoding, and where it is no page for
people: a network that wants a log-in first answers everything with one.
"""

import base64
import binascii
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..text import displayed

PATIENCE = 30.0  # seconds without a byte, and for all of an answer's headers
REDIRECTIONS = 10
_PIECE = 1 << 16


class Refused(Exception):
    """An answer that is not the file; the message says why.  keep: what is here may be gone on from."""

    def __init__(self, message: str, keep: bool = False) -> None:
        super().__init__(message)
        self.keep = keep


@dataclass(frozen=True)
class Answer:
    """The headers of an answer that may be a file, and its body, piece by piece.

    start      which byte of the file the body begins with: 0, or what was asked for
    total      bytes of the whole file, where the server says so
    validator  what tells the file from a later one: its ETag, or when it was changed; "" for neither
    promised   checksums that the server states, "md5:...", "sha256:..."
    """

    start: int
    total: int | None
    validator: str
    promised: tuple[str, ...]
    pieces: Callable[[], Iterator[bytes]]

    def same(self, validator: str) -> bool:
        """Whether it is of this version; an answer to If-Range may leave out a time, no ETag."""
        return self.validator == validator or (self.validator == "" and validator[:1] != '"')


@contextmanager
def answering(requests: Any, url: str, start: int = 0, validator: str = "") -> Iterator[Answer]:
    """Ask for a file, or for the rest of one from byte `start` on if it still is the one of `validator`.

    Refused, or an error of requests or urllib3, for an answer that cannot be taken.
    """
    headers = {"Accept-Encoding": "identity"}  # the bytes that are counted and checked
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    promised: list[str] = []
    with requests.Session() as session:
        for _ in range(REDIRECTIONS + 1):
            with Listening(session, url, headers) as listening:
                found = listening.next()
                promised += _promised(found.headers)
                if not found.is_redirect:
                    yield _answer(found, start, tuple(promised), listening.pieces)
                    return
                url = _elsewhere(url, found.headers["Location"])
        raise Refused(f"redirected more than {REDIRECTIONS} times")


def _elsewhere(url: str, location: str) -> str:
    """Where a redirection leads.  Refused if it leaves https, or the web."""
    target = urljoin(url, location)
    before, after = urlsplit(url).scheme.lower(), urlsplit(target).scheme.lower()
    if after not in ("http", "https"):
        raise Refused(f"redirected to {target[:100]!r}, which is no address of the web")
    if before == "https" and after == "http":
        raise Refused(
            f"redirected from https to http://{displayed(str(urlsplit(target).hostname))}, where anybody "
            "on the way could change it"
        )
    return target


def _answer(
    found: Any, start: int, promised: tuple[str, ...], pieces: Callable[[], Iterator[bytes]]
) -> Answer:
    """What the headers say.  Refused where that is no file, or another part than was asked for."""
    headers, status = found.headers, found.status_code
    if status == 416 and start:
        raise Refused("the part that is here is longer than the file")
    found.raise_for_status()
    if status not in (200, 206):
        raise Refused(f"the server answers {status} {displayed(str(found.reason))}, and no file")
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise Refused(
            f"comes packed as {headers['Content-Encoding'][:40]!r}, which was not asked for"
        )
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise Refused("a page came in place of the file; does this network want a log-in first?")
    total = _number(headers.get("Content-Length"))
    if status == 206:
        given = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", ""))
        if not start or not given or int(given[1]) != start:
            raise Refused("the server sends another part than was asked for")
        total = _number(given[3])
    begins = start if status == 206 else 0
    return Answer(begins, total, _validator(headers), promised, pieces)


class Listening:
    """A question under way in a thread of its own: first the answer's headers, then its body.

    What a socket's timeout bounds is the wait for the next byte.  A server that sends headers, notices
    or trailers without end, a byte at a time or as fast as it can, is nothing to it: so another thread
    hears it, and is given up where nothing comes of that.
    """

    def __init__(self, session: Any, url: str, headers: dict[str, str]) -> None:
        self.session, self.url, self.headers = session, url, headers
        self.heard: queue.Queue[Any] = queue.Queue(maxsize=8)
        self.over = False
        self.found: Any = None

    def __enter__(self) -> "Listening":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        with suppress(Exception):  # whatever a connection says that is ended in the middle
            self.found.raw.shutdown()
        with suppress(Exception):
            self.found.close()

    def _listen(self) -> None:
        try:
            self.found = self.session.get(
                self.url, headers=self.headers, stream=True, timeout=PATIENCE, allow_redirects=False
            )
            self._say(self.found)
            raw = self.found.raw
            # what has arrived, however little, so that its speed can be watched
            read = getattr(raw, "read1", None) or (lambda size: raw.read(1024))
            while not self.over and (piece := read(_PIECE)):
                self._say(piece)
            self._say(None)
        except BaseException as error:
            self._say(error)

    def _say(self, what: Any) -> None:
        while not self.over:
            with suppress(queue.Full):
                self.heard.put(what, timeout=0.5)
                return

    def next(self) -> Any:
        """The answer, then each piece of it; None at its end.  An error where it was one."""
        try:
            found = self.heard.get(timeout=2 * PATIENCE)
        except queue.Empty:
            host = urlsplit(self.url).hostname
            raise Refused(f"no whole answer from {host} within {2 * PATIENCE:g} s", True) from None
        if isinstance(found, BaseException):
            raise found
        return found

    def pieces(self) -> Iterator[bytes]:
        """The body."""
        while piece := self.next():
            yield piece


def _number(text: str | None) -> int | None:
    """A header's number of bytes; None for what is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else None


def _validator(headers: Any) -> str:
    """What If-Range takes: a strong ETag, else the time of the last change."""
    tag = headers.get("ETag", "")
    if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', tag):
        return str(tag)
    time = headers.get("Last-Modified", "")
    return str(time) if re.fullmatch(r"[\x20-\x7e]{10,40}", time) else ""


def _promised(headers: Any) -> Iterator[str]:
    """What the Hugging Face hub (SHA-256) and Google's storage (MD5) say about a file they send."""
    linked = headers.get("X-Linked-Etag", "").strip('"').lower()
    if re.fullmatch("[0-9a-f]{64}", linked):  # a shorter one is git's hash of a small file
        yield f"sha256:{linked}"
    for item in headers.get("x-goog-hash", "").split(","):
        algorithm, _, digest = item.strip().partition("=")
        if algorithm == "md5":
            try:
                yield f"md5:{base64.b64decode(digest, validate=True).hex()}"
            except binascii.Error:
                continue
