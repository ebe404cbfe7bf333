"""One run in a folder at a time: a lock that ends with its process, however that ends.

The lock is the system's, on the file run.lock; what stands in the file, a process and a machine, is
for people.  A file that a killed process left behind locks nothing.
"""

import errno
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ...disk import opened_apart

LOCK = "run.lock"
_HELD: dict[
    Path, tuple[int, int]
] = {}  # folder -> the thread of this process that holds it, the file
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)
_BYTE = 1 << 30  # Windows locks bytes against reading too: one that is not there


@contextmanager
def locked(folder: Path, remark: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Nobody else can lock this folder while this lasts; the thread that holds it may do so again.

    ValueError where another run does, naming its process; OSError where nothing can be written.  On a
    file system without locks `remark` is told so, and all goes on without one.
    """
    place, me = folder.resolve(), threading.get_ident()
    if _HELD.get(place, (0, 0))[0] == me:
        yield
        return
    file, works = _locked_file(folder / LOCK)
    if not works:
        remark(f"{folder}: this file system has no locks; begin no second run in this folder")
    _HELD[place] = me, file.fileno()
    try:
        yield
    finally:
        ours = _ours(folder, file.fileno())
        del _HELD[place]
        with file, suppress(OSError):  # closing it is the end of the lock
            if sys.platform == "win32":  # an open file cannot be removed there
                file.close()
            if ours:  # and not of a run in a folder that has taken its place
                (folder / LOCK).unlink(missing_ok=True)


def require_held(folder: Path) -> None:
    """OSError where the folder is no longer the one that this process has locked.

    It may have been removed or moved away while a run was under way, and another one, perhaps another
    run's, may lie in its place: nothing of that is to be overwritten.  Where none is locked, nothing.
    """
    held = _HELD.get(folder.resolve())
    if held and not _ours(folder, held[1]):
        raise OSError(
            f"{folder}: was removed, moved or replaced, or {LOCK} in it, while a run was under way; "
            "nothing more is written there"
        )


def _ours(folder: Path, descriptor: int) -> bool:
    """Whether the lock in the folder is the file that is open."""
    try:
        return os.path.samestat(os.fstat(descriptor), (folder / LOCK).lstat())
    except OSError:
        return False


def _locked_file(path: Path) -> tuple[IO[bytes], bool]:
    """The file, locked and with our name in it, and whether that means something."""
    while True:
        file = os.fdopen(opened_apart(path, os.O_RDWR | os.O_APPEND), "r+b", buffering=0)
        try:
            works = _lock(file, path.parent)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    file.truncate(0)
                    file.write(f"{os.getpid()} on {platform.node()}\n".encode())
                    return file, works
        except OSError as error:  # a full disk
            file.close()
            raise OSError(f"{path}: cannot be written ({error.strerror or error})") from None
        except BaseException:
            file.close()
            raise
        file.close()  # whoever held it has just ended and removed it: another name, another lock


def _lock(file: IO[bytes], folder: Path) -> bool:
    """Lock it; False where the file system has no locks.  ValueError where somebody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _TAKEN:
            return False
        file.seek(0)
        who = file.read().decode(errors="replace").strip() or "unknown"
        raise ValueError(
            f"{folder}: another run writes there (process {who}); wait for its end, "
            "or choose another folder"
        ) from None
    return True
