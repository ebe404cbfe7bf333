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
THREADS = 32  # more decode no faster


def require_readable(*datasets: Dataset | None) -> None:
    """ValueError, one line, for files that are missing, empty, no images, or that may not be read.

    One complaint is quoted; of several, how many of which classes there are, and the first.  A file
    that is cut off further behind is found when it is decoded.
    """
    complaints: list[str] = []
    classes: dict[str, list[str]] = {}
    files = [dataset for dataset in datasets if isinstance(dataset, ImageFiles)]
    for dataset in files:
        check = _begins_wrong if len(dataset) <= HEADERS else _absent
        for index, complaint in check(dataset).items():
            complaints.append(complaint)
            name = dataset.classes[int(dataset.labels[index])]
            classes.setdefault(name, []).append(dataset.names[index])
    if len(complaints) > 1:
        raise ValueError(
            f"{len(complaints):,} of {sum(map(len, files)):,} images cannot be read: "
            f"{counted(classes)}; the first is {complaints[0]}"
        )
    if complaints:
        raise ValueError(complaints[0])


def undecodable(dataset: Dataset, workers: int = 2) -> dict[int, str]:
    """Index -> complaint of every image that cannot be decoded; all of them are decoded."""

    def complaint(index: int) -> str:
        try:
            dataset.image(index)
        except ValueError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(min(max(workers, 1), THREADS)) as pool:
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
