"""Starts beside a folder of compiled kernels: one in a fork of a server, or programs of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..children import HUNG, Ended, environment
from .damages import mark
from .subject import LIMIT, SAID

_RUN = "import sys; from benchmarks.reliability.kernel_cache.subject import main; main(sys.argv[1])"
PROGRAM = (sys.executable, "-P", "-c", _RUN)


@dataclass(frozen=True)
class Start:
    """What one start did: its exit code, what it said besides, its bits, and what it compiled."""

    code: int | str
    said: str
    bits: str = ""
    compiled: tuple[str, ...] = ()

    @classmethod
    def of(cls, code: int | str, said: str) -> Start:
        """Of what it wrote to standard error."""
        lines = said.splitlines()
        found = [line for line in lines if line.startswith(SAID)]
        rest = "\n".join(line for line in lines if not line.startswith(SAID))
        if not found:
            return cls(code, rest)
        answer: dict[str, Any] = json.loads(found[-1].removeprefix(SAID))
        return cls(code, rest, answer["bits"], tuple(answer["compiled"]))

    @classmethod
    def ended(cls, program: Ended) -> Start:
        """Of a program."""
        return cls.of(program.code, program.err + program.out)

    def wrong(self, bits: str) -> str:
        """What is wrong with it; "" for nothing.  bits: what it must have computed."""
        if self.code == HUNG or self.code == -14:
            return f"did not end within {LIMIT} s"
        if isinstance(self.code, int) and self.code < 0:
            return f"ended by signal {-self.code}"
        if "Traceback" in self.said or self.code:
            last = self.said.splitlines()[-1:] or [""]
            return f"exit code {self.code}: {last[0][:200]}"
        if self.bits != bits:
            return "other bits"
        foreign = [line for line in self.said.splitlines() if not line.startswith("npmobilenet: ")]
        return f"said {foreign[0][:200]!r}" if foreign else ""


class Server:
    """Forks that start beside a folder; see subject.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "--server"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, what: str, folder: Path) -> Start:
        """One start."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{what} {folder}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Start.of(answer["code"], answer["said"])


@contextmanager
def server() -> Iterator[Server]:
    """One that ends with the block."""
    made = Server()
    try:
        yield made
    finally:
        assert made.process.stdin
        assert made.process.stdout
        made.process.stdin.close()
        made.process.wait(LIMIT)
        made.process.stdout.close()


@contextmanager
def meanwhile(action: Any, pause: float) -> Iterator[None]:
    """That is done again and again by a thread as long as the block runs."""
    end = threading.Event()

    def work() -> None:
        while not end.wait(pause):
            action()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def kernels(base: Path) -> Path:
    """The folder of kernels below NUMBA_CACHE_DIR."""
    (found,) = (base / "npmobilenet").glob("kernels-*")
    return found


def planted(base: Path) -> str:
    """What is wrong afterwards: whether code of a forged file ran, or unfinished files are left."""
    if mark(base).exists():
        return "the code of a forged file ran"
    left = [path.name for path in base.rglob("*.tmp.*")] if base.is_dir() else []
    return f"left {left[0]}" if left else ""


def children(pid: int) -> list[int]:
    """Processes that one has started; none where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
