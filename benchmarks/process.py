"""The other side of `benchmarks.worker`: starting engines, asking them, keeping the idle ones still."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from .peers import Peer

ROOT = Path(__file__).parent.parent


class PeerError(Exception):
    """An engine that failed; what it said."""


def environment(peer: Peer, threads: int, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Of a worker: no library starts more threads than are compared."""
    counts = ("OMP", "NUMBA", "OPENBLAS", "MKL")
    limits = {f"{name}_NUM_THREADS": str(peer.threads or threads) for name in counts}
    return os.environ | limits | peer.environment | (extra or {})


def command(peer: Peer, folder: Path, threads: int) -> list[str]:
    """That starts a worker."""
    words = [peer.load, str(folder), str(peer.threads or threads)]
    return [sys.executable, "-m", "benchmarks.worker", *words]


class Worker:
    """A running engine."""

    def __init__(self, peer: Peer, folder: Path, threads: int) -> None:
        self.peer = peer
        self._start(command(peer, folder, threads), environment(peer, threads))

    def _start(self, words: list[str], environment: dict[str, str]) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the worker)
        self.process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            bufsize=1,
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Its answer; PeerError if it fails."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):  # then its last words say why
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        line = self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def pause(self) -> None:
        """Stop it: threads that wait for the next call by spinning would take the others' cores."""
        if hasattr(signal, "SIGSTOP"):
            self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        if hasattr(signal, "SIGCONT"):
            self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.resume()
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def _last_words(self) -> str:
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"it ended with code {self.process.returncode}"


def time_to_first(
    peer: Peer, folder: Path, threads: int, extra: dict[str, str] | None = None
) -> float:
    """Seconds from the start of a fresh process to the end of its first call; PeerError if it fails."""
    words = [*command(peer, folder, threads), "--once"]
    return seconds_to_answer(words, environment(peer, threads, extra))


def seconds_to_answer(words: list[str], environment: dict[str, str]) -> float:
    """Seconds from the start of a process to its first line; PeerError if that is an error."""
    started = time.perf_counter()
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    answer = json.loads(line) if line else {"error": f"it ended with code {process.returncode}"}
    if "error" in answer:
        raise PeerError(answer["error"])
    return seconds
