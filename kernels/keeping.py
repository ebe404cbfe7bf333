"""Where compiled kernels are kept between two processes, and whether what lies there can be trusted.

Numba's files are pickles: whoever can write one decides what this process runs.  So kernels are read
from, and written to, a folder alone in which nobody but this user and the administrator can write.  Its
name is a hash of every source file of the kernels: after any edit they start from an empty folder.
"""

import hashlib
import marshal
import os
import pkgutil
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

MOST = 2**26  # bytes of a file; the largest kernel has a quarter of a million


class Place(NamedTuple):
    """folder: where kernels are read from, or None; writable: whether new ones are kept; why not."""

    folder: Path | None
    writable: bool
    why: str

    def __str__(self):
        return "kept on disk for next time" if self.writable else f"not kept on disk: {self.why}"


@cache
def fingerprint() -> str:
    """Hash of every source file of the kernels, whatever their dates say, and of what they read."""
    asked = (os.environ.get(f"NPMOBILENET_{name}", "") for name in ("LANES", "VNNI"))
    digest = hashlib.sha256(":".join(asked).encode())
    for name, source in _sources():
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:16]


def _sources():
    """Names and contents; the compiled code where an archive or a frozen application has no files."""
    here = Path(__file__).parent
    files = sorted(here.rglob("*.py"))
    yield from ((path.relative_to(here).as_posix(), path.read_bytes()) for path in files)
    if not files:
        for found in pkgutil.walk_packages([str(here)], f"{__package__}."):
            spec = found.module_finder.find_spec(found.name, None)
            yield found.name, marshal.dumps(spec.loader.get_code(found.name))


def _base() -> Path | None:
    """NUMBA_CACHE_DIR if set, else the user's cache folder; None for a user without a home."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        try:
            return Path(chosen).absolute()
        except OSError:  # the current folder was deleted: nothing will be found there
            return Path(chosen)
    name, below = {
        "win32": ("LOCALAPPDATA", "AppData/Local"),
        "darwin": ("", "Library/Caches"),
    }.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    base = Path(os.environ.get(name, ""))
    if not base.is_absolute():  # not set, or not as the standard has it
        try:
            base = Path.home() / below
        except RuntimeError:  # HOME is not set, and the user not in the list of users
            return None
    return base if base.is_absolute() else None


def cache_folder() -> Path | None:
    """The folder for kernels of these sources, there or not; None for a user without a home."""
    base = _base()
    return base and base / "npmobilenet" / f"kernels-{fingerprint()}"


def place() -> Place:
    """The folder, made if need be, and what may be done with it."""
    folder = cache_folder()
    if folder is None:
        return Place(None, False, "this user has no home folder")
    base, why = folder.parent.parent, ""
    try:
        base.mkdir(0o700, parents=True, exist_ok=True)
        for own in (folder.parent, folder):
            own.mkdir(0o700, exist_ok=True)
        if danger := _exposed(base, folder.parent, folder):
            return Place(None, False, danger)
        with tempfile.TemporaryFile(dir=folder):  # what is asked of it is tried
            return Place(folder, True, "")
    except OSError as error:  # a read-only folder that somebody has filled can be read
        why = f"{error.filename or folder}: {error.strerror or error}"
    try:
        danger = _exposed(base, folder.parent, folder)
    except OSError:
        return Place(None, False, why)
    return Place(None if danger else folder, False, danger or why)


def _exposed(*folders: Path) -> str:
    """Who else can put files into the last of the folders, each in the one before it; "" for nobody."""
    if not hasattr(os, "geteuid"):
        return ""  # Windows: a user's folders are the user's
    for path in folders:
        status = path.stat()
        if not {status.st_uid, path.lstat().st_uid} <= {0, os.geteuid()}:
            return f"{path} belongs to another user"
        # a group may write above the last: what it puts there belongs to one of its members
        others = 0o022 if path is folders[-1] else 0 if status.st_mode & 0o1000 else 0o002
        if status.st_mode & others:
            return f"other users can write in {path}"
    return ""


def opened(path: Path) -> BinaryIO:
    """A file, opened to be read; what is none, such as a pipe, does not make anybody wait."""
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    return open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags))


def trusted(file: BinaryIO) -> bool:
    """Whether an opened file is one that nobody else can have written, no larger than kernels are."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST:
        return False
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022
