"""Routines compiled by two processes: what one has compiled, the other finds on disk.

Numba compiles one function at a time in a process.  A network needs some twenty routines, each for
itself, so a second process on another core can compile half of them:

    code = written(program.finish)     # asks routines for their addresses

If a routine is not on disk, `finish` is called once more for the names alone, to learn which routines it
will ask for.  Both processes go through the list, one from either end, and claim each routine by making
a file of its name.  Should the second process fail, the first compiles what is missing when it needs it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from . import keeping
from .routines import NotKept, asking, known

Written = TypeVar("Written")
FEWEST = 4  # routines that are worth a second process, which takes a second to start
PATIENCE = 10.0  # seconds that it may take longer than the first one
START = (
    "from npmobilenet.kernels.sharing import help_with; import sys; "
    "help_with(sys.argv[1], sys.argv[2:])"
)
# names of Python itself; in a frozen or embedding application sys.executable is the application
_PYTHON = re.compile(r"(python|pypy)w?[\d.]*t?d?(-dbg|_d)?(\.exe)?", re.IGNORECASE)


def written(write: Callable[[], Written]) -> Written:
    """What `write` returns; routines that it asks for are compiled first, by two processes."""
    try:
        with asking("kept"):
            return write()
    except NotKept:
        with asking("names") as asked:
            write()
        share(list(dict.fromkeys(asked)))
    return write()


def share(routines: list[Any]) -> None:
    """Load or compile routines, half of them in a second process where there can be one.

    None is promised: what nobody has compiled is compiled by whoever asks for its address.
    """
    if not _worth_it(routines):
        return
    try:
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    except OSError:  # nowhere to write
        return
    with folder as claims, _helper(claims, routines) as wait:
        own = [
            routine for routine in routines if _claimed(claims, routine.title) and routine.address
        ]
        if len(own) < len(routines):
            wait()


def help_with(claims: str, names: Iterable[str]) -> None:
    """What the second process does; names are module:title.  Without the first one it ends."""
    first = os.getppid()
    for name in names:
        if os.getppid() != first:
            return
        module, _, title = name.partition(":")
        import_module(module)
        if _claimed(claims, title):
            known[title].address  # noqa: B018


def _worth_it(routines: list[Any]) -> bool:
    """Whether a second process is worth its start, can hand over what it does, and would be Python."""
    if len(routines) < FEWEST or cores() < 2 or not keeping.place().writable:
        return False
    name = Path(sys.executable or "").name
    return not getattr(sys, "frozen", False) and _PYTHON.fullmatch(name) is not None


@contextmanager
def _helper(claims: str, routines: list[Any]) -> Iterator[Callable[[], object]]:
    """A second process at work from the other end; gives the function that waits for it."""
    names = [f"{routine.function.__module__}:{routine.title}" for routine in reversed(routines)]
    nobody, started = subprocess.DEVNULL, time.monotonic()
    try:
        process = subprocess.Popen(
            [*_python(), claims, *names], stdin=nobody, stdout=nobody, stderr=nobody,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except Exception:  # a sandbox may raise anything: then this process compiles alone
        yield lambda: None
        return

    def wait() -> None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(time.monotonic() - started + PATIENCE)

    try:
        yield wait
    finally:
        process.kill()
        wait()


def _python() -> list[str]:
    """This Python, about to run START with this one's modules, and none from the current folder.

    That folder is in sys.path at a prompt and in a notebook, where it comes after whatever was imported
    at the start; a json.py in it would now come first.
    """
    flags = {
        "-I": sys.flags.isolated,
        "-E": sys.flags.ignore_environment,
        "-s": sys.flags.no_user_site,
        "-S": sys.flags.no_site,
        "-B": sys.dont_write_bytecode,
    }
    here = os.path.realpath(".")
    texts = (entry for entry in sys.path if isinstance(entry, str))  # Python passes others over
    path = [entry for entry in texts if os.path.realpath(entry or ".") != here]
    path.append(str(Path(import_module("npmobilenet").__file__ or "").parent.parent))
    chosen = [flag for flag, is_set in flags.items() if is_set]
    # -P: nothing comes before the standard library
    return [sys.executable, "-P", *chosen, "-c", f"import sys; sys.path[:] = {path!r}; {START}"]


def _claimed(claims: str, title: str) -> bool:
    """Whether a routine is now this process's to compile."""
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
