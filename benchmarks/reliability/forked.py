"""The command, thousands of times: each case is a fork of a process that has imported everything.

A child sets its streams, environment and folder up as a shell and Python's start would, runs
the verb, and ends as Python ends.  Nothing is computed before a fork, so no threads are lost in it.
"""

from __future__ import annotations

import fcntl
import io
import os
import resource
import selectors
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from .children import HUNG

LARGEST = 10 << 30  # bytes of addresses: who takes more fails, and not this machine with it
MOST_SAID = 64 << 20  # bytes of output that are kept
WARM = ("numpy", "numba", "PIL.Image", "rich.console", "rich.progress", "rich.table")


@dataclass(frozen=True)
class Case:
    """One run of the command.

    stdin, stdout, stderr  "pipe", "closed", "full" (/dev/full), "broken" (nobody reads), "leaves" (the
                           reader goes after its first line), "terminal"; stdin "nothing" (/dev/null)
    encoding               of both streams, as PYTHONIOENCODING has it
    columns                of a terminal
    environment            what is set; None: unset
    folder                 where it runs; gone: that folder is deleted before
    """

    words: tuple[str, ...]
    stdin: str = "nothing"
    stdout: str = "pipe"
    stderr: str = "pipe"
    encoding: str = "utf-8:strict"
    columns: int = 80
    environment: Mapping[str, str | None] = field(default_factory=dict)
    folder: Path | None = None
    gone: bool = False
    timeout: float = 60.0
    act: Callable[[], int] | None = None  # instead of the command

    def __str__(self) -> str:
        usual = Case(())
        names = ("stdin", "stdout", "stderr", "encoding", "columns", "environment", "gone")
        said = {n: getattr(self, n) for n in names if getattr(self, n) != getattr(usual, n)}
        words = " ".join(repr(w) if len(w) < 60 else f"{w[:20]!r}...({len(w)})" for w in self.words)
        return f"{words} {said or ''}".strip()


@dataclass(frozen=True)
class Told:
    """How a case ended: exit code (minus a signal's number) or HUNG; what it said; its memory in MB."""

    code: int | str
    out: bytes
    err: bytes
    peak: int
    seconds: float


def warm() -> None:
    """Import what verbs import, and compute nothing."""
    from npmobilenet.cli import VERBS

    for name in (*WARM, *(f"npmobilenet.cli.{verb}" for verb in VERBS)):
        import_module(name)
    for name in (
        "npmobilenet.weights.by_name", "npmobilenet.predicting.prediction_sheet",
        "npmobilenet.predicting.evaluation", "npmobilenet.training.loop",
        "npmobilenet.training.report.finish", "npmobilenet.training.prepare",
        "npmobilenet.explorer", "npmobilenet.engine", "npmobilenet.datasets.splits",
        "npmobilenet.weights.importing", "npmobilenet.drawing",
    ):  # fmt: skip
        import_module(name)
    with suppress(Exception):
        import_module("matplotlib.figure")
        import_module("matplotlib.backends.backend_agg")
    from PIL import Image

    Image.init()


class _Running:
    """One child, its ends of the pipes, and what came through them."""

    def __init__(self, case: Case) -> None:
        self.case, self.started = case, time.monotonic()
        self.said = {"stdout": bytearray(), "stderr": bytearray()}
        self.ends: dict[int, str] = {}
        theirs = {name: self._end(name, getattr(case, name)) for name in ("stdout", "stderr")}
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _child(case, theirs)  # never comes back
        for fd in theirs.values():
            if fd is not None:
                os.close(fd)

    def _end(self, name: str, kind: str) -> int | None:
        if kind == "closed":
            return None
        if kind == "full":
            return os.open("/dev/full", os.O_WRONLY)
        if kind == "terminal":
            ours, theirs = os.openpty()
            size = struct.pack("HHHH", 24, min(self.case.columns, 65535), 0, 0)
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        else:
            ours, theirs = os.pipe()
        if kind == "broken":
            os.close(ours)
        else:
            self.ends[ours] = name
        return theirs

    def read(self, fd: int) -> bool:
        """Take what is there; False at its end."""
        name = self.ends[fd]
        try:
            data = os.read(fd, 1 << 16)
        except OSError:  # a terminal that nobody holds any more
            data = b""
        if len(self.said[name]) < MOST_SAID:
            self.said[name] += data
        return bool(data) and getattr(self.case, name) != "leaves"


def each(cases: Iterable[Case], at_once: int = 2) -> Iterator[tuple[Case, Told]]:
    """Every case and how it ended, as they end."""
    ahead, running = iter(cases), []  # type: ignore[var-annotated]
    with selectors.DefaultSelector() as chosen:
        while True:
            while len(running) < at_once and (case := next(ahead, None)) is not None:
                one = _Running(case)
                for fd in one.ends:
                    chosen.register(fd, selectors.EVENT_READ, one)
                running.append(one)
            if not running:
                return
            for key, _ in chosen.select(0.02):
                if not key.data.read(key.fd):
                    chosen.unregister(key.fd)
                    os.close(key.fd)
                    del key.data.ends[key.fd]
            for one in list(running):
                if (told := _ended(one, chosen)) is not None:
                    running.remove(one)
                    yield one.case, told


def _ended(one: _Running, chosen: selectors.BaseSelector) -> Told | None:
    late = time.monotonic() - one.started > one.case.timeout
    if late:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
    pid, status, used = os.wait4(one.pid, 0 if late else os.WNOHANG)
    if not pid:
        return None
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(one.pid, signal.SIGKILL)  # whatever it left running
    for fd in list(one.ends):
        os.set_blocking(fd, False)
        with suppress(BlockingIOError):
            while one.read(fd):
                pass
        chosen.unregister(fd)
        os.close(fd)
    code = os.waitstatus_to_exitcode(status)
    out, err = (bytes(one.said[name]) for name in ("stdout", "stderr"))
    return Told(
        HUNG if late else code, out, err, used.ru_maxrss // 1024, time.monotonic() - one.started
    )


def _child(case: Case, ends: Mapping[str, int | None]) -> None:
    """What a shell and Python's start do, the command, and what Python's end does."""
    code = 70
    try:
        os.setsid()
        _settle(case, ends)
        from npmobilenet.cli import main

        try:
            code = case.act() if case.act else main(list(case.words))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        for stream in (sys.stdout, sys.stderr):  # as Python ends: 120 where it cannot be written
            try:
                if stream is not None:
                    stream.flush()
            except Exception:
                code = 120
    finally:
        os._exit(code)


def _settle(case: Case, ends: Mapping[str, int | None]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST, LARGEST))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, value in case.environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if case.stdin == "nothing":
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        end = ends[name]
        if end is None:
            os.close(number)
        else:
            os.dup2(end, number)
    if case.stdin == "closed":
        os.close(0)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        stream = None if getattr(case, name) == "closed" else _opened(case, number)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.closerange(3, 64)
    if case.folder is not None:
        os.chdir(case.folder)
    if case.gone:
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir("../gone")


def _opened(case: Case, number: int) -> Any:
    """A stream as Python opens it."""
    encoding, _, errors = case.encoding.partition(":")
    raw = io.FileIO(number, "rb" if number == 0 else "wb", closefd=False)
    whole: Any = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        whole,
        encoding=encoding,
        errors="backslashreplace" if number == 2 else errors,
        line_buffering=number == 2 or raw.isatty(),
    )
