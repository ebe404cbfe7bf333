"""Files that appear on disk whole or not at all: nobody ever reads half of one."""

import errno
import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that nobody ever sees half of it; an OSError names `path`.

    What comes in between (a full disk, Ctrl-C) leaves what was there before, and nothing beside it.
    """
    aside = path.with_name(path.name + ".part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        flush_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):  # on a disk that went away
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{path}: cannot be written ({error.strerror or error})") from None
        raise


def flush_folder(folder: Path) -> None:
    """Put a new name in a folder on disk, not only the file's content; where folders can be opened.

    Some network file systems cannot, and some folders may be written and not read: nothing is lost.
    """
    if os.name == "posix":
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except PermissionError:
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
                raise
        finally:
            os.close(descriptor)
