"""What a data set is: images with labels, and names for both.

A data set answers five questions (`Dataset`) and nothing random happens in it; order, batches and
augmentation are loader.py's. Every complaint is one line that names the folder, what was expected in
it and what was found.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Dataset(Protocol):
    """n labelled images."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; a label is an index into them."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,)"""

    @property
    def names(self) -> Sequence[str]:
        """(n,) where each image comes from, for messages."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image.Image:
        """Image `index` in mode "L" or "RGB". Raises ValueError naming the file if it is damaged."""


def require_dataset(what: str, dataset: object) -> None:
    """TypeError for what is none; `what` begins the complaint."""
    if not all(hasattr(dataset, name) for name in ("classes", "labels", "names", "__len__")):
        raise TypeError(f"{what} must be a Dataset, found {type(dataset).__name__}")


def in_a_line(dataset: Dataset, more: str = "") -> str:
    """The `repr` of a data set: how many images, of which classes, and what it adds itself."""
    names = ", ".join(dataset.classes[:3]) + ", ..." * (len(dataset.classes) > 3)
    return (
        f"{type(dataset).__name__}({len(dataset):,} images, {len(dataset.classes)} classes: {names}"
        f"{more and '; '}{more})"
    )
