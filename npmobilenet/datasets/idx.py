"""The idx format of MNIST and Fashion-MNIST: a big-endian header, then plain bytes, often gzipped.

    bytes 0-1  zero        byte 2  0x08: unsigned bytes        byte 3  number of dimensions d
    then d sizes of 4 bytes each, then the elements, the last index running fastest

So image files begin with 2051 (0x803) and label files with 2049 (0x801), MNIST's "magic numbers".
"""

import gzip
import math
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from npmobilenet.limits import in_words, read_bytes, unpacked_at_most
from npmobilenet.ops.checks import shown
from npmobilenet.text import printable

PARTS = ("train", "t10k")
IMAGES, LABELS = ("images", 3), ("labels", 1)  # kind of file, dimensions


def find(folder: Path, part: str, kind: tuple[str, int]) -> Path | None:
    """The idx file of a part ("train" or "t10k") in a folder, gzipped or not; None if absent."""
    name, dimensions = kind
    for dot in "-.":  # some unpackers write images.idx3 for images-idx3
        for suffix in (".gz", ""):
            path = folder / f"{part}-{name}{dot}idx{dimensions}-ubyte{suffix}"
            if path.is_file():
                return path
    return None


def read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """uint8 array of the file's own shape, not writable.

    Raises ValueError naming the file if it is damaged, is not idx, has another number of dimensions,
    or holds fewer or more elements than its header promises.  That is compared with the file before
    anything is unpacked.
    """
    header = 4 + 4 * dimensions
    try:
        packed = read_bytes(path)
        file: Any = BytesIO(packed)
        if packed[:2] == b"\x1f\x8b":
            file = gzip.GzipFile(fileobj=file)
        start = file.read(header)
        size = _promised(path, start, dimensions)
        if isinstance(file, BytesIO):
            content = memoryview(packed)[header:]
        elif size > (most := unpacked_at_most(len(packed))):
            raise ValueError(
                f"{path}: the header promises {in_words(size)}, {in_words(len(packed))} unpack to "
                f"{in_words(most)} at most"
            )
        else:
            content = memoryview(file.read(size + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be unpacked: {error}") from error
    shape = struct.unpack(f">{dimensions}I", start[4:])
    if len(content) != size:
        there = "more" if len(content) > size else f"{len(content):,}"
        raise ValueError(
            f"{path}: the header promises {' x '.join(map(str, shape))} = {size:,} bytes, "
            f"{there} are there"
        )
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _promised(path: Path, start: bytes, dimensions: int) -> int:
    """Bytes behind a header; ValueError where it is none."""
    magic = 0x0800 + dimensions
    if len(start) < 4 + 4 * dimensions or struct.unpack(">I", start[:4])[0] != magic:
        raise ValueError(
            f"{path}: an idx file of {dimensions} dimension(s) begins with the number {magic}, "
            f"this one with {int.from_bytes(start[:4])}"
        )
    return math.prod(struct.unpack(f">{dimensions}I", start[4:]))


def read_part(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Path]:
    """(images uint8 (n, H, W), labels uint8 (n,), the images' file) of part "train" or "t10k"."""
    if not isinstance(part, str) or part not in PARTS:
        raise ValueError(f"idx files have the parts train and t10k, not {shown(part)}")
    images_file, labels_file = find(folder, part, IMAGES), find(folder, part, LABELS)
    if images_file is None or labels_file is None:
        raise ValueError(
            f"{folder}: expected {part}-images-idx3-ubyte.gz and {part}-labels-idx1-ubyte.gz "
            f"(or both unpacked), found {listing(folder)}"
        )
    images, labels = read(images_file, IMAGES[1]), read(labels_file, LABELS[1])
    if len(images) != len(labels):
        raise ValueError(
            f"{images_file} has {len(images):,} images but {labels_file.name} {len(labels):,} labels"
        )
    return images, labels, images_file


def listing(folder: Path, most: int = 6) -> str:
    """What lies in a folder, in a few words, for messages: "cat/, dog/, notes.txt"."""
    if not folder.is_dir():
        return "a file" if folder.exists() else "no such folder"
    names = sorted(
        printable(p.name) + "/" * p.is_dir() for p in folder.iterdir() if p.name[0] != "."
    )
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more) or "nothing"
