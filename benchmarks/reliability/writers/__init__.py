"""Whatever the package writes, into folders where somebody has planted links: no other file changes.

Every writer is called on names that are links, hard links, pipes, folders, files without the right to
be written, with every temporary name planted that somebody might guess; with a disk that fills up; and
watched: which files are opened for writing, flushed and renamed, in which order.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ..hazard import Found, Hazard, NotHere, Size
from .kinds import WRITERS, Writer
from .watched import watching

GUESSED = ("{}.part", "{}.new", "{}.tmp", "{}.new.part", ".{}.swp", "{}~", ".{}.tmp", "{}.bak")
PRECIOUS = b"somebody's only copy"


def attempt(writer: Writer, folder: Path) -> str | None:
    """Call it; what it said where it failed."""
    try:
        writer.write(folder if writer.folder else folder / writer.names[0])
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return None


def links(writer: Writer, folder: Path) -> Iterator[str]:
    """Planted at every name that may be guessed, and at the files' own."""
    victim = folder.parent / f"{folder.name}-victim"
    victim.write_bytes(PRECIOUS)
    for name in writer.names:
        for guess in GUESSED:
            if not (folder / guess.format(name)).is_symlink():
                (folder / guess.format(name)).symlink_to(victim)
        if not writer.new and name != "run.lock":
            (folder / name).symlink_to(victim)
    said = attempt(writer, folder)
    if said:
        yield f"with planted links: {said}"
    if victim.read_bytes() != PRECIOUS:
        yield "another file was overwritten through a link"
    for name in writer.names:
        if name != "run.lock" and (folder / name).is_symlink():
            yield f"{name} still is a link"


def lock_links(writer: Writer, folder: Path) -> Iterator[str]:
    """The lock's name as a link, soft and hard: refused, and nothing is emptied."""
    if "run.lock" not in writer.names:
        return
    victim = folder.parent / f"{folder.name}-victim"
    for plant in (os.symlink, os.link):
        victim.write_bytes(PRECIOUS)
        plant(victim, folder / "run.lock")
        said = attempt(writer, folder)
        if said is None or "run.lock" not in said:
            yield f"run.lock as {plant.__name__}: {said}"
        if victim.read_bytes() != PRECIOUS:
            yield f"run.lock as {plant.__name__}: another file was overwritten"
        (folder / "run.lock").unlink(missing_ok=True)


def other_names(writer: Writer, folder: Path) -> Iterator[str]:
    """Its file has a second name, and no right to be written: the second name keeps the old content."""
    if writer.new:
        return
    for number, name in enumerate(writer.names):
        if name in ("run.lock", "previous.safetensors"):
            continue
        (folder / name).write_bytes(PRECIOUS)
        (folder / name).chmod(0o604)
        os.link(folder / name, folder / f"second{number}")
    if said := attempt(writer, folder):
        yield f"over files with second names: {said}"
    for number, name in enumerate(writer.names):
        second = folder / f"second{number}"
        if second.exists():
            if second.read_bytes() != PRECIOUS:
                yield f"{name}: its second name changed too"
            mode = stat.S_IMODE((folder / name).stat().st_mode)
            # a run erases what was there before
            if not writer.slow and mode != 0o604:
                yield f"{name}: its rights became {mode:o}"


def no_files(writer: Writer, folder: Path) -> Iterator[str]:
    """Pipes, devices and folders of its name: refused in a line that names them, and not replaced."""
    for name in writer.names[:1]:
        for what in ("pipe", "device", "folder"):
            path = folder / name
            if what == "pipe":
                os.mkfifo(path)
            elif what == "device":
                path.symlink_to("/dev/null")
            else:
                path.mkdir()
            before = path.lstat()
            said = attempt(writer, folder)
            if writer.folder and writer.slow and what != "folder":
                path.unlink(missing_ok=True)  # a run that begins anew removes it
                continue
            if said is None or name not in said:
                yield f"a {what}: {said}"
            if (path.lstat().st_ino, path.lstat().st_mode) != (before.st_ino, before.st_mode):
                yield f"a {what} was replaced"
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()


def order(writer: Writer, folder: Path) -> Iterator[str]:
    """What is opened, flushed, renamed: safely, and in the right order."""
    with watching(folder) as found:
        if said := attempt(writer, folder):
            yield f"watched: {said}"
    if not found.calls:
        yield "nothing was seen"
    yield from found.faults()
    left = [path.name for path in folder.iterdir() if path.name.endswith((".part", ".new"))]
    if left:
        yield f"{left} stay"


def full_disk(writer: Writer, folder: Path) -> Iterator[str]:
    """Writing, flushing, renaming fail: the old file stays, nothing beside it, and a line names it."""
    if writer.folder and writer.slow:  # runs on full disks are a row of their own
        return
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for name in () if writer.new else writer.names:
        (folder / name).write_bytes(PRECIOUS)
    for owner, function in ((os, "fsync"), (os, "replace"), (os, "fdopen")):
        before = sorted(path.name for path in folder.iterdir())
        with patch.object(owner, function, side_effect=full):
            said = attempt(writer, folder)
        if said is None or "No space left" not in said or writer.names[0] not in said:
            yield f"{function} fails: {said}"
        elif "\n" in said:
            yield f"{function} fails: several lines, {said!r}"
        if sorted(path.name for path in folder.iterdir()) != before:
            yield f"{function} fails: {sorted(p.name for p in folder.iterdir())} lie there"
        if any((folder / name).read_bytes() != PRECIOUS for name in before):
            yield f"{function} fails: an old file is gone"


def leftovers(writer: Writer, folder: Path) -> Iterator[str]:
    """What a killed writer left goes with the next file of that name; what is not ours stays."""
    if writer.new:
        return
    for name in writer.names:
        if name != "run.lock":
            (folder / f"{name}.0123456789ab.part").write_bytes(b"half")
    (folder / "thesis.0123456789ab.part").write_bytes(PRECIOUS)
    if said := attempt(writer, folder):
        yield f"over leftovers: {said}"
    left = {path.name for path in folder.iterdir() if path.name.endswith(".part")}
    if left != {"thesis.0123456789ab.part"}:
        yield f"of {len(writer.names)} leftovers stay {sorted(left)}"


TRIALS = (links, lock_links, other_names, no_files, order, full_disk, leftovers)


def tried_on(writers: tuple[Writer, ...], trials: Any = TRIALS) -> Found:
    """Every trial of every writer, each in a folder of its own."""
    bad: list[str] = []
    tried = 0
    here = [w for w in writers if not w.needs or find_spec(w.needs)]
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="writers-")))
        for number, writer in enumerate(here):
            for trial in trials:
                folder = root / f"{number}-{trial.__name__}"
                folder.mkdir()
                tried += 1
                what = f"{writer.names[0]}, {trial.__name__}"
                bad += [f"{what}: {fault}" for fault in trial(writer, folder)]
                shutil.rmtree(folder)
    missing = [w.needs for w in writers if w not in here]
    figures: dict[str, Any] = {"writers": len(here)}
    if missing:
        figures["not installed"] = ", ".join(sorted(set(missing)))
    return Found(tried, tuple(bad), figures)


def prove(size: Size) -> Found:
    """Few writers, or all of them, and then whole commands watched by the system's own tracer."""
    if os.name != "posix":
        raise NotHere("links and pipes are POSIX's")
    if size == "tiny":
        return tried_on(WRITERS[:5])
    found = tried_on(WRITERS)
    if size == "quick" or not shutil.which("strace"):
        return found
    from .traced import traced

    more = traced()
    return replace(
        found,
        tried=found.tried + more.tried,
        bad=found.bad + more.bad,
        figures={**found.figures, **more.figures},
    )


HAZARD = Hazard(
    "whatever is written",
    "temporary names that nobody can plant, no link followed; on disk before it is renamed",
    prove,
)
