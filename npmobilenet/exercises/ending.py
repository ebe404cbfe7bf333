"""Ends a child process and all that it has started, wherever that has gone."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = (
    "NPMOBILENET_EXERCISES"  # a variable of the child's environment, which what it starts inherits
)


def end(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill the process, its group and, where the system shows environments, all with this mark."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
    process.wait()
    for _ in range(10):  # one may have started another in the meantime
        found = list(_marked(mark))
        for number in found:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        if not found:
            return


def _marked(mark: str) -> Iterator[int]:
    """Processes of the mark: those that left the group, and whose parent may be gone (Linux)."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or just ended
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
