"""Units compiled by two processes: what one has compiled, the other finds on disk.

Numba compiles one function at a time in a process.  A network needs some twenty units, each for itself,
so a second process on another core can compile half of them:

    program = written(lambda: Writer(plan).write())     # asks units for their addresses

If a unit is not on disk, `write` is called once more for the names alone, to learn which units it will
ask for.  Both processes go through the list, one from either end, and claim each unit by making a file
of its name.  Should the second process fail, the first compiles what is missing when it needs it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from . import compiling

Written = TypeVar("Written")
FEWEST = 4  # units that are worth a second process, which takes a second to start
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from npmobilenet.kernels.sharing import help_with; help_with(sys.argv[2], sys.argv[3:])"
)


def written(write: Callable[[], Written]) -> Written:
    """What `write` returns; units that it asks for are compiled first, by two processes."""
    try:
        with compiling.asking("kept"):
            return write()
    except compiling.NotKept:
        with compiling.asking("names") as asked:
            write()
        compile_all(list(dict.fromkeys(asked)))
    return write()


def compile_all(units: list[Any]) -> None:
    """Load or compile units."""
    with tempfile.TemporaryDirectory() as claims, _helper(claims, units):
        for unit in units:
            if _claimed(claims, unit.title):
                unit.address  # noqa: B018  (asking for it compiles it)


def help_with(claims: str, names: Iterable[str]) -> None:
    """What the second process does; names are module:title."""
    for name in names:
        module, _, title = name.partition(":")
        import_module(module)
        if _claimed(claims, title):
            compiling.units[title].address  # noqa: B018


@contextmanager
def _helper(claims: str, units: list[Any]) -> Iterator[None]:
    """A second process at work from the other end; at the end it is waited for."""
    if len(units) < FEWEST or cores() < 2 or not sys.executable:
        yield
        return
    names = [f"{unit.function.__module__}:{unit.title}" for unit in reversed(units)]
    nobody = subprocess.DEVNULL
    command = [sys.executable, "-c", START, json.dumps(sys.path), claims, *names]
    process = subprocess.Popen(command, stdin=nobody, stdout=nobody, stderr=nobody)
    try:
        yield
        process.wait()
    finally:
        process.kill()
        process.wait()


def _claimed(claims: str, title: str) -> bool:
    """Whether a unit is now this process's to compile."""
    try:
        (Path(claims) / title).touch(exist_ok=False)
    except OSError:
        return False
    return True


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
