"""Which images of a data set cannot be read: known before training begins, named in an evaluation."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

from ..text import printable
from .datasets import Dataset, ImageFiles
from .folders import counted
from .opening import TOLERANT, probe

# of so many files the beginning is looked at, in seconds; of more only whether they are there
HEADERS = 20_000


def require_readable(dataset: Dataset) -> None:
    """ValueError, one line, for files that are missing, empty, no images, or that may not be read.

    A file that is cut off further behind is found when it is decoded.
    """
    if not isinstance(dataset, ImageFiles):
        return
    found = (_begins_wrong if len(dataset) <= HEADERS else _absent)(dataset)
    if found:
        raise ValueError(summary(dataset, found))


def summary(dataset: Dataset, found: dict[int, str]) -> str:
    """The first complaint; of several, how many of which classes there are."""
    first = next(iter(found.values()))
    if len(found) == 1:
        return first
    classes: dict[str, list[str]] = {}
    for index in found:
        name = dataset.classes[int(dataset.labels[index])]
        classes.setdefault(name, []).append(dataset.names[index])
    return (
        f"{len(found):,} of {len(dataset):,} images cannot be read: {counted(classes)}; "
        f"the first is {first}"
    )


def undecodable(dataset: Dataset, workers: int = 2) -> dict[int, str]:
    """Index -> complaint of every image that cannot be decoded; all of them are decoded."""

    def complaint(index: int) -> str:
        try:
            dataset.image(index)
        except ValueError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        said = pool.map(complaint, range(len(dataset)))
        return {index: text for index, text in enumerate(said) if text}


def _begins_wrong(files: ImageFiles) -> dict[int, str]:
    found = {}
    with TOLERANT:
        for index, name in enumerate(files.names):
            try:
                probe(name)
            except ValueError as error:
                found[index] = str(error)
    return found


def _absent(files: ImageFiles) -> dict[int, str]:
    found = {}
    for index, name in enumerate(files.names):
        try:
            there = os.stat(name)
            if not (stat.S_ISREG(there.st_mode) and there.st_size):
                raise OSError("an empty file, or none at all")
        except OSError as error:
            found[index] = f"{printable(name)}: {error.strerror or error}"
    return found
