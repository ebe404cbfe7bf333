"""PaddleClas' way of writing a data set down: text files of "relative/path label" lines.

train_list.txt, val_list.txt     "daisy/100080576.jpg 0", the path counted from the list's folder
label_list.txt                   the classes' names: "0 daisy" or "daisy" a line; may be missing
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .datasets import in_a_line, require_same_classes
from .transforms import open_image

TRAIN = ("train_list.txt", "train.txt")
VALIDATION = ("val_list.txt", "val.txt", "test_list.txt", "test.txt")  # the first there is taken
NAMES = ("label_list.txt", "labels.txt", "classes.txt")


def find(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these files that is in the folder."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


class ListImages:
    """The images that a list file names, in its order, opened with `channels` (3 or 1).

    Which classes there are: `classes` where given, else the folder's label list, else the numbers up
    to the largest label.  A class may be without images; `counts.py` tells of it.
    """

    def __init__(
        self, file: str | Path, channels: int = 3, classes: Sequence[str] | None = None
    ) -> None:
        file = Path(file)
        pairs = [
            _pair(file, number, line)
            for number, line in enumerate(_lines(file), start=1)
            if line.strip()
        ]
        if not pairs:
            raise ValueError(f'{file}: expected lines "relative/path label", found none')
        self.channels = channels
        self.names = tuple(str(file.parent / name) for name, _ in pairs)
        self.labels = np.array([label for _, label in pairs], np.int64)
        own = list_classes(file.parent)
        numbers = tuple(map(str, range(int(self.labels.max()) + 1)))
        if classes is not None and own is not None:
            require_same_classes(file, own, classes, ordered=True)
        self.classes = tuple(classes or own or numbers)
        if self.labels.max() >= len(self.classes):
            line = int(np.argmax(self.labels >= len(self.classes)))
            raise ValueError(
                f"{file}: {pairs[line][0]} has label {self.labels[line]}, but there are "
                f"{len(self.classes)} classes"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return in_a_line(self, f"the first {self.names[0]}")

    def image(self, index: int) -> Image.Image:
        """Image `index`, upright, in mode "RGB" or "L". Raises ValueError naming a damaged file."""
        return open_image(self.names[index], self.channels)


def list_classes(folder: Path) -> tuple[str, ...] | None:
    """The names in the folder's label list, None if there is none."""
    file = find(folder, NAMES)
    if file is None:
        return None
    lines = [line.strip() for line in _lines(file) if line.strip()]
    numbered = [line.split(maxsplit=1) for line in lines]
    if all(len(words) == 2 and words[0].isdigit() for words in numbered):
        if [int(number) for number, _ in numbered] != list(range(len(lines))):
            raise ValueError(f"{file}: the numbers must be 0, 1, 2 ... in this order")
        return tuple(name for _, name in numbered)
    return tuple(lines)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: cannot be read: {error}") from error


def _pair(file: Path, number: int, line: str) -> tuple[str, int]:
    """Path and label; the path may have spaces in it."""
    words = line.rsplit(maxsplit=1)
    if len(words) != 2 or not words[1].isdecimal():
        raise ValueError(
            f'{file}: line {number} must be "relative/path label", found {line.strip()!r}'
        )
    return words[0].strip(), int(words[1])
