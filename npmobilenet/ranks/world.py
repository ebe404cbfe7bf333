"""Ranks: the processes that share one piece of work, and what they tell each other.

ranks = world()                  # all that mpiexec started; one rank, and no MPI, without it
total = ranks.sum(array)         # the same bits on every rank
first, last = ranks.slice(n)     # this rank's part of n things
"""

import platform
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..ops.checks import Array
from .noticing import communicator
from .watch import PATIENCE, Watch, end

MOVES = 2e-3  # seconds between two of them
LATER = 600.0  # seconds for what one rank does alone: compiling, writing, drawing


class Elsewhere(ValueError):
    """What has failed on another rank."""


class Ranks:
    """Processes that do one thing together; one alone where comm is None.

    comm  an mpi4py communicator, or None

    rank is the number of this one, size how many there are, first whether it is the one that writes.
    """

    def __init__(self, comm: Any = None) -> None:
        self.comm = comm
        self.rank: int = comm.rank if comm else 0
        self.size: int = comm.size if comm else 1
        self.first = self.rank == 0
        self.hosts = comm.allgather(platform.node()) if comm else [platform.node()]
        self.watch = Watch(comm.Dup(), self.hosts) if self.size > 1 else None
        self.moving = threading.Event()  # sums are under way
        if self.size > 1:
            threading.Thread(target=self._move, name="npmobilenet-moving", daemon=True).start()

    def _move(self) -> None:
        """MPI moves messages when it is called: call it again and again while there are any."""
        while self.moving.wait():
            self.comm.Iprobe()
            time.sleep(MOVES)

    def slice(self, count: int) -> tuple[int, int]:
        """First and last + 1 of the things, of so many, that are this rank's."""
        return self.rank * count // self.size, (self.rank + 1) * count // self.size

    def sum(self, array: Array) -> Array:
        """The sum of all ranks' arrays, in float64: the same bits on all, and the same in each run."""
        total = np.array(array, np.float64)
        if self.comm:
            from mpi4py import MPI

            with self.waiting():
                self.comm.Allreduce(MPI.IN_PLACE, total)
        return total

    def start_sum(self, array: Array) -> Any:
        """Begin to sum an array in place; Wait() of what is returned waits for the sum."""
        if self.comm is None:
            return Done()
        from mpi4py import MPI

        return self.comm.Iallreduce(MPI.IN_PLACE, array)

    def any(self, here: bool) -> bool:
        """Whether something is so on any rank."""
        return bool(self.sum(np.array([here]))[0]) if self.comm else here

    def gather(self, thing: Any) -> list[Any]:
        """What each rank has, in their order, on all of them."""
        if not self.comm:
            return [thing]
        with self.waiting():
            return list(self.comm.allgather(thing))

    def from_first(self, thing: Any) -> Any:
        """What the first rank has, on all of them."""
        if not self.comm:
            return thing
        with self.waiting():
            return self.comm.bcast(thing)

    def in_turn(self, own: Iterator[Any], count: int) -> Iterator[Any]:
        """Of so many things rank r has numbers r, r + size and so on: on the first rank all, in order.

        The others hand theirs over, and get none.
        """
        for number in range(count):
            rank = number % self.size
            if self.first:
                yield next(own) if rank == 0 else self.comm.recv(source=rank)
            elif rank == self.rank:
                self.comm.send(next(own), dest=0)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around what waits for the other ranks."""
        if self.watch is None:
            yield
            return
        self.watch.arrive()
        try:
            yield
        finally:
            self.watch.leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Around what a rank does alone while the others wait, and which may take its time."""
        before = self.watch.patience if self.watch else 0.0
        if self.watch:
            self.watch.patience = LATER
        try:
            yield
        finally:
            if self.watch:
                self.watch.patience = before

    def hurry(self, step: float) -> None:
        """From now on a rank that is late hangs; step: seconds that a step takes at most."""
        if self.watch:
            self.watch.patience = max(PATIENCE, 5 * step)

    @contextmanager
    def agreeing(self) -> Iterator[None]:
        """What fails in here on one rank fails on all; the first one's error says on which, and why.

        An error of the first rank is raised there as it is.
        """
        failed: BaseException | None = None
        try:
            yield
        except BaseException as error:
            failed = error
        if self.any(failed is not None):
            said = self.gather(None if failed is None else (type(failed).__name__, str(failed)))
            if failed is None or (self.first and not isinstance(failed, KeyboardInterrupt)):
                ours = [(rank, what) for rank, what in enumerate(said) if what]
                failed = failed or self._elsewhere(*ours[0])
        if failed is not None:
            raise failed

    def _elsewhere(self, rank: int, what: tuple[str, str]) -> BaseException:
        if what[0] == "KeyboardInterrupt":
            return KeyboardInterrupt()
        return Elsewhere(f"rank {rank} on {self.hosts[rank]}: {what[1] or what[0]}")

    def require_same(self, facts: Mapping[str, Any]) -> None:
        """ValueError that names the first thing in which a rank differs from the first one, and the rank.

        facts: by name what must be the same, things of which repr tells all.
        """
        own = {name: repr(value) for name, value in facts.items()}
        if len(set(self.gather(zlib.crc32(repr(own).encode(errors="backslashreplace"))))) == 1:
            return
        said = self.gather(own)
        for rank, theirs in enumerate(said):
            for name in said[0] | theirs:
                value = said[0].get(name)
                if theirs.get(name) != value:
                    raise ValueError(
                        f"{name} is {_short(theirs.get(name))} on rank {rank} ({self.hosts[rank]}), "
                        f"but {_short(value)} on rank 0 ({self.hosts[0]})"
                    )

    def close(self) -> None:
        """The work is done: wait for all, and watch no more."""
        if self.watch is not None:
            with self.waiting():
                self.comm.Barrier()
            self.watch.close()
            self.watch = None

    def guard(self, text: str, code: int, who: str = "npmobilenet") -> None:
        """The end of this process, and so of all ranks, by an error.

        The first rank speaks.  Another one waits a moment: where the first has failed too, so has it.
        """
        if not self.first:
            time.sleep(1 + self.rank / self.size)
            who = f"{who}: rank {self.rank} on {self.hosts[self.rank]}"
        end(f"{who}: {text}" if text else "", code)


class Done:
    """The sum over one rank."""

    def Wait(self) -> bool:
        """It is done."""
        return True


def world() -> Ranks:
    """All ranks that were started together; just this process where none were."""
    return Ranks(communicator())


def _short(text: str | None) -> str:
    return "nothing" if text is None else text if len(text) <= 60 else f"{text[:57]}..."
