"""A fork waits until no other thread is in the middle of an import or a compilation, or ends.

Python gives a forked child the locks of modules as they were: one that another thread was importing is
locked there for ever, by a thread that is not in the child, and whoever needs that module hangs.  Much of
this package, and Numba with it, is imported when it is first used, by whichever thread that is.  So it is
with a compiler that another thread was using: its locks, and half of what it was making.

Everything is taken at once or not at all, for who imports may need the compiler and the other way round.

And the fork waits for threads that are ending.  When one ends, the C library looks its functions up among
all code that was ever compiled, and holds a lock meanwhile which compiling needs as well.  That lock can
neither be taken here nor freed in the child; but who holds it is running, and for milliseconds at most.
"""

import _imp
import logging  # noqa: F401  (hooks run backwards: its lock, which imports need, is taken after our wait)
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import _bootstrap
from typing import Any

PATIENCE = 120.0  # seconds, after which the fork takes place nevertheless
TURN = 0.05  # of one lock, before all are given back
MOMENT = 1.0  # that threads may take to end, on a machine that has much to do
ENDING = 20_000_000  # nanoseconds of a processor: more than any of them needs
ROUNDS = 50  # in which a thread is seen that Python knows and `threading` does not, and never will
TASKS = "/proc/self/task"
waited_for: list[Callable[[], Iterable[Any]]] = []  # each gives locks that a fork takes
_holding = threading.local()


def importing() -> bool:
    """Whether another thread imports a module just now."""
    own, found = threading.get_ident(), False
    with suppress(KeyError, TypeError):  # another Python may keep them elsewhere
        locks = vars(_bootstrap)["_module_locks"]
        owners = (getattr(reference(), "owner", None) for reference in list(locks.values()))
        found = any(owner not in (None, own) for owner in owners)
    return found


class Ending:
    """Whether another thread may be ending, asked again and again until none is.

    It is asked with the lock that every thread of `threading` takes first when it ends: none begins to.
    A thread that runs and is none of these is ending, or is a library's and works; that one shows by how
    long it has worked since.
    """

    def __init__(self) -> None:
        self._end = time.monotonic() + MOMENT
        self._unknown: Counter[int] = Counter()  # in how many rounds each was seen
        self._worked: dict[str, int] = {}  # how long each had worked when it was first seen

    def __call__(self) -> bool:
        if time.monotonic() > self._end:
            return False
        living = threading.enumerate()
        known = {threading.get_ident(), *(thread.ident for thread in living)}
        unknown = [ident for ident in sys._current_frames() if ident not in known]
        self._unknown.update(unknown)
        found = any(self._unknown[ident] < ROUNDS for ident in unknown)
        with suppress(OSError):  # no such folder: another system
            own = {threading.get_native_id(), *(thread.native_id for thread in living)}
            tasks = [task for task in os.listdir(TASKS) if int(task) not in own]
            found = sum(self._at_work(task) for task in tasks) > 0 or found
        return found

    def _at_work(self, task: str) -> bool:
        try:
            with open(f"{TASKS}/{task}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0] == b"S":  # it rests
                    return False
            with open(f"{TASKS}/{task}/schedstat", "rb") as file:
                worked = int(file.read().split()[0])
        except (OSError, ValueError, IndexError):  # it is gone, or the system counts nothing
            return False
        return worked - self._worked.setdefault(task, worked) < ENDING


def _beginning_and_ending() -> Iterable[Any]:
    """The lock of who starts or ends a thread; another Python may keep it elsewhere."""
    with suppress(KeyError):
        yield vars(threading)["_active_limbo_lock"]


def _taken(ending: Callable[[], bool]) -> bool:
    """Take all locks; whether nobody is at work then.  Nobody begins to import or to end after that."""
    _holding.locks, every = [], True
    for lock in [lock for locks in (*waited_for, _beginning_and_ending) for lock in locks()]:
        every = every and lock.acquire(timeout=TURN)
        if every:
            _holding.locks.append(lock)
    _imp.acquire_lock()
    return every and not importing() and not ending()


def _before() -> None:
    end, ending = time.monotonic() + PATIENCE, Ending()
    while not _taken(ending) and time.monotonic() < end:
        _after()
        time.sleep(0.001)


def _after() -> None:
    with suppress(RuntimeError):  # Python may have freed it in the child
        _imp.release_lock()
    for lock in reversed(getattr(_holding, "locks", ())):
        lock.release()
    _holding.locks = []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
