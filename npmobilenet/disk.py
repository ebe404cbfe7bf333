"""The one writer: files that appear on disk whole or not at all, and through nobody else's link.

    write_whole(path, content)     what was there before is replaced at once, or stays
    write_new(path, content)       the same, where nothing may have been there
    opened_apart(path, flags)      a file that is kept open (a lock, half a download): itself, no link

Content goes into a file of a random name in the same folder, `NAME.RANDOM.part`, which is made and not
opened (O_EXCL), is flushed to disk, renamed to NAME, and then the folder is flushed: after a power
failure there is the old file or the new one.  A link called NAME is replaced; what it points to is not
touched, so that nobody who may write into a folder decides what else is overwritten.  Devices and
pipes called NAME are refused, for a rename would replace them.

A file `NAME.RANDOM.part` is locked by its process while that lives.  One that is not was left by a kill,
and the next who writes NAME, or begins a run in the folder, removes it.
"""

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_RANDOM = 6  # bytes of a temporary name
_LONGEST = 255 - 2 * _RANDOM - len("..part")  # bytes that a name may have on most file systems
_PART = re.compile(rf"(.+)\.[0-9a-f]{{{2 * _RANDOM}}}\.part", re.DOTALL)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that nobody ever sees half of it; an OSError names `path`.

    What comes in between (a full disk, Ctrl-C) leaves what was there before, and nothing beside it.
    The file has the rights of the one that it replaces, else those that are usual for new files.
    """
    aside: Path | None = None
    try:
        mode = _mode(path)
        sweep(path.parent, [path.name])
        descriptor, aside = _made(path, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform == "win32":  # where nothing that is open can be renamed
                file.close()
            aside.replace(path)  # while it is still locked
        flush_folder(path.parent)
    except BaseException as error:
        if aside is not None:
            with suppress(OSError):  # on a disk that went away
                aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{path}: cannot be written ({error.strerror or error})") from None
        raise


def write_new(path: Path, content: bytes) -> None:
    """The same where nothing is called `path`, not even a link; FileExistsError where something is."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666))
    try:
        write_whole(path, content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def opened_apart(path: Path, flags: int) -> int:
    """A descriptor of the file of that name, made where there is none, for what is kept open.

    OSError, which names it, for a link, a file that has another name too, a device or a pipe: whoever
    planted it meant something else to be written.
    """
    waits_for_nobody = getattr(os, "O_NONBLOCK", 0)  # as a pipe would
    try:
        descriptor = os.open(path, flags | os.O_CREAT | waits_for_nobody | _NO_LINK, 0o666)
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror or error
        raise OSError(f"{path}: cannot be written ({why})") from None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink < 2:
        return descriptor
    os.close(descriptor)
    why = "that file has another name too" if stat.S_ISREG(found.st_mode) else "it is no file"
    raise OSError(f"{path}: cannot be written ({why})")


def spare_name(path: Path) -> Path:
    """A name beside `path` that nobody can have planted; `sweep` knows a file of that name."""
    return path.with_name(f"{_stem(path.name)}.{secrets.token_hex(_RANDOM)}.part")


def sweep(folder: Path, names: Iterable[str]) -> None:
    """Remove what killed processes have left of files of these names; nothing that somebody writes."""
    wanted = {_stem(name) for name in names}
    try:
        with os.scandir(folder) as entries:
            parts = [entry.name for entry in entries if entry.name.endswith(".part")]
    except OSError:  # a folder that may be written and not read
        return
    for name in parts:
        found = _PART.fullmatch(name)
        if found and found[1] in wanted and _left(folder / name):
            with suppress(OSError):
                (folder / name).unlink()


def _stem(name: str) -> str:
    """What a temporary name begins with: the name, or a sum of it where both would be too long."""
    encoded = os.fsencode(name)
    return name if len(encoded) <= _LONGEST else sha256(encoded).hexdigest()


def flush_folder(folder: Path) -> None:
    """Put a new name in a folder on disk, not only the file's content; where folders can be opened.

    Some network file systems cannot, and some folders may be written and not read: nothing is lost.
    """
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except PermissionError:
        return
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise OSError(f"{folder}: cannot be flushed to disk ({error.strerror})") from None


def _mode(path: Path) -> int | None:
    """The rights of the file that is replaced; None where none is.  OSError for what is no file."""
    try:
        there = path.lstat()
        if stat.S_ISREG(there.st_mode):
            return stat.S_IMODE(there.st_mode) & 0o777
        behind = path.stat()
    except OSError:  # nothing there, or a link to nothing; or making the new file will say why
        return None
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(behind.st_mode) and not stat.S_ISDIR(behind.st_mode):
        raise OSError(errno.EEXIST, "it is a device or a pipe, not a file")
    return None


def _made(path: Path, mode: int | None) -> tuple[int, Path]:
    """A new file beside `path`, open, locked as ours, and its name."""
    while True:
        aside = spare_name(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
        descriptor = os.open(aside, flags, 0o666)
        try:
            if mode is not None and hasattr(os, "fchmod"):
                with suppress(OSError):  # a file system without rights
                    os.fchmod(descriptor, mode)
            locked_now(descriptor)
            if os.fstat(descriptor).st_nlink or os.name != "posix":
                return descriptor, aside
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        os.close(descriptor)  # a sweep came before the lock


def locked_now(descriptor: int) -> bool:
    """Lock a file of our own; False where that cannot be, or somebody has."""
    if sys.platform == "win32":  # where nobody can remove or rename what is open
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _left(part: Path) -> bool:
    """Whether nobody is writing this file any more; True too for a link of such a name."""
    if sys.platform == "win32":  # which removes no file that is open
        return True
    try:
        descriptor = os.open(part, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK)
    except OSError as error:
        return error.errno == errno.ELOOP
    try:
        return locked_now(descriptor)
    finally:
        os.close(descriptor)
