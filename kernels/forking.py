"""A fork waits until no other thread is in the middle of an import or a compilation.

Python gives a forked child the locks of modules as they were: one that another thread was importing is
locked there for ever, by a thread that is not in the child, and whoever needs that module hangs.  Much of
this package, and Numba with it, is imported when it is first used, by whichever thread that is.  So it is
with a compiler that another thread was using: its locks, and half of what it was making.

Everything is taken at once or not at all, for who imports may need the compiler and the other way round.
"""

import _imp
import logging  # noqa: F401  (hooks run backwards: its lock, which imports need, is taken after our wait)
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import _bootstrap
from typing import Any

PATIENCE = 120.0  # seconds, after which the fork takes place nevertheless
TURN = 0.05  # of one lock, before all are given back
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


def _taken() -> bool:
    """Take all locks; whether nobody is at work then.  Nobody can begin an import after that."""
    _holding.locks, every = [], True
    for lock in [lock for locks in waited_for for lock in locks()]:
        every = every and lock.acquire(timeout=TURN)
        if every:
            _holding.locks.append(lock)
    _imp.acquire_lock()
    return every and not importing()


def _before() -> None:
    end = time.monotonic() + PATIENCE
    while not _taken() and time.monotonic() < end:
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
