"""Programs that are run and watched: how they end, what they say, how much memory they take."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-P", "-m", "npmobilenet")
HUNG = "did not end"
# says on its last line how much memory the command took at most, in kilobytes
_WATCHED = """
import resource, sys
from npmobilenet.cli import main
try:
    code = main(sys.argv[1:])
finally:
    sys.stderr.flush()
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.__stderr__)
sys.exit(code)
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (minus the signal's number), or HUNG where it was killed."""

    code: int | str
    out: str
    err: str
    seconds: float

    @property
    def traceback(self) -> bool:
        """Whether somebody was shown Python's own words."""
        return "Traceback" in self.err or "Traceback" in self.out


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process' environment, with this checkout in front."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


def start(
    words: Iterable[str | Path], env: Mapping[str, str] | None = None, **more: object
) -> subprocess.Popen[bytes]:
    """A program that runs in a process group of its own, with pipes for what it says."""
    piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [str(word) for word in words],
        env=environment(env),
        start_new_session=True,
        **{**piped, **more},
    )


def ended(process: subprocess.Popen[bytes], timeout: float = 120) -> Ended:
    """Wait for its end, which comes at the latest then, and for all of its group."""
    started = time.monotonic()
    code: int | str
    try:
        out, err = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code = HUNG
    said = ((stream or b"").decode(errors="replace") for stream in (out, err))
    return Ended(code, *said, time.monotonic() - started)


def run(words: Iterable[str | Path], timeout: float = 120, **more: object) -> Ended:
    """Start it and wait for its end."""
    return ended(start(words, **more), timeout)  # type: ignore[arg-type]


def command(*words: str | Path, timeout: float = 120, **more: object) -> Ended:
    """The command `npmobilenet` with these words."""
    return run([*COMMAND, *words], timeout, **more)


def watched(*words: str | Path, timeout: float = 120, **more: object) -> tuple[Ended, int]:
    """The same, and how many megabytes it took at most; -1 where it did not come to say so."""
    found = run([sys.executable, "-P", "-c", _WATCHED, *words], timeout, **more)
    said, mark, peak = found.err.rpartition("peak ")
    if not mark:
        return found, -1
    return Ended(found.code, found.out, said.rstrip("\n"), found.seconds), int(peak) // 1024


def together(count: int, words: Iterable[str | Path], **more: object) -> list[Ended]:
    """That many of them, started at once."""
    listed = list(words)
    processes = [start(listed, **more) for _ in range(count)]  # type: ignore[arg-type]
    found: dict[int, Ended] = {}

    def wait(k: int) -> None:
        found[k] = ended(processes[k])

    threads = [threading.Thread(target=wait, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[k] for k in range(count)]
