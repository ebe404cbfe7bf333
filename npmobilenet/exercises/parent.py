"""Asks a learner's file in its child process: with limits, and with whatever happens there as data."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from ..ops.checks import Array
from ..text import printable
from .cases import Case
from .ending import MARK, end
from .exercise import EXERCISES, Exercise
from .messages import packed, received, unpacked
from .pairing import Parameter
from .printed import FLOOD, Printed

CALL, FIRST = 2.0, 10.0  # seconds for a call; for the first, in which Numba may compile
LOAD = 10.0  # seconds for the file
CLOSED = 1.0  # seconds for the end of a process whose answers have ended
LARGEST = 64 * 2**20  # bytes of an answer
ENDED = ("hung", "died", "flooded")  # outcomes after which the process is another
ROOT = str(Path(__file__).parents[2])  # where this package is found
START = """
import json, sys
sys.path.insert(0, sys.argv[1])
from npmobilenet.exercises.child import main
sys.path.remove(sys.argv[1])
sys.path.append(sys.argv[1])
main(sys.argv[2], json.loads(sys.argv[3]))
"""


@dataclass(frozen=True)
class Observed:
    """What a call did: `returned`, `raised`, `not yet`, `hung`, `died` or `flooded`.

    `counted` and `timed` where that was asked.
    """

    outcome: str
    results: dict[str, Array] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)  # outputs that are no arrays of numbers
    said: str = ""  # a sentence, where it did not return
    changed: tuple[str, ...] = ()  # arguments that are no longer what they were
    differ: tuple[str, ...] = ()  # outputs that a second, equal call gave otherwise
    printed: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: tuple[float, ...] = ()  # of each call


class Learner:
    """A learner's file, loaded in a child process; a context manager that leaves no process behind.

    After a call that hung or died the next one starts a new process.
    """

    def __init__(self, file: Path, names: Sequence[str] | None = None) -> None:
        """names: of the functions that are looked for, whatever their parameters (the exercises')."""
        self.file = file
        self.parameters: dict[str, list[str] | None] = (
            {name: list(e.parameters) for name, e in EXERCISES.items()}
            if names is None
            else dict.fromkeys(names)
        )
        self.signatures: dict[
            str, list[Parameter] | None
        ] = {}  # of those whose parameters are asked
        self.mark = uuid4().hex  # of its process, and of all that this starts
        self.process: subprocess.Popen[bytes] | None = None
        self.threads: list[threading.Thread] = []
        self.broken: Observed | None = None  # the file itself cannot be loaded
        self.functions: dict[str, str] = {}  # name -> "", "missing", or what is wrong with it
        self.limited = True  # whether the system limits memory
        self.seen: set[tuple[str, ...]] = set()
        self._output = Printed()

    def __enter__(self) -> Learner:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def ask(
        self, exercise: Exercise, case: Case, *, twice: bool = False, limit: float | None = None
    ) -> Observed:
        """Call the learner's function with a case's arguments.  limit: seconds instead of the usual."""
        expected = [8 * a.size for a in exercise.reference(**case.arguments).values()]
        asked = {"outputs": list(exercise.outputs), "expected": expected, "twice": twice}
        return self.call(exercise.name, case.arguments, asked, limit)

    def call(
        self,
        name: str,
        arguments: dict[str, Any],
        asked: dict[str, Any],
        limit: float | None = None,
    ) -> Observed:
        """The same for any question that the child understands."""
        if self.process is None:
            self._start()
            if self.broken:  # it could be loaded before
                return self.broken
        kinds = (name, *(f"{type(v)}{getattr(v, 'ndim', '')}" for v in arguments.values()))
        usual = CALL if kinds in self.seen else FIRST
        self.seen.add(kinds)
        self._output.begin()
        self._send(packed({"name": name, "arguments": arguments, **asked}))
        found = self._answer(usual if limit is None else limit)
        return found if isinstance(found, Observed) else self._observed(found)

    def count(self, exercise: Exercise, case: Case) -> Observed:
        """What the function multiplies, in `counts`; or that it raised, on numbers that count."""
        return self.call(exercise.name, case.arguments, {"count": True})

    def time(self, exercise: Exercise, case: Case, seconds: float, limit: float) -> Observed:
        """How long calls take, as many as fit into `seconds`, in `seconds`; at least one."""
        return self.call(exercise.name, case.arguments, {"time": seconds}, limit)

    def close(self) -> None:
        """End the child and all it has started."""
        process, self.process = self.process, None
        if process is None:
            return
        end(process, self.mark)
        for thread in self.threads:
            with suppress(RuntimeError):  # Ctrl-C may come before it is started
                thread.join(1)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _start(self) -> None:
        command = [
            sys.executable,
            "-P",
            "-c",
            START,
            ROOT,
            str(self.file.resolve()),
            json.dumps(self.parameters),
        ]
        pipe = subprocess.PIPE
        settings = {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", MARK: self.mark}
        self.process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=os.environ | settings,
            start_new_session=True,
        )
        self.answers: queue.SimpleQueue[bytes | str | None] = queue.SimpleQueue()
        self._output = Printed()
        work = (
            (_listen, self.process.stdout, self.answers),
            (self._output.read, self.process.stderr),
        )
        self.threads = [
            threading.Thread(target=do, args=arguments, daemon=True) for do, *arguments in work
        ]
        for thread in self.threads:
            thread.start()
        hello = self._answer(LOAD)
        if isinstance(hello, Observed):
            self.broken = hello
        elif "broken" in hello:
            self.broken = self._observed(hello["broken"])
        else:
            self.broken, self.functions, self.limited = None, hello["functions"], hello["limited"]
            self.signatures = hello["signatures"]

    def _send(self, message: bytes) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        with suppress(OSError):  # it has died: the missing answer says so
            self.process.stdin.write(message)
            self.process.stdin.flush()

    def _answer(self, limit: float) -> dict[str, Any] | Observed:
        """The next answer within the time; what happened instead, where there is none."""
        waited = 0.0
        while True:
            try:
                message = self.answers.get(timeout=0.1)
                break
            except queue.Empty:
                waited += 0.1
            if self._output.flooded.is_set():
                return self._ended("flooded", f"it printed more than {FLOOD // 2**20} MB")
            if waited >= limit:
                return self._ended("hung", f"it did not end within {limit:g} s")
        if isinstance(message, bytes):
            try:
                return dict(unpacked(message))
            except (ValueError, KeyError, TypeError, IndexError):
                message = "its answer cannot be read"
        if message is not None:
            return self._ended("died", message)
        assert self.process is not None
        try:
            code = self.process.wait(CLOSED)
        except subprocess.TimeoutExpired:
            return self._ended("died", "it closed its own output")
        return self._ended("died", _death(code))

    def _ended(self, outcome: str, said: str) -> Observed:
        self.close()
        return Observed(outcome, said=said, printed=self._output.text())

    def _observed(self, found: dict[str, Any]) -> Observed:
        """An answer as a record."""
        outcome = found.get("outcome")
        printed = self._output.text()
        if outcome == "counted":
            return Observed("counted", counts={k: v for k, v in found.items() if k != "outcome"})
        if outcome == "timed":
            return Observed("timed", seconds=tuple(found["seconds"]), printed=printed)
        if outcome == "raised":
            kind = found["kind"]
            said = _saying(found, self.file.name)
            outcome = "not yet" if kind == "NotImplementedError" else "raised"
            return Observed(outcome, said=said, printed=printed)
        return returned(found, printed)


def returned(found: dict[str, Any], printed: str = "") -> Observed:
    """What a call gave that came back."""
    results = found["results"]
    return Observed(
        "returned",
        {name: v for name, v in results.items() if not isinstance(v, str)},
        {name: v for name, v in results.items() if isinstance(v, str)},
        changed=tuple(found.get("changed", ())),
        differ=tuple(found.get("differ", ())),
        printed=printed,
    )


def _listen(stream: Any, answers: queue.SimpleQueue[bytes | str | None]) -> None:
    """Answers into a queue, from which they can be taken within a time; None at the end."""
    message: bytes | None = b""
    while message is not None:
        try:
            message = received(stream, LARGEST)
        except (OSError, ValueError):
            answers.put("its answer cannot be read")
            return
        answers.put(message)


def _saying(found: dict[str, Any], file: str) -> str:
    """An error in one line, with the place in the learner's file."""
    kind, text = printable(found["kind"]), printable(found["text"])
    where = f" ({file}, line {found['line']})" if found["line"] else ""
    if kind == "SystemExit":
        return f"it calls sys.exit, which ends the program{where}"
    if kind == "NotImplementedError" and found["in"]:
        return f"{found['in']} raises NotImplementedError{where}"
    return f"it raises {kind}{': ' if text else ''}{text}{where}"


def _death(code: int) -> str:
    """How a process ended by itself."""
    if code >= 0:
        return f"it ends the whole program, with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"it crashed the whole program ({name})"
