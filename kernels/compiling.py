"""Compiling a kernel on its first call, and never running a stale one.

    @compiled
    def numba_forward(x, w, y): ...

is the plain Python function until somebody calls it.  Only then is Numba imported and the function
compiled, so that everything else works where Numba is absent and `import npmobilenet` stays quick.

Numba keeps compiled kernels on disk and compiles again when the file of the kernel changes, but it
does not notice an edit of a helper in another file.  Here the name of the cache folder is a hash of
every file in this folder: after any edit the kernels start from an empty cache.
"""

import gc
import hashlib
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FunctionType

prange = range  # in the plain function; the compiled one sees numba.prange under this name

# contract: a*b + c may round once instead of twice (one FMA).  Nothing else is relaxed: sums keep
# their order, so 1 and 2 threads give the same bits, and NaN and infinity behave as IEEE 754 says.
_RELAXED = {"contract"}

# Only the loops written with prange run in parallel.  Numba would also turn every small array
# expression into a parallel region of its own: slower to compile, and slower to run.
_ONLY_PRANGE = {"prange": True} | dict.fromkeys(
    ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"), False
)

_lock = threading.RLock()
_listening = False


def announce(kernel: str) -> None:
    """Called before each compilation with the kernel's name.  Says so once, on stderr."""
    global _announced
    if not _announced:
        _announced = True
        print(
            "npmobilenet: compiling kernels for this CPU (kept on disk for next time) ...",
            file=sys.stderr,
        )


_announced = False
on_compile = announce  # a caller with a progress display puts its own function here


def fingerprint() -> str:
    """Hash of every source file of the kernels, whatever their dates say, and of what they read."""
    digest = hashlib.sha256(os.environ.get("NPMOBILENET_LANES", "").encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR if set, else the user's cache folder."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        base = Path(chosen)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "npmobilenet" / f"kernels-{fingerprint()}"


class compiled:
    """The function itself, compiled by Numba when first called; see the module's docstring."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function  # for inspect.signature and help()
        self._dispatcher = None

    def __call__(self, *arguments):
        if self._dispatcher is None:
            with _lock:
                self._dispatcher = self._dispatcher or _compile(self.function)
        return self._dispatcher(*arguments)


def _compile(function):
    # A thread that has done its share waits for the others by spinning.  GNU OpenMP spins for several
    # milliseconds, on a core that a late thread may need: on a busy machine everything runs several
    # times slower.  Half a millisecond bridges the gap to the next kernel as well.  It is read when the
    # threads start, and a setting of the user's stays.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    import numba

    _listen()
    names = {**function.__globals__, "prange": numba.prange}
    twin = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    twin.__qualname__ = function.__qualname__
    parallel = _ONLY_PRANGE if "prange" in function.__code__.co_names else False
    jit = numba.njit(parallel=parallel, fastmath=_RELAXED, error_model="numpy", nogil=True)
    dispatcher = jit(twin)
    with _kept() as possible:
        if possible:
            dispatcher.enable_caching()
    return dispatcher


@contextmanager
def collecting_rarely():
    """Python looks less often for garbage: loading Numba makes half a million objects that stay."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 100_000) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


units: dict[str, "compiled_unit"] = {}  # every unit that was imported, by its title
_asking = threading.local()


class NotKept(Exception):
    """A unit is not on disk."""


@contextmanager
def asking(how):
    """In this thread, asking units for their addresses compiles nothing.

    how: "kept": only what is on disk is loaded, else NotKept is raised; "names": nothing is, all
    addresses are 0, and the units that were asked are in the list that this gives.
    """
    _asking.how, _asking.units = how, []
    try:
        yield _asking.units
    finally:
        del _asking.how, _asking.units


class compiled_unit:
    """A function for compiled code to call: `address` compiles it, and is then where its code is."""

    def __init__(self, function, signature):
        self.function, self.signature = function, signature
        self.__doc__, self.__wrapped__ = function.__doc__, function
        self.title = _title(function)
        self._code = None
        units[self.title] = self

    @property
    def address(self):
        if getattr(_asking, "how", None) == "names":
            _asking.units.append(self)
            return 0
        if self._code is None:
            with _lock:
                self._code = self._code or _compile_unit(self.function, self.signature)
        return self._code.address


def _compile_unit(function, signature):
    import numba
    from numba.core.compiler import Compiler

    class Announcing(Compiler):
        def define_pipelines(self):  # only called where the disk has no code yet
            if getattr(_asking, "how", None) == "kept":
                raise NotKept
            on_compile(_title(function))
            return super().define_pipelines()

    make = partial(
        numba.cfunc, signature, pipeline_class=Announcing, fastmath=_RELAXED, error_model="numpy"
    )
    with _kept() as possible:
        return make(cache=possible)(function)


@contextmanager
def _kept():
    """Numba keeps what it compiles here in our folder; gives False where that cannot be written."""
    import numba

    before = numba.config.CACHE_DIR
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # asked here, for Numba would turn to a folder beside the source, whose name tells no edits
        with tempfile.TemporaryFile(dir=folder):
            possible = True
    except OSError:
        possible = False  # the kernel is compiled anew in every process, and works
    try:
        numba.config.CACHE_DIR = str(folder)
        yield possible
    finally:
        numba.config.CACHE_DIR = before


def _title(function):
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def _listen():
    """Report real compilations of our kernels; loading one from disk is not one."""
    global _listening
    if _listening:
        return
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, happening):
            function = happening.data["dispatcher"].py_func
            if (function.__module__ or "").startswith(__package__):  # code of exec has none
                on_compile(_title(function))

        def on_end(self, happening):
            pass

    event.register("numba:compile", Listener())
    _listening = True
