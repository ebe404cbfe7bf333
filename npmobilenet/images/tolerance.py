"""Reading damaged pictures without a word of Pillow's or libtiff's on the terminal."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress

from PIL import _imaging

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what nobody handles


class _Tiff:
    """What libtiff, from C, prints to standard error of a damaged file, in lines without its name.

    Pillow's wheels bring it as a library of its own; where it is built in, as on Windows, it is out of
    reach and stays as it is.
    """

    SPEAKERS = ("TIFFSetErrorHandler", "TIFFSetWarningHandler")

    def __init__(self) -> None:
        self.set: list[Callable[[int | None], int | None]] = []
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(_imaging.__file__)  # and what it depends on
            for name in self.SPEAKERS:
                function = getattr(library, name)
                function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
                self.set.append(function)

    def silence(self) -> None:
        self.before = [function(None) for function in self.set]

    def restore(self) -> None:
        for function, before in zip(self.set, self.before, strict=True):
            function(before)


class _Tolerance:
    """Pillow's warnings, and libtiff's, silent while any thread is inside.

    `catch_warnings` sets what holds for the whole process; in two threads at once it may leave behind
    what the other had set.  Here the first thread sets it and the last one restores it.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.tiff = threading.Lock(), 0, _Tiff()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                self.tiff.silence()
                warnings.filterwarnings("ignore", module=r"PIL\.")

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.tiff.restore()
                self.caught.__exit__(None, None, None)


TOLERANT = _Tolerance()
