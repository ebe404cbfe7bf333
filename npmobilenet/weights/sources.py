"""Getting the official weights: what there is, and a file of it from the cache or the network.

    get("torchvision/mobilenet_v2.v2")

The file is its publisher's, unchanged; `importing` makes a model of it.  `published` has the list.
"""

import os
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from ..tables import table
from .download import DownloadError, Progress, download, fault, needed
from .published import SOURCES, Source

__all__ = [
    "SOURCES",
    "DownloadError",
    "Source",
    "get",
    "list_parts",
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
) -> Path:
    """The file of `source_named(name)`: from `folder` if it is there and whole, else from the network.

    folder: None for `weights_folder()`.  progress: called as progress(bytes here, bytes in all or
    None).  base_url: a mirror that has the files under the names they have in the folder.
    ValueError for an unknown name; DownloadError, an OSError, where the file cannot be had.
    """
    source = source_named(name)
    path = Path(folder or weights_folder()) / source.filename
    if path.is_file() and fault(path, source.checksums, source.mebibytes) is None:
        return path
    url = f"{base_url.rstrip('/')}/{source.filename}" if base_url else source.url
    try:
        download(
            url,
            path,
            checksums=source.checksums,
            mebibytes=source.mebibytes,
            progress=progress,
        )
    except DownloadError as error:
        raise DownloadError(
            f"{error}\nWith a file fetched in another way: save it as {path}, or\n"
            f"npmobilenet weights import FILE --from {source.family} --output OUT.safetensors"
        ) from None
    return path


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
