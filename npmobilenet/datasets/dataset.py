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

from ..ops.checks import plain, shown


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
    """TypeError or ValueError for what is none, or fits itself not; `what` begins the complaint."""
    asked = ("classes", "labels", "names", "image", "__len__")
    if isinstance(dataset, type) or not all(hasattr(dataset, name) for name in asked):
        found = shown(dataset) if isinstance(dataset, type) else type(dataset).__name__
        raise TypeError(f"{what} must be a Dataset, found {found}")
    classes, labels, names = (getattr(dataset, name) for name in asked[:3])
    if not isinstance(classes, tuple | list) or not all(isinstance(name, str) for name in classes):
        raise TypeError(f"{what}: classes must be a tuple of names, found {shown(classes)}")
    count = len(dataset)  # type: ignore[arg-type]
    if not plain(labels) or labels.dtype.kind not in "iu" or labels.shape != (count,):
        found = f"{labels.dtype} {labels.shape}" if plain(labels) else shown(labels)
        raise TypeError(f"{what}: labels must be an array of integers ({count},), found {found}")
    if count and not 0 <= labels.min() <= labels.max() < len(classes):
        found = f"{labels.min()}..{labels.max()}"
        raise ValueError(f"{what}: labels must be below {len(classes)}, the classes; found {found}")
    if not hasattr(names, "__getitem__") or len(names) < count:
        raise TypeError(f"{what}: names must be {count} texts, found {shown(names)}")


def in_a_line(dataset: Dataset, more: str = "") -> str:
    """The `repr` of a data set: how many images, of which classes, and what it adds itself."""
    names = ", ".join(dataset.classes[:3]) + ", ..." * (len(dataset.classes) > 3)
    return (
        f"{type(dataset).__name__}({len(dataset):,} images, {len(dataset.classes)} classes: {names}"
        f"{more and '; '}{more})"
    )
