"""A rank that dies or hangs ends them all, with one message.

Every second a thread of each rank sends the first one, and the first one all others, how many points it
has come to at which ranks wait for one another.  Two things are wrong:

    silence    no message for SILENCE seconds: the process is gone or stopped, or its host is
    hanging    somebody has waited at a point for longer than is patient, and the other has not come to it

The message is written, and the process ends at once: whoever started the ranks ends the others, and a
checkpoint that was being written is one that never was (disk.py).  Where a process is killed,
`mpiexec` mostly sees it first, and says so itself.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import numpy as np

SILENCE = 15.0  # seconds
EVERY = 1.0
PATIENCE = 60.0  # seconds that a rank may be late, or five steps where those are longer
TAG = 7


class Watch:
    """Watches the other ranks from a thread of its own.

    comm  a communicator that nobody else uses
    host  name of each rank's machine, by its number

    `arrive` and `leave` stand around whatever waits for other ranks; `patience` may be changed.
    """

    def __init__(self, comm: Any, hosts: list[str]) -> None:
        self.comm, self.hosts = comm, hosts
        self.at, self.since, self.patience = 0, 0.0, 600.0  # patient until the first step is done
        others = range(1, comm.size) if comm.rank == 0 else range(1)
        self.heard = dict.fromkeys(others, time.monotonic())
        self.seen = dict.fromkeys(others, (0, self.patience))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="npmobilenet-ranks", daemon=True)
        self.thread.start()

    def arrive(self) -> None:
        """This rank is going to wait for the others."""
        self.at, self.since = self.at + 1, time.monotonic()

    def leave(self) -> None:
        """They have come."""
        self.since = 0.0

    def close(self) -> None:
        """Nobody is missed any more; call it where all ranks have just met."""
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        news = np.zeros(2)
        sent: list[tuple[Any, Any]] = []
        while not self.stop.wait(EVERY):
            message = np.array([self.at, self.patience])
            sent = [(r, m) for r, m in sent if not r.Test()]  # what is on its way must be kept
            sent += [(self.comm.Isend(message, rank, TAG), message) for rank in self.heard]
            for rank in self.heard:
                while self.comm.Iprobe(rank, TAG):
                    self.comm.Recv(news, rank, TAG)
                    self.heard[rank] = time.monotonic()
                    self.seen[rank] = int(news[0]), float(news[1])
            for rank in self.heard:
                self._look(rank, time.monotonic())

    def _look(self, rank: int, now: float) -> None:
        who = f"rank {rank} on {self.hosts[rank]}"
        silent, since = now - self.heard[rank], self.since
        if silent > SILENCE:
            self._end(f"{who} has been silent for {silent:.0f} s")
        at, patience = self.seen[rank]
        limit = max(patience, self.patience)
        if since and at < self.at and now - since > limit and silent < 3 * EVERY:
            me = f"rank {self.comm.rank}"
            self._end(f"{who} hangs: {me} has waited for it for {now - since:.0f} s")

    def _end(self, why: str) -> None:
        if self.comm.rank > 1:  # where the first rank is lost, the second one says so
            time.sleep(2)
        end(f"npmobilenet: {why}; all ranks end, and the last checkpoint is whole")


def end(text: str, code: int = 1) -> None:
    """Say it, past whatever hides the output of ranks, and end this process and thereby all of them."""
    with suppress(OSError, ValueError, AttributeError):
        stream = sys.__stderr__
        if text and stream is not None:
            os.write(stream.fileno(), f"{text}\n".encode(errors="backslashreplace"))
    os._exit(code)
