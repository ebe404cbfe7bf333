"""A server that plays one fault at a time: what it sends is bytes, right or wrong, by hand."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

CONTENT = b"\x89HDF\r\n\x1a\n" + np.random.default_rng(0).bytes(200_000)
LATER = CONTENT[:1000] + np.random.default_rng(1).bytes(
    199_008
)  # another version, of the same size
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TAG = '"first"'


@dataclass
class Asked:
    """A request, and the ways to answer it."""

    path: str
    headers: dict[str, str]
    connection: socket.socket
    server: Server
    turn: int  # of this case, counted from 0

    def send(self, content: bytes) -> None:
        """Bytes, as they are."""
        self.connection.sendall(content)
        self.server.sent += len(content)

    def head(self, status: str = "200 OK", /, **headers: str | int) -> None:
        """A status line and headers; a name's _ is a -."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.send(f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode())

    def file(self, content: bytes = CONTENT, tag: str = TAG, /, **headers: str | int) -> None:
        """The file as an honest server sends it: whole, or the rest of the version that is asked for."""
        told = {"ETag": tag} if tag else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        if wanted and tag and self.headers.get("if-range") == tag:
            start, size = int(wanted[1]), len(content)
            if start >= size:
                self.head("416 Range Not Satisfiable", Content_Length=0)
                return
            told |= {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
            self.head("206 Partial Content", **{"Content_Length": size - start, **told, **headers})
            self.send(content[start:])
        else:
            self.head(**{"Content_Length": len(content), **told, **headers})
            self.send(content)

    def to(self, location: str) -> None:
        """A redirection."""
        self.head("302 Found", Location=location, Content_Length=0)


Play = Callable[[Asked], None]


@dataclass
class Server:
    """What it plays, for whom, and how much it has sent."""

    play: Play = Asked.file
    url: str = ""
    secure: str = ""  # its other address, of https
    sent: int = 0
    asked: list[Asked] = field(default_factory=list)

    def plays(self, play: Play) -> None:
        """Another fault from here on."""
        self.play, self.sent, self.asked = play, 0, []


def _serve(server: Server, listener: socket.socket, context: ssl.SSLContext | None) -> None:
    def answer(connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            connection.settimeout(20)
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                    head += piece
                first, *lines = head.decode("latin-1").split("\r\n")
                pairs = (line.partition(": ") for line in lines if ": " in line)
                headers = {name.lower(): value for name, _, value in pairs}
                path = first.split(" ")[1]
                asked = Asked(path, headers, connection, server, len(server.asked))
                server.asked.append(asked)
                server.play(asked)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def certificate(folder: Path) -> Path | None:
    """A self-made certificate of 127.0.0.1 with its key, by openssl; None where that is not there."""
    file = folder / "own.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += [
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    words += ["-keyout", str(folder / "key.pem"), "-out", str(file)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return file


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """The server, by http and, where openssl is there, by https too."""
    server, listeners = Server(), []
    for secure in (False, True):
        context = None
        if secure:
            pem = certificate(folder)
            if pem is None:
                continue
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem, folder / "key.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        address = f"http{'s' * secure}://127.0.0.1:{listener.getsockname()[1]}"
        server.url, server.secure = (server.url, address) if secure else (address, "")
        threading.Thread(target=_serve, args=(server, listener, context), daemon=True).start()
    try:
        yield server
    finally:
        for listener in listeners:
            listener.close()


def drip(asked: Asked, content: bytes, seconds: float = 0.05, most: float = 15) -> None:
    """A byte at a time, for as long as somebody listens."""
    until = time.monotonic() + most
    while time.monotonic() < until:
        for k in range(len(content)):
            asked.send(content[k : k + 1])
            time.sleep(seconds)


def flood(asked: Asked, piece: bytes, most: int = 300_000_000) -> None:
    """The same again and again, as fast as it goes."""
    for _ in range(most // len(piece)):
        asked.send(piece)
