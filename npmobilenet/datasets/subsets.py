"""Parts of data sets, and data sets kept decoded in memory."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..images.preprocessing import Preprocessing, framed, pixels_of
from ..ops.checks import instance, integer, plain, real, shown
from .arrays import ArrayImages
from .dataset import Dataset, in_a_line, require_dataset

HELD_OUT = 2  # distinguishes this stream of random numbers from the loader's


class Subset:
    """Some images of a data set.

    dataset  n labelled images
    indices  which of them, in their new order
    """

    def __init__(self, dataset: Dataset, indices: NDArray[np.int64]) -> None:
        require_dataset("Subset: dataset", dataset)
        found = np.asarray(indices) if isinstance(indices, list | tuple) else indices
        if not plain(found) or found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
            raise TypeError(f"Subset: indices must be integers (n,), found {shown(indices)}")
        if found.size and not (found.min() >= 0 and found.max() < len(dataset)):
            raise ValueError(
                f"Subset: indices must be from 0 to {len(dataset) - 1}, found {shown(indices)}"
            )
        indices = found.astype(np.int64)
        self.dataset, self.indices = dataset, indices
        self.classes = dataset.classes
        self.labels = dataset.labels[indices]
        self.names: Sequence[str] = tuple(dataset.names[int(k)] for k in indices)
        self.channels: int = getattr(dataset, "channels", 3)

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return in_a_line(self, f"of {self.dataset!r}")

    def image(self, index: int) -> Image.Image:
        """Image `index` of this part."""
        return self.dataset.image(int(self.indices[index]))


def part_of(dataset: Dataset, indices: NDArray[np.int64]) -> Dataset:
    """A part of a data set; arrays stay arrays, which the loader treats whole."""
    if isinstance(dataset, ArrayImages):
        part = ArrayImages(dataset.images[indices], dataset.labels[indices], dataset.classes)
        part.names = tuple(dataset.names[int(k)] for k in indices)
        return part
    return Subset(dataset, indices)


def hold_out(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """A data set in two parts, class by class.

    dataset  n labelled images
    share    of every class that is held out, above 0 and below 1; at least one image of each
    seed     an integer, from which it follows which ones

    Returns (what is left, what is held out).  One at least is left of each class: ValueError where one
    has but one image.
    """
    require_dataset("hold_out: dataset", dataset)
    if not real(share) or not 0 < share < 1:
        found = shown(share)
        raise ValueError(f"holdout must be above 0 and below 1, found {found}")
    seed = integer("holdout", "seed", seed, 0, most=None)
    rng = np.random.default_rng((seed, 0, HELD_OUT))
    held = np.zeros(len(dataset), bool)
    for label, name in enumerate(dataset.classes):
        members = np.flatnonzero(dataset.labels == label)
        if len(members) == 1:
            raise ValueError(f"class {name} has one image: none can be held out for validation")
        count = min(max(round(share * len(members)), 1), max(len(members) - 1, 0))
        held[rng.permutation(members)[:count]] = True
    return part_of(dataset, np.flatnonzero(~held)), part_of(dataset, np.flatnonzero(held))


def _megabytes(value: int) -> int:
    return integer("cached", "megabytes", value, -1)


class Cached:
    """A data set whose images stay decoded in memory.

    dataset    n labelled images
    megabytes  as many images as fit into these are kept

    Decoding a JPEG takes longer than augmenting it.  Images are only read, never changed, so threads
    may share them; when two decode the same one at once, either copy is as good.
    """

    def __init__(self, dataset: Dataset, megabytes: int) -> None:
        require_dataset("cached: dataset", dataset)
        self.dataset, self.left = dataset, _megabytes(megabytes) * 1_000_000
        self.classes, self.labels, self.names = dataset.classes, dataset.labels, dataset.names
        self.channels: int = getattr(dataset, "channels", 3)
        self.kept: dict[int, Image.Image] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    def __repr__(self) -> str:
        return in_a_line(self, f"{len(self.kept):,} of them kept decoded, of {self.dataset!r}")

    def image(self, index: int) -> Image.Image:
        """Image `index`, decoded now or earlier."""
        image = self.kept.get(index)
        if image is None:
            image = self.dataset.image(index)
            size = image.width * image.height * len(image.getbands())
            if size <= self.left:
                self.left -= size
                self.kept[index] = image
        return image


def cached(dataset: Dataset, megabytes: int) -> Dataset:
    """A data set with a cache, where that saves anything: images in arrays need no decoding.

    dataset    n labelled images
    megabytes  of decoded images that are kept

    Returns a data set: another one, or the same.
    """
    require_dataset("cached: dataset", dataset)
    megabytes = _megabytes(megabytes)
    inner = dataset.dataset if isinstance(dataset, Subset) else dataset
    return (
        dataset if isinstance(inner, ArrayImages) or megabytes <= 0 else Cached(dataset, megabytes)
    )


def at_resolution(dataset: Dataset, wanted: Preprocessing, megabytes: int) -> Dataset:
    """A data set resized once for all epochs, where preparing does no more and the images fit.

    dataset    n labelled images; only those in arrays are resized ahead
    wanted     the preprocessing that they are for
    megabytes  the most that the resized ones may take

    Returns a data set: another one, or the same.
    """
    require_dataset("at_resolution: dataset", dataset)
    instance("at_resolution", "wanted", wanted, Preprocessing)
    megabytes = integer("at_resolution", "megabytes", megabytes, -1)
    if not isinstance(dataset, ArrayImages) or wanted.resize is not None:
        return dataset
    size = len(dataset) * wanted.resolution[0] * wanted.resolution[1] * wanted.channels
    if wanted.keeps(*dataset.images.shape[1:3]) or size > megabytes * 1_000_000:
        return dataset
    images = np.empty((len(dataset), *wanted.resolution, wanted.channels), np.uint8)
    for k in range(len(dataset)):
        images[k] = pixels_of(framed(dataset.image(k), wanted))
    found = ArrayImages(images, dataset.labels, dataset.classes)
    found.names = dataset.names
    return found


def free_megabytes() -> int:
    """Memory that could be had now without pushing anything out; 0 where the system does not say."""
    return _meminfo("MemAvailable") or _pages("SC_AVPHYS_PAGES")


def all_megabytes() -> int:
    """Memory of the machine with what it can push out; 0 where the system does not say."""
    return _meminfo("MemTotal") + _meminfo("SwapTotal") or _pages("SC_PHYS_PAGES")


def _meminfo(name: str) -> int:
    """A line of Linux' account in megabytes; 0 where there is none."""
    meminfo = Path("/proc/meminfo")
    for line in meminfo.read_text(encoding="ascii").splitlines() if meminfo.is_file() else ():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 // 1_000_000
    return 0


def _pages(name: str) -> int:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    except (AttributeError, OSError, ValueError):
        return 0
