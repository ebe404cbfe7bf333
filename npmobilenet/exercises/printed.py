"""What a learner's functions print: read all the time, so that they never wait; little of it is kept."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import BinaryIO

SHOWN = 2_000  # characters
FLOOD = 4 * 2**20  # bytes in one call after which it is ended
WAIT = 0.5  # seconds for a mark
MARK = b"\0npmobilenet\0"  # the child writes it behind each call's output


class Printed:
    """The output of one child, call by call."""

    def __init__(self) -> None:
        self.kept, self.count = b"", 0
        self.flooded, self.marked = threading.Event(), threading.Event()
        self.marks = True  # whether marks come: a learner may have closed or replaced the stream

    def begin(self) -> None:
        """What is printed from now on is the next call's."""
        self.kept, self.count = b"", 0
        self.flooded.clear()
        self.marked.clear()

    def read(self, stream: BinaryIO) -> None:
        """Until the end, in a thread of its own."""
        rest = b""
        with suppress(OSError, ValueError):
            while chunk := os.read(stream.fileno(), 65536):
                whole = rest + chunk
                here, found, rest = whole.rpartition(MARK)
                if not found:
                    # perhaps the beginning of a mark
                    cut = next(
                        (n for n in range(len(MARK) - 1, 0, -1) if whole.endswith(MARK[:n])), 0
                    )
                    here, rest = whole[: len(whole) - cut], whole[len(whole) - cut :]
                self._keep(here.replace(MARK, b""))
                if found:
                    self.marked.set()
        self._keep(rest)
        self.marked.set()

    def text(self) -> str:
        """The beginning of what was printed in this call, which has ended."""
        if self.marks:
            self.marks = self.marked.wait(WAIT)
        text = self.kept.decode("utf-8", "replace")
        return text if len(text) <= SHOWN else text[:SHOWN] + "..."

    def _keep(self, data: bytes) -> None:
        if len(self.kept) < 4 * SHOWN:
            self.kept += data[: 4 * SHOWN]
        self.count += len(data)
        if self.count > FLOOD:
            self.flooded.set()
