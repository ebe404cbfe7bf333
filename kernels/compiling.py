"""Compiling a kernel on its first call, and never running a stale one.

    @compiled
    def numba_forward(x, w, y): ...

is the plain Python function until somebody calls it.  Only then is Numba imported and the function
compiled, so that everything else works where Numba is absent and `import npmobilenet` stays quick.

Numba keeps compiled kernels on disk and compiles again when the file of the kernel changes, but it
does not notice an edit of a helper in another file.  keeping.py and store.py do.
"""

import gc
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from contextlib import contextmanager, suppress
from operator import attrgetter
from types import FunctionType
from typing import Any

from . import forking, keeping

# a file's kernels by the rung they are of, in one order; they write into arrays handed to them
Rungs = dict[str, tuple[Callable[..., None], ...]]

prange = range  # in the plain function; the compiled one sees numba.prange under this name

# contract: a*b + c may round once instead of twice (one FMA).  Nothing else is relaxed: sums keep
# their order, so 1 and 2 threads give the same bits, and NaN and infinity behave as IEEE 754 says.
RELAXED = {"contract"}

# Only the loops written with prange run in parallel.  Numba would also turn every small array
# expression into a parallel region of its own: slower to compile, and slower to run.
_ONLY_PRANGE = {"prange": True} | dict.fromkeys(
    ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"), False
)

_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def lock() -> Any:
    """A lock for one thread at a time, which may take it again; in a forked child nobody holds it."""
    made = threading.RLock()
    _locks.add(made)
    return made


busy = lock()  # of whoever compiles
_turn = lock()  # of a kernel on several threads, where the library of threads needs it
_kernels: weakref.WeakSet[Any] = weakref.WeakSet()
_listening = False
_alone = False  # whether this process is a forked child that must not start threads


def say(text: str) -> None:
    """A line on standard error, where there is one: `print` would take standard output instead."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # closed, or read by nobody any more
            print(f"npmobilenet: {text}", file=sys.stderr)


def announce(kernel: str) -> None:
    """Called before each compilation with the kernel's name.  Says so once, on stderr."""
    global _announced
    if not _announced:
        _announced = True
        say(f"compiling kernels for this CPU ({keeping.place()}) ...")


_announced = False
on_compile = announce  # a caller with a progress display puts its own function here


class compiled:
    """The function itself, compiled by Numba when first called; see the module's docstring."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function  # for inspect.signature and help()
        self._run = None
        _kernels.add(self)

    def __call__(self, *arguments):
        run = self._run
        if run is None:
            with busy:
                run = self._run = self._run or _compile(self.function)
        return run(*arguments)


def _compile(function):
    # A thread that has done its share waits for the others by spinning.  GNU OpenMP spins for several
    # milliseconds, on a core that a late thread may need: on a busy machine everything runs several
    # times slower.  Half a millisecond bridges the gap to the next kernel as well.  It is read when the
    # threads start, and a setting of the user's stays.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    import numba

    _listen()
    parallel = "prange" in function.__code__.co_names
    together = parallel and not _alone
    names = {**function.__globals__, "prange": numba.prange}
    parts = function.__name__, function.__defaults__, function.__closure__
    twin = FunctionType(function.__code__, names, *parts)
    # the two are kept side by side, and must not be taken for each other
    twin.__qualname__ = function.__qualname__ + ".alone" * (parallel and _alone)
    jit = numba.njit(
        parallel=together and _ONLY_PRANGE, fastmath=RELAXED, error_model="numpy", nogil=True
    )
    dispatcher = jit(twin)
    keep(dispatcher, twin)
    # two Python threads at once in that library would end the process
    if together and threads() and numba.threading_layer() == "workqueue":
        return lambda *arguments: _in_turn(dispatcher, arguments)
    return dispatcher


def threads() -> int:
    """How many threads Numba's kernels run on; starts them, which settles the library they are of.

    ValueError, in one line, where that cannot be the one that NUMBA_THREADING_LAYER asks for.
    """
    import numba

    try:
        return int(numba.get_num_threads())
    except ValueError as error:
        raise ValueError(
            f"numba cannot start its threads: {' '.join(str(error).split())}"
        ) from None


def _in_turn(dispatcher, arguments):
    with _turn:
        return dispatcher(*arguments)


def _compilers():
    """The locks of those who compile: ours, Numba's, and LLVM's where it is told apart."""
    yield busy
    for module, path in (
        ("numba.core.compiler_lock", "global_compiler_lock"),
        ("llvmlite.binding.ffi", "lib._lock"),
    ):
        with suppress(AttributeError, KeyError):  # not imported, or another version
            yield attrgetter(f"{path}._lock")(sys.modules[module])


def _forked():
    """In a child: nobody else is here who could hold a lock, and GNU OpenMP's threads are gone.

    OpenMP would end the child that calls them.  Its kernels are compiled for one thread instead; they
    give the same bits, for how the work is cut does not depend on threads.
    """
    global _alone
    for held in {*_locks, *_compilers()}:
        if not held._is_owned():  # what this thread holds, it goes on holding
            held._at_fork_reinit()
    try:
        _alone = _alone or sys.modules["numba"].threading_layer() == "omp"
    except (AttributeError, KeyError, ValueError):  # Numba's threads were never started
        return
    if _alone:
        for kernel in list(_kernels):
            kernel._run = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
    forking.waited_for.append(_compilers)


_counting = lock()
_rarely = 0  # threads that want it
_often = [0, 0, 0]  # what is set otherwise


@contextmanager
def collecting_rarely():
    """Python looks less often for garbage: loading Numba makes half a million objects that stay.

    It is one setting for all threads: the first one here changes it, the last one restores it.
    """
    global _rarely
    with _counting:
        if not _rarely:
            _often[:] = gc.get_threshold()
            gc.set_threshold(max(_often[0], 100_000) if _often[0] else 0, *_often[1:])
        _rarely += 1
    try:
        yield
    finally:
        with _counting:
            _rarely -= 1
            if not _rarely:
                gc.set_threshold(*_often)


def keep(code, function):
    """What Numba compiles is kept in our folder and read from it, where there is one."""
    from .store import Store

    place = keeping.place()
    if place.folder:
        code._cache = Store(function, place)


def title_of(function):
    """Its name below this folder: "conv.numba_forward", "simd.infer.depthwise.window_3_1"."""
    return f"{function.__module__.removeprefix(__package__ + '.')}.{function.__qualname__}"


def _listen():
    """Report real compilations of our kernels; loading one from disk is not one."""
    global _listening
    if _listening:
        return
    from numba.core import event

    # said where nothing can be written; threads of this process alone need no lock between processes
    warnings.filterwarnings("ignore", "Could not obtain multiprocessing lock")

    class Listener(event.Listener):
        def on_start(self, happening):
            function = happening.data["dispatcher"].py_func
            if (function.__module__ or "").startswith(__package__):  # code of exec has none
                on_compile(title_of(function))

        def on_end(self, happening):
            pass

    event.register("numba:compile", Listener())
    _listening = True
