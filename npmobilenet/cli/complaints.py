"""What went wrong, in a line: for everything that is not a mistake of this program."""

import os
import pickle
import struct
import zipfile
import zlib

from ..text import reason, visible

# what data, files, memory and packages may do to a program that has no mistake
FAILURES = (
    ValueError, OSError, MemoryError, RecursionError, ImportError, NotImplementedError, EOFError,
    zipfile.BadZipFile, zlib.error, pickle.PickleError, struct.error,
)  # fmt: skip
LIBRARIES = ("PIL", "safetensors", "h5py", "onnx", "requests", "urllib3")  # their own errors

EXTRAS = {  # package -> the extra of ours that brings it
    "h5py": "keras", "matplotlib": "plot", "onnx": "onnx", "platformdirs": "download",
    "requests": "download", "torch": "torch", "urllib3": "download",
}  # fmt: skip


def complaint(error: Exception) -> str | None:
    """One line, or the lines of an error of our own; None for a mistake, whose traceback is wanted."""
    if isinstance(error, ImportError):
        return _missing(error)
    if isinstance(error, OSError) and error.strerror:
        names = [visible(str(x)) for x in (error.filename, error.filename2) if x is not None]
        return ": ".join([" -> ".join(names or _nowhere()), error.strerror]).removeprefix(": ")
    if isinstance(error, MemoryError):
        return f"not enough memory{': ' * bool(str(error))}{error}"
    if isinstance(error, RecursionError):
        return f"nested too deeply ({error})"
    if isinstance(error, FAILURES):
        return str(error) or type(error).__name__
    if type(error).__module__.partition(".")[0] in LIBRARIES:
        return reason(error)
    return None


def _nowhere() -> list[str]:
    """The current folder where it is gone, of which the system gives no name; else nothing."""
    try:
        os.getcwd()
    except OSError:
        return ["the current folder"]
    return []


def _missing(error: ImportError) -> str | None:
    """Which package is missing, and how it is had."""
    package = (error.name or "").partition(".")[0]
    if package == __name__.partition(".")[0]:
        return None  # a part of this package is missing, or a name in it
    if package and "pip install" not in str(error):
        extra = EXTRAS.get(package)
        wanted = f'"npmobilenet[{extra}]"' if extra else package
        return f"{str(error).splitlines()[0]}; it comes with: pip install {wanted}"
    return str(error)
