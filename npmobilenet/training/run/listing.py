"""Which images a run learns from and is measured on: names, labels, sizes, a sample of contents.

What a run began with lies in its folder as images.tsv.gz, a line an image, and its SHA-256 in every
checkpoint.  So a run that goes on notices other images, and can say which.  Where they lie and when they
were written is not part of it: a folder may be moved or copied.
"""

import gzip
import os
import stat
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ...datasets.arrays import ArrayImages
from ...datasets.dataset import Dataset
from ...disk import write_whole
from ...limits import gunzipped, read_bytes
from ...text import displayed

FILE = "images.tsv.gz"
READ = 100_000_000  # bytes of a data set that are read, all of it where it has no more
NONE = -1  # a size or a checksum that is not known


class Seen(NamedTuple):
    """An image: what it is called below the folder that all are in, and what is known of it."""

    name: str
    label: int
    size: int  # in bytes
    crc: int  # of these, where it is in the sample


@dataclass(frozen=True)
class Listing:
    """All of them, in order: (part, image)."""

    classes: tuple[str, ...]
    images: tuple[tuple[str, Seen], ...]

    @property
    def content(self) -> bytes:
        """A line an image."""
        lines = (
            f"{part}\t{seen.label}\t{seen.size}\t{seen.crc}\t{seen.name!r}\n"
            for part, seen in self.images
        )
        return "".join(lines).encode()

    def digest(self) -> str:
        """SHA-256 of it."""
        return sha256(self.content).hexdigest()


def listed(training: Dataset, validation: Dataset | None) -> Listing:
    """The images of a run."""
    parts = {"training": training} | ({"validation": validation} if validation is not None else {})
    return Listing(
        tuple(training.classes),
        tuple((part, seen) for part, dataset in parts.items() for seen in of_dataset(dataset)),
    )


def of_dataset(dataset: Dataset) -> list[Seen]:
    """Its images.  OSError where a file cannot be read that could be listed."""
    labels = dataset.labels.tolist()
    held = _arrays(dataset)
    if held is not None:
        images, indices = held
        few = set(_sample([(str(k), images[0].nbytes) for k in indices]))
        return [
            Seen(f"image {k}", label, images[k].nbytes, _crc(images[k]) if at in few else NONE)
            for at, (k, label) in enumerate(zip(indices, labels, strict=True))
        ]
    paths = [os.fspath(name) for name in dataset.names]
    folder = os.path.commonpath({os.path.dirname(path) or "." for path in paths})
    names = [_below(folder, path) for path in paths]
    sizes = [_size(path) for path in paths]
    few = set(_sample(list(zip(names, sizes, strict=True))))
    crcs = (zlib.crc32(Path(p).read_bytes()) if at in few else NONE for at, p in enumerate(paths))
    return [Seen(*one) for one in zip(names, labels, sizes, crcs, strict=True)]


def _arrays(dataset: Any) -> tuple[Any, list[int]] | None:
    """The array that all images are in, and which rows of it they are; None for files."""
    indices, inner = list(range(len(dataset))), dataset
    while not isinstance(inner, ArrayImages):
        if not hasattr(inner, "dataset"):
            return None
        if hasattr(inner, "indices"):
            indices = [int(inner.indices[k]) for k in indices]
        inner = inner.dataset
    return inner.images, indices


def _crc(image: Any) -> int:
    return zlib.crc32(image.tobytes())


def _below(folder: str, path: str) -> str:
    """A path as it is called in a folder, with slashes."""
    begins = folder.rstrip(os.sep) + os.sep
    own = path[len(begins) :] if path.startswith(begins) else os.path.relpath(path, folder)
    return own.replace(os.sep, "/")


def _size(path: str) -> int:
    """Of a file; NONE for what is none, as an image that a program makes."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return NONE
    return found.st_size if stat.S_ISREG(found.st_mode) else NONE


def _sample(named: Sequence[tuple[str, int]]) -> list[int]:
    """Which of them are read: always the same ones, wherever in the list they stand."""
    left, found = READ, []
    sums = [zlib.crc32(name.encode("utf-8", "replace")) for name, _ in named]
    for at in sorted(range(len(named)), key=lambda k: (sums[k], k)):
        size = named[at][1]
        if 0 <= size <= left:
            left -= size
            found.append(at)
    return found


# ---- in the run's folder, and back --------------------------------------------------------------


def written(listing: Listing, folder: Path) -> str:
    """Keep it in the folder; the SHA-256 of the file."""
    packed = gzip.compress(listing.content, 6, mtime=0)
    write_whole(folder / FILE, packed)
    return sha256(packed).hexdigest()


def kept(folder: Path, notes: Mapping[str, Any]) -> dict[tuple[str, str], Seen] | None:
    """What the run began with; None where the file is not the one that it wrote."""
    try:
        packed = read_bytes(folder / FILE)
        if sha256(packed).hexdigest() != notes["file"]:
            return None
        lines = gunzipped(packed).decode().splitlines()
        found = {}
        for line in lines:
            part, label, size, crc, name = line.split("\t", 4)
            found[part, name] = Seen(name, int(label), int(size), int(crc))
        return found
    except (OSError, LookupError, ValueError):
        return None


def differences(
    before: Mapping[tuple[str, str], Seen], now: Listing, classes: Sequence[str]
) -> list[str]:
    """What is another image, in words, those that are gone first.  classes: those the run began with."""
    after = {(part, repr(seen.name)): seen for part, seen in now.images}
    found = [(key, "is gone") for key in before if key not in after]
    found += [(key, "is new") for key in after if key not in before]
    for key, seen in after.items():
        was = before.get(key, seen)
        if was.label != seen.label:
            old, new = _class(classes, was.label), _class(now.classes, seen.label)
            found.append((key, f"was of class {old} and is of {new}"))
        elif was.size != seen.size:
            found.append((key, f"had {was.size:,} bytes and has {seen.size:,}"))
        elif NONE not in (was.crc, seen.crc) and was.crc != seen.crc:
            found.append((key, "has another content"))
    if not found:
        pairs = zip(before, after, strict=True)
        first = next((new for old, new in pairs if old != new), None)
        if first is None:
            return ["some are listed another number of times"]
        found.append((first, "stands where another one stood"))
    order = sorted(found, key=lambda one: one[0][0] != "training")
    return [f"{_shown(name)} {what}{_part(part)}" for (part, name), what in order]


def _class(classes: Sequence[str], label: int) -> str:
    return displayed(classes[label]) if label < len(classes) else f"number {label}"


def _shown(name: str) -> str:
    return displayed(name.strip("'\""))


def _part(part: str) -> str:
    return "" if part == "training" else f" ({part})"
