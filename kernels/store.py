"""Numba's cache of one function's compiled forms, which survives whatever happens to its files.

As Numba lays them out, NAME.nbi lists the signatures of a function, and NAME.number.nbc holds the code
for one of them.  Here each file begins with the hash of what follows, and what follows with whose code
it is.  One that is torn, missing, unreadable, another kernel's or somebody else's counts as absent: the
kernel is compiled anew and the file written over.  Nobody ever waits for another process: two that
compile the same write the same.
"""

import hashlib
import os
import pickle
import shutil
import sys
import tempfile
import threading
import time
from contextlib import suppress
from functools import cache

import llvmlite
import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from .compiling import say, title_of
from .keeping import fingerprint, opened, trusted
from .linking import provide, undefined

SEAL = hashlib.sha256().digest_size
ABANDONED = 3600.0  # seconds after which an unfinished file is one of a process that was killed
# of Numba's settings, those that make other code of the same source on the same processor
SETTINGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")


class Store:
    """What Numba asks of a cache, for one function; place: where its files lie."""

    def __init__(self, function, place):
        code, version = function.__code__, sys.version_info
        name = title_of(function)
        tag = f"py{version.major}{version.minor}{sys.abiflags if hasattr(sys, 'abiflags') else ''}"
        self._place = place
        self._name = f"{name}-{code.co_firstlineno}.{tag}".replace("<", "").replace(">", "")
        settings = (str(getattr(numba.config, setting, None)) for setting in SETTINGS)
        # the name, for functions that were made by one function have one code and differ in constants
        self._made_of = (
            fingerprint(), self._name, hashlib.sha256(code.co_code).hexdigest(),
            numba.__version__, llvmlite.__version__, *settings,
        )  # fmt: skip

    @property
    def cache_path(self):
        return str(self._place.folder)

    def load_overload(self, sig, target_context):
        """The compiled form for a signature, or None."""
        key = self._key(sig, target_context.codegen())
        try:
            kept, names, reduced = self._read(self._index()[key])
            if kept != key:  # two processes that wrote at once may have mixed up each other's files
                return None
            *_, reload, _ = reduced
            provide(names, reload, target_context)
            return undisturbed(lambda: CompileResult._rebuild(target_context, *reduced))
        except Exception:  # a file of another program may hold anything
            return None

    def save_overload(self, sig, result):
        """Keep a compiled form, if that can be done."""
        if not self._place.writable:
            return
        key = self._key(sig, result.codegen)
        number = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:6], "big")
        name = f"{self._name}.{number}.nbc"
        try:
            reduced = result._reduce()
            self._write(name, (key, undefined(reduced[0]), reduced))
            self._write(f"{self._name}.nbi", self._index() | {key: name})
        except RuntimeError:  # a signal came as LLVM handed over its code: the same
            return
        except OSError as error:  # the kernel works, and is compiled again next time
            _not_kept(str(error.strerror or error))

    def enable(self):
        """Numba may ask for that."""

    disable = flush = enable

    def _key(self, sig, codegen):
        return sig, codegen.magic_tuple(), self._made_of

    def _index(self):
        try:
            return dict(self._read(f"{self._name}.nbi"))
        except Exception:
            return {}

    def _read(self, name):
        with opened(self._place.folder / name) as file:
            content = file.read() if trusted(file) else b""
        if hashlib.sha256(content[SEAL:]).digest() != content[:SEAL]:
            raise ValueError(f"{name} is damaged")
        return pickle.loads(content[SEAL:])

    def _write(self, name, value):
        content, path = dumps(value), self._place.folder / name
        self._sweep(f"{name}.tmp.")
        number, temporary = tempfile.mkstemp(dir=self._place.folder, prefix=f"{name}.tmp.")
        try:
            with open(number, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):  # the folder may be gone
                os.unlink(temporary)
            raise

    def _sweep(self, beginning):
        """Remove what processes left that were killed while they wrote."""
        with suppress(OSError), os.scandir(self._place.folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    old = entry.name.startswith(beginning)
                    if old and entry.stat(follow_symlinks=False).st_mtime < time.time() - ABANDONED:
                        os.unlink(entry.path)


def undisturbed(load):
    """What it returns, computed in another thread than the main one, where handlers of signals run.

    While LLVM loads code it calls Python, and drops the exception of a handler that comes in between,
    Ctrl-C's for instance; it would then go on without that code, and end the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return load()
    found, errors = [], []

    def work():
        try:
            found.append(load())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    try:
        thread.start()
    except RuntimeError:  # there can be no more threads
        return load()
    try:
        thread.join()
    finally:
        thread.join()  # of a handler's exception: who loads is not left alone
    for error in errors:
        raise error
    return found[0]


@cache
def _not_kept(reason):
    """Said once: what hinders one kernel hinders the others too."""
    say(f"a kernel could not be kept ({reason})")
