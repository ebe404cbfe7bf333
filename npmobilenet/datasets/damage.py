"""Which images of a data set cannot be read: known before training begins, named in an evaluation."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from ..images.decode import probe
from ..images.tolerance import TOLERANT
from ..kernels.sharing import cores
from ..text import printable
from .dataset import Dataset
from .file_tree import counted
from .folder import ImageFiles, ImageFolder

# so many bytes of files are decoded, in seconds; of more the beginning is looked at; of more files than
# these only whether they are there
DECODED, HEADERS = 100_000_000, 20_000
THREADS = 32  # more decode no faster


def pass_over_damaged(*datasets: Dataset | None, lists: bool = False) -> None:
    """Leave out of folders what is damaged, with a note that counts it by class.

    A list names the files that it wants: a ValueError, one line, where one of them cannot be read, but
    with `lists`.  So it is where a class would have no image left.
    """
    for dataset in datasets:
        if isinstance(dataset, ImageFiles) and (damaged := _damaged(dataset)):
            left = np.setdiff1d(np.arange(len(dataset)), list(damaged))
            whole = set(dataset.labels[left].tolist()) == set(dataset.labels.tolist())
            if not (whole and (lists or isinstance(dataset, ImageFolder))):
                (one, *more) = damaged.values()
                raise ValueError(_counted(dataset, damaged) if more else one)
            dataset.keep(left, f"{dataset.place}: passed over, {_counted(dataset, damaged)}")


def _damaged(files: ImageFiles) -> dict[int, str]:
    """Index -> complaint; the more there is, the less of each file is looked at."""
    few = len(files) <= HEADERS
    if few and sum(map(_size, files.names)) <= DECODED:
        return undecodable(files, cores())
    look = probe if few else _require_content
    with TOLERANT:  # once, not for each of so many
        return _numbered(map(partial(_complaint, look), files.names))


def _counted(files: ImageFiles, damaged: Mapping[int, str]) -> str:
    """How many of which classes, and what is wrong with the first."""
    classes: dict[str, list[str]] = {}
    for index in damaged:
        name = files.classes[int(files.labels[index])]
        classes.setdefault(name, []).append(files.names[index])
    return (
        f"{len(damaged):,} of {len(files):,} images cannot be read: {counted(classes)}; "
        f"the first is {next(iter(damaged.values()))}"
    )


def undecodable(dataset: Dataset, workers: int = 2) -> dict[int, str]:
    """Index -> complaint of every image that cannot be decoded; all of them are decoded."""
    with ThreadPoolExecutor(min(max(workers, 1), THREADS)) as pool:
        return _numbered(pool.map(partial(_complaint, dataset.image), range(len(dataset))))


def _complaint(look: Callable[[Any], object], thing: Any) -> str:
    """Of the ValueError with which `look` refuses a thing; "" where it does not."""
    try:
        look(thing)
    except ValueError as error:
        return str(error)
    return ""


def _numbered(complaints: Iterable[str]) -> dict[int, str]:
    return {index: text for index, text in enumerate(complaints) if text}


def _size(name: str) -> int:
    """Bytes of a file; 0 where there is none, of which decoding will complain."""
    try:
        return os.stat(name).st_size
    except OSError:
        return 0


def _require_content(name: str) -> None:
    try:
        there = os.stat(name)
        if not (stat.S_ISREG(there.st_mode) and there.st_size):
            raise OSError("an empty file, or none at all")
    except OSError as error:
        raise ValueError(f"{printable(name)}: {error.strerror or error}") from None
