"""PaddleClas' way of writing a data set down: text files of "relative/path label" lines.

train_list.txt, val_list.txt     "daisy/100080576.jpg 0", the path counted from the list's folder
label_list.txt                   the classes' names: "0 daisy" or "daisy" a line; may be missing
"""

import os
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import numpy as np

from ..names import read_class_names, require_same_classes
from ..ops.checks import flag, path
from ..text import displayed, read_text
from .folder import ImageFiles

TRAIN = ("train_list.txt", "train.txt")
VALIDATION = ("val_list.txt", "val.txt", "test_list.txt", "test.txt")  # the first there is taken
NAMES = ("label_list.txt", "labels.txt", "classes.txt")
MOST_CLASSES = 1_000_000  # a larger label is no label

Line = tuple[int, str, int]  # its number, path and label


def find(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these files that is in the folder."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


class ListImages(ImageFiles):
    """The images that a list file of PaddleClas' names, in its order.

    file      lines of a path and a label with a space between; paths begin at the folder of the file
    channels  3 (RGB) or 1 (grey)
    classes   names; None: the folder's label list, else the numbers up to the largest label.  A class may
              be without images
    absent    True: files that are not there stay in the list, and cannot be read

    ValueError, one line, for a line that is none and for files that are not there: all of them are looked
    for now.
    """

    def __init__(
        self,
        file: str | Path,
        channels: int = 3,
        classes: Sequence[str] | None = None,
        *,
        absent: bool = False,
    ) -> None:
        file = path("ListImages: file", file)
        flag("ListImages", "absent", absent)
        lines = [
            (number, *_pair(file, number, line))
            for number, line in enumerate(read_text(file).split("\n"), start=1)
            if line.strip()
        ]
        if not lines:
            raise ValueError(f'{file}: expected lines "relative/path label", found none')
        own = list_classes(file.parent)
        if classes is not None and own is not None:
            require_same_classes(file, own, classes, ordered=True)
        most = max(label for _, _, label in lines)
        known = classes or own or range(min(most, MOST_CLASSES - 1) + 1)
        for number, name, label in lines:
            if label >= len(known):
                raise ValueError(
                    f"{file}: line {number}, {name} has label {label}, but there are "
                    f"{len(known):,} classes"
                )
        labels = np.array([label for *_, label in lines], np.int64)
        super().__init__(_paths(file, lines, absent), labels, tuple(map(str, known)), channels)
        self.place = file


def list_classes(folder: Path) -> tuple[str, ...] | None:
    """The names in the folder's label list, None if there is none."""
    file = find(folder, NAMES)
    return None if file is None else read_class_names(file)


def _paths(file: Path, lines: Sequence[Line], absent: bool) -> list[str]:
    """Where the listed files are.  ValueError that counts those that are not there, but with `absent`."""
    found = [_located(file.parent, name) for _, name, _ in lines]
    missing = [line for line, path in zip(lines, found, strict=True) if path is None]
    if missing and not absent:
        number, name, _ = missing[0]
        are = "is" if len(missing) == 1 else "are"
        raise ValueError(
            f"{file}: {len(missing):,} of the {len(lines):,} files it lists {are} missing, the first in "
            f"line {number}: {file.parent / name}"
        )
    return [
        path or os.path.join(file.parent, line[1]) for line, path in zip(lines, found, strict=True)
    ]


def _located(folder: Path, name: str) -> str | None:
    """The path of a listed file; macOS writes accents, and Windows folders, in other characters."""
    spellings = (normalize(form, name) for form in ("NFC", "NFD"))
    for spelling in (name, *spellings, name.replace("\\", "/")):
        path = os.path.join(folder, spelling)
        if os.path.exists(path):
            return path
    return None


def _pair(file: Path, number: int, line: str) -> tuple[str, int]:
    """Path and label; the path may have spaces in it."""
    words = line.rsplit(maxsplit=1)
    if len(words) != 2 or not words[1].isdecimal() or len(words[1]) > 18:
        raise ValueError(
            f'{file}: line {number} must be "relative/path label", found {displayed(line.strip())!r}'
        )
    return words[0].strip(), int(words[1])
