"""A fork waits until no other thread is in the middle of an import.

Python gives a forked child the locks of modules as they were: one that another thread was importing is
locked there for ever, by a thread that is not in the child, and whoever needs that module hangs.  Much of
this package, and Numba with it, is imported when it is first used, by whichever thread that is.
"""

import _imp
import os
import threading
import time
from contextlib import suppress
from importlib import _bootstrap

PATIENCE = 60.0  # seconds, after which the fork takes place nevertheless
_holding = threading.local()


def importing() -> bool:
    """Whether another thread imports a module just now."""
    own, found = threading.get_ident(), False
    with suppress(KeyError, TypeError):  # another Python may keep them elsewhere
        locks = vars(_bootstrap)["_module_locks"]
        owners = (getattr(reference(), "owner", None) for reference in list(locks.values()))
        found = any(owner not in (None, own) for owner in owners)
    return found


def _before() -> None:
    """Nobody begins an import from here on; who is at one may finish it."""
    end = time.monotonic() + PATIENCE
    _imp.acquire_lock()
    while importing() and time.monotonic() < end:
        _imp.release_lock()
        time.sleep(0.001)
        _imp.acquire_lock()
    _holding.lock = True


def _after() -> None:
    if getattr(_holding, "lock", False):
        _holding.lock = False
        with suppress(RuntimeError):  # Python has freed it in the child
            _imp.release_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
