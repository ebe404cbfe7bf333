"""What lies in folders of images: the classes, their images, and what is passed over.

Each real folder is looked into once for a class, however many links lead to it, and no link leads out
of a class to another class or to a folder above: a link that loops multiplies nothing.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from ..images.decode import NO_PICTURES, probe
from ..names import canonical
from ..text import displayed, printable

# what systems put into folders beside the pictures: in lower case
LITTER = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
LITTER_FOLDERS = ("__macosx", "@eadir", "__pycache__", "$recycle.bin", "lost+found")
# formats with an unmistakable beginning: such a file is an image whatever its name ends in
SURE = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000")


@cache
def extensions() -> frozenset[str]:
    """The endings, in lower case, of the image files that this Pillow opens: .jpg, .jfif, .gif ..."""
    return frozenset(
        ending for ending, name in Image.registered_extensions().items() if name not in NO_PICTURES
    )


@dataclass(frozen=True)
class Contents:
    """Paths of the images in a folder and below, and of the files there that are none.

    Folder by folder, each one's files sorted by name; hidden ones (".name") and litter are in neither.
    """

    images: tuple[str, ...]
    others: tuple[str, ...]


def contents(folder: str | Path, apart: Collection[str] = ()) -> Contents:
    """What lies in a folder and below.  ValueError for a folder that cannot be looked into.

    apart: real paths of folders that links must not lead into, besides those above.  A file is an
    image by its ending, or by its beginning where the ending says nothing of images.
    """
    top = str(folder)
    seen = {*apart, *above(folder)}
    found: dict[str, tuple[list[str], list[str]]] = {}
    ahead = [top]
    links: list[str] = []  # later: what they lead to may be reached without them
    while ahead or links:
        path = ahead.pop() if ahead else links.pop(0)
        here = real(path)
        if here in seen and path != top:
            continue
        seen.add(here)
        images, others = found[path] = [], []
        for entry in entries(path):
            name = entry.name.lower()
            if _is_folder(entry):
                if name not in LITTER_FOLDERS:
                    (links if entry.is_symlink() else ahead).append(entry.path)
            elif name not in LITTER:
                (images if _is_image(entry) else others).append(entry.path)
    ordered = [found[path] for path in sorted(found)]
    images = [file for inside, _ in ordered for file in inside]
    return Contents(tuple(images), tuple(file for _, inside in ordered for file in inside))


def image_files(folder: str | Path) -> Iterator[str]:
    """The visible image files in a folder and below, each folder's sorted by name."""
    yield from contents(folder).images


def class_folders(folder: Path) -> dict[str, Path]:
    """Class -> its folder, of the visible subfolders, sorted by name; none if there is no such folder.

    ValueError where two folders bear one name, as "é" may be written in two ways.
    """
    if not folder.is_dir():
        return {}
    found: dict[str, Path] = {}
    for entry in entries(folder):
        if _is_folder(entry) and entry.name.lower() not in LITTER_FOLDERS:
            name = canonical(entry.name)
            if name in found:
                raise ValueError(
                    f"{folder}: two folders are called {name}, written {found[name].name!a} and "
                    f"{entry.name!a}; rename one or move its images to the other"
                )
            found[name] = Path(entry.path)
    return dict(sorted(found.items()))


def entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """The visible entries of a folder by name.  ValueError where the folder cannot be read."""
    try:
        with os.scandir(folder) as found:
            visible = (entry for entry in found if not entry.name.startswith("."))
            return sorted(visible, key=lambda entry: entry.name)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be read: {error.strerror or error}") from error


def real(folder: str | Path) -> str:
    """A folder's path without links: the same by whatever path it is reached."""
    return os.path.realpath(folder)


def above(folder: str | Path) -> set[str]:
    """The folders that this one lies in."""
    return set(map(str, Path(real(folder)).parents))


def remarks(
    folder: Path, classes: Mapping[str, Path], passed_over: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """What deserves a word before a folder of classes is used, a line each."""
    place = printable(str(folder))
    if passed_over:
        yield f"{place}: passed over, no images that Pillow reads: {counted(passed_over)}"
    beside = [
        entry for entry in entries(folder) if entry.path not in set(map(str, classes.values()))
    ]
    pictures = [entry.name for entry in beside if not _is_folder(entry) and _is_image(entry)]
    if pictures:
        yield f"{place}: passed over, in no class's folder: {some(pictures)}"
    litter = [entry.name for entry in beside if _is_folder(entry)]
    if litter:
        yield f"{place}: passed over, no classes: {some(litter)}"
    dead = [entry.name for entry in beside if entry.is_symlink() and not os.path.exists(entry.path)]
    if dead:
        yield f"{place}: passed over, links that lead nowhere: {some(dead)}"
    other = [name for name, path in classes.items() if printable(path.name) != path.name]
    if other:
        yield (
            f"{place}: names that are not UTF-8 or hold control characters are written "
            f"{some(other)}; rename these folders for better ones"
        )
    count = Counter(name.casefold() for name in classes)
    alike = [name for name in classes if count[name.casefold()] > 1]
    if alike:
        yield f"{place}: classes whose names differ only in upper and lower case: {some(alike)}"


def counted(files: Mapping[str, Sequence[str]]) -> str:
    """Class -> files, in words: "daisy 3 (.heic), rose 1 (.txt)"."""
    said = []
    for name, inside in files.items():
        kinds = sorted(
            {os.path.splitext(file)[1].lower() or os.path.basename(file) for file in inside}
        )
        said.append(f"{name} {len(inside):,} ({some(kinds, 3)})")
    return some(said)


def some(names: Iterable[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    names = [displayed(canonical(name)) for name in names]
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join(names[:most] + more)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_image(entry: os.DirEntry[str]) -> bool:
    """Pipes, dead links and damaged files too, if they are called so: who opens them shall know."""
    if os.path.splitext(entry.name)[1].lower() in extensions():
        return True
    try:
        probe(entry.path, SURE)
    except ValueError:
        return False
    return True
