"""What a server, a network and a neighbour may do to a download."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .server import CONTENT, TAG, Asked, Play, drip, flood

PAGE = b"<!DOCTYPE html><html><body>Please log in to the hotel's network</body></html>"
SIZE = len(CONTENT)
TOO_MUCH = r"honestly have|goes on after"
BROKEN = r"the connection broke|no connection|no whole answer|no answer from|comes at"
OTHER = r"w(as|ere) expected|does not begin as|is a page"


@dataclass(frozen=True)
class Fault:
    """One of them.

    words     what the refusal says; None: the file is right all the same
    only      of a file whose SHA-256 is "checked" or "unchecked"
    before    what lies in the folder
    content   what is right, where it is not the usual file
    """

    name: str
    play: Play
    words: str | None = None
    only: str = ""
    before: Callable[[Any], None] | None = None
    content: bytes | None = None
    secure: bool = False
    trusted: bool = True
    quick: bool = True


def _says(status: str, body: bytes = b"", **headers: str | int) -> Play:
    def play(asked: Asked) -> None:
        asked.head(status, **{"Content_Length": len(body), **headers})
        asked.send(body)

    return play


def _file(content: bytes, **headers: str | int) -> Play:
    return lambda asked: asked.file(content, **headers)


def _to(location: str) -> Play:
    return lambda asked: asked.to(location)


def _endless(asked: Asked) -> None:
    asked.head()
    flood(asked, CONTENT)


def _endless_chunks(asked: Asked) -> None:
    asked.head(Transfer_Encoding="chunked")
    flood(asked, b"10000\r\n" + bytes(0x10000) + b"\r\n")


def _endless_trailers(asked: Asked) -> None:
    asked.head(Transfer_Encoding="chunked")
    asked.send(f"{SIZE:x}\r\n".encode() + CONTENT + b"\r\n0\r\n")
    drip(asked, b"X-Trailer: yes\r\n", 0.02)


def _endless_notices(asked: Asked) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        asked.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


def _chunks(asked: Asked) -> None:
    asked.head(Transfer_Encoding="chunked", ETag=TAG)
    for k in range(0, SIZE, 50_000):
        piece = CONTENT[k : k + 50_000]
        asked.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    asked.send(b"0\r\n\r\n")


def _bad_chunks(asked: Asked) -> None:
    asked.head(Transfer_Encoding="chunked")
    asked.send(b"zz\r\n" + CONTENT)


def _slow_headers(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\n")
    drip(asked, b"X-Header: yes\r\n")


def _slow_body(asked: Asked) -> None:
    asked.head(Content_Length=SIZE, ETag=TAG)
    drip(asked, CONTENT[:2000])


def _silent(asked: Asked) -> None:
    time.sleep(3)


def _silent_body(asked: Asked) -> None:
    asked.head(Content_Length=SIZE)
    asked.send(CONTENT[:1000])
    time.sleep(3)


def _reset(asked: Asked) -> None:
    asked.head(Content_Length=SIZE)
    asked.send(CONTENT[:1000])
    asked.connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset, no end
    asked.connection.close()


def _many_headers(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\n")
    flood(asked, b"X-Header: yes\r\n" * 100, 2_000_000)


def _long_header(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nX-Header: ")
    flood(asked, b"y" * 10_000, 2_000_000)


def _around(asked: Asked) -> None:
    asked.to("/b" if asked.path != "/b" else "/a")


def _five(asked: Asked) -> None:
    if asked.turn < 5:
        asked.to(f"/{asked.turn}")
    else:
        asked.file()


def _log_in(asked: Asked) -> None:
    if asked.path != "/in":
        asked.to("/in")
    else:
        _says("200 OK", PAGE, Content_Type="text/html")(asked)


def _all_aspart_for(asked: Asked) -> None:
    asked.head(PARTIAL, Content_Length=SIZE, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}")


def _two_lengths(asked: Asked) -> None:
    asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {SIZE}\r\n\r\n".encode())
    asked.send(CONTENT)


def _all_as_part(asked: Asked) -> None:
    asked.head(PARTIAL, Content_Length=SIZE, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}")


def part_for(status: str, given: str, body: bytes, **headers: str | int) -> Play:
    """To a question for the rest this, else the file."""

    def play(asked: Asked) -> None:
        if "range" in asked.headers:
            told = {"Content-Range": given} if given else {}
            asked.head(status, Content_Length=len(body), **{"ETag": TAG, **told, **headers})
            asked.send(body)
        else:
            asked.file()

    return play


def _downgraded(asked: Asked) -> None:
    if asked.turn == 0:
        asked.to(f"{asked.server.url}/file")
    else:
        asked.file()


def _secure(asked: Asked) -> None:
    if asked.turn == 0:
        asked.to(f"{asked.server.secure}/file")
    else:
        asked.file()


PARTIAL = "206 Partial Content"
_BOMB = gzip.compress(bytes(50_000_000))
FAULTS = (
    Fault("nothing", Asked.file),
    Fault("chunks", _chunks),
    Fault("chunks without sizes", _bad_chunks, BROKEN),
    Fault("five redirections", _five),
    Fault("redirected to itself", _to("/same"), "redirected more than 10 times"),
    Fault("redirected in a circle", _around, "redirected more than 10 times"),
    Fault("redirected to a file", _to("file:///etc/passwd"), "no address of the web"),
    Fault("redirected to ftp", _to("ftp://127.0.0.1/x"), "no address of the web"),
    Fault("redirected to data", _to("data:text/plain,x"), "no address of the web"),
    Fault("redirected to nowhere", _says("302 Found"), "the server answers 302"),
    Fault("redirected to no address", _to("http://[::1/x"), "redirected|[Ii]nvalid"),
    Fault("a log-in page", _says("200 OK", PAGE, Content_Type="text/html; charset=utf-8"), "log-in"),
    Fault("a page of no kind", _says("200 OK", PAGE), OTHER),
    Fault("a page called a file",
          _says("200 OK", b"\n\n" + PAGE, Content_Type="application/octet-stream"), OTHER),
    Fault("an error as JSON",
          _says("200 OK", b'{"error": "quota"}', Content_Type="application/json"), OTHER),
    Fault("redirected to a log-in", _log_in, "log-in"),
    *(Fault(f"status {status}", _says(status), rf"the server answers {status[:3]}")
      for status in ("204 No Content", "304 Not Modified", "400 Bad Request", "401 Unauthorized",
                     "403 Forbidden", "404 Not Found", "429 Too Many Requests", "500 Error", "503 Busy")),
    Fault("all of it as 206", _all_as_part, "another part"),
    Fault("nothing in it", _says("200 OK"), OTHER),
    Fault("a flipped bit",
          _file(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), X_Linked_Etag=f'"{"0" * 64}"'), "was expected"),
    Fault("another file", _file(b"\x89PNG" + CONTENT[4:]), OTHER),
    Fault("a length too small", _file(CONTENT, Content_Length=SIZE - 5000), OTHER, only="checked"),
    Fault("a length too large", _file(CONTENT, Content_Length=SIZE + 1), BROKEN + "|" + TOO_MUCH),
    Fault("a length of terabytes", _file(CONTENT, Content_Length=10**13), TOO_MUCH),
    Fault("a length that is no number", _file(CONTENT, Content_Length="many")),
    Fault("a length below nothing", _file(CONTENT, Content_Length="-5")),
    Fault("two lengths", _two_lengths, ".", only="checked"),
    Fault("packed", _file(gzip.compress(CONTENT), Content_Encoding="gzip"), "comes packed"),
    Fault("a bomb", _says("200 OK", _BOMB, Content_Encoding="gzip"), "comes packed"),
    Fault("packed by brotli", _file(CONTENT, Content_Encoding="br"), "comes packed"),
    Fault("an MD5 that is none", _file(CONTENT, x_goog_hash="md5=!!!!,md5=")),
    Fault("an MD5 of another file",
          _file(CONTENT, x_goog_hash="md5=AAAAAAAAAAAAAAAAAAAAAA=="), "was expected"),
    Fault("an ETag that is no ETag", _file(CONTENT, ETag="\x01\x02{}")),
    Fault("not HTTP", lambda asked: asked.send(b"SSH-2.0-OpenSSH_9.7\r\n" * 10), BROKEN),
    Fault("nothing at all", lambda asked: None, BROKEN),
    Fault("a reset", _reset, BROKEN),
    Fault("headers without end", _many_headers, BROKEN),
    Fault("a header without end", _long_header, BROKEN),
    Fault("a body without end", _endless, TOO_MUCH, quick=False),
    Fault("chunks without end", _endless_chunks, TOO_MUCH, quick=False),
    Fault("trailers without end", _endless_trailers, BROKEN, quick=False),
    Fault("notices without end", _endless_notices, BROKEN, quick=False),
    Fault("headers by the byte", _slow_headers, BROKEN, quick=False),
    Fault("a body by the byte", _slow_body, BROKEN, quick=False),
    Fault("silence", _silent, BROKEN, quick=False),
    Fault("silence in the middle", _silent_body, BROKEN, quick=False),
    Fault("https", Asked.file, secure=True),
    Fault("https nobody trusts",
          Asked.file, "certificate .* is not trusted", secure=True, trusted=False),
    Fault("https, then http", _downgraded, "from https to http", secure=True),
    Fault("http, then https", _secure),
    Fault("http where https is meant", lambda asked: asked.send(b""), BROKEN),
)  # fmt: skip
