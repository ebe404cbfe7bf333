"""Getting the official weights: what there is, and a file of it from the cache or the network.

    get("torchvision/mobilenet_v2.v2")

The file is its publisher's, unchanged; `importing` makes a model of it.  `published` has the list.
"""

import os
from contextlib import suppress
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from ..disk import write_whole
from ..tables import table
from ..text import read_text
from .download import DownloadError, Progress, download, fault, needed, strange
from .published import SOURCES, Source
from .sealing import digest_of, published_sha256

__all__ = [
    "SOURCES",
    "DownloadError",
    "Source",
    "forget",
    "get",
    "list_parts",
    "pin_of",
    "place_of",
    "source_named",
    "to_json",
    "weights_folder",
]


def source_named(name: str) -> Source:
    """The source of that name; ValueError, with the names most like it, where there is none."""
    if name in SOURCES:
        return SOURCES[name]
    holding = [known for known in SOURCES if name and name.lower() in known]
    like = holding[:3] or get_close_matches(name.lower(), SOURCES, n=3, cutoff=0.4)
    hint = (
        f"the nearest names are {', '.join(like)}"
        if like
        else "npmobilenet weights list has them all"
    )
    raise ValueError(f"no known weights are called {name!r}; {hint}")


def weights_folder() -> Path:
    """Where fetched files are kept: NPMOBILENET_WEIGHTS if set, else in the user's cache folder."""
    if chosen := os.environ.get("NPMOBILENET_WEIGHTS"):
        return Path(chosen)
    cache = Path(needed("platformdirs").user_cache_path("npmobilenet", appauthor=False))
    if cache.parts[:1] == ("~",):  # no HOME, and the user is not in the list of users
        raise ValueError(
            "this user has no home folder for weights; NPMOBILENET_WEIGHTS can name another"
        )
    return cache / "weights"


def get(
    name: str,
    folder: str | Path | None = None,
    *,
    progress: Progress | None = None,
    base_url: str | None = None,
    sha256: str | None = None,
) -> Path:
    """The file of `source_named(name)`: from `folder` if it is there and whole, else from the network.

    folder: None for `weights_folder()`.  progress: called as progress(bytes here, bytes in all or
    None).  base_url: a mirror that has the files under the names they have in the folder.  sha256: of
    the whole file, for one of which none is known here.  Without that, a file is held to what it was
    when it first came: its SHA-256 is kept beside it (`pin_of`).

    ValueError for an unknown name, and for a sha256 that is none or not the known one; DownloadError,
    an OSError, where the file cannot be had.
    """
    source = source_named(name)
    path = place_of(source, folder)
    held = _held_to(source, path, sha256)
    checksums = source.checksums + (() if held is None else (f"sha256:{held}",))
    if _here(source, path, checksums, held):
        _pin(source, path)
        return path
    url = f"{base_url.rstrip('/')}/{source.filename}" if base_url else source.url
    try:
        download(
            url,
            path,
            checksums=checksums,
            mebibytes=source.mebibytes,
            largest=source.largest,
            progress=progress,
        )
    except DownloadError as error:
        pinned = held is not None and sha256 is None and source.sha256 is None
        first = (
            f"\nSHA-256 {held} is that of the file that came first, as {pin_of(path)} says; where the "
            "publisher has changed it, delete that one, or give --sha256 (sha256)"
        )
        raise DownloadError(
            f"{error}{first if pinned and 'was expected' in str(error) else ''}\n"
            f"With a file fetched in another way: save it as {path}, or\n"
            f"npmobilenet weights import FILE --from {source.family} --output OUT.safetensors"
        ) from None
    _pin(source, path)
    return path


def place_of(source: Source, folder: str | Path | None = None) -> Path:
    """Where the file of a source is kept, in `folder` or `weights_folder()`."""
    return Path(folder or weights_folder()) / source.filename


def pin_of(path: Path) -> Path:
    """Beside a file of which no SHA-256 is published: the one that it had when it first came."""
    return path.with_name(f"{path.name}.sha256")


def forget(path: Path) -> None:
    """Delete a file that turned out to be none, and what was kept of it."""
    for one in (path, pin_of(path)):
        one.unlink(missing_ok=True)


def _held_to(source: Source, path: Path, sha256: str | None) -> str | None:
    """The SHA-256 that a file must have: the known one, the caller's, or that of the first to come."""
    if sha256 is not None:
        sha256 = published_sha256(sha256)
        if source.sha256 not in (None, sha256):
            raise ValueError(f"{source.name}: its SHA-256 is {source.sha256}, not {sha256}")
        return sha256
    if source.sha256 is not None or not pin_of(path).is_file():
        return source.sha256
    return published_sha256(read_text(pin_of(path)).partition(" ")[0], f"{pin_of(path)}: SHA-256")


def _here(source: Source, path: Path, checksums: tuple[str, ...], held: str | None) -> bool:
    """Whether the file in the folder is the one; of which nothing is known, whether it looks like it."""
    try:
        if not path.is_file() or path.stat().st_size > source.largest:
            return False
        if fault(path, checksums, source.mebibytes) is not None:
            return False
        return held is not None or strange(path) is None
    except OSError as error:
        raise DownloadError(f"{path}: cannot be read ({error.strerror or error})") from None


def _pin(source: Source, path: Path) -> None:
    """Keep a file's SHA-256 beside it, as sha256sum writes it, where none is published."""
    if source.sha256 is None:
        line = f"{digest_of(path)}  {path.name}\n".encode()
        if not pin_of(path).is_file() or pin_of(path).read_bytes() != line:
            with suppress(OSError):  # a folder that can only be read: then it is not held to it
                write_whole(pin_of(path), line)


def list_parts() -> list[RenderableType]:
    """A table of `SOURCES`, and what its signs mean."""
    columns = ("name", "model", ">width", ">pixels", ">MiB", "licence")
    rows = (
        (s.name, s.model, f"{s.width:g}", s.resolution, _size(s), s.licence)
        for s in SOURCES.values()
    )
    return [
        table(columns, rows),
        "~ not published: four bytes for every number.  no_top: without the classifier.",
        "left out, and in --json: classes, and what is done to images",
    ]


def to_json() -> list[dict[str, Any]]:
    """`SOURCES` as a list of plain dicts."""
    return [source.to_json() for source in SOURCES.values()]


def _size(source: Source) -> str:
    if source.mebibytes is not None:
        return f"{source.mebibytes:.1f}"
    return f"~{4 * sum(map(prod, source.plan.arrays.values())) / 2**20:.1f}"
