"""Images in memory: arrays, and MNIST's idx files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..data import FASHION_CLASSES
from ..images.converting import MODES
from ..names import read_class_names, require_same_classes
from ..ops.checks import path, plain, plain_array, shown
from . import idx
from .dataset import in_a_line


class ArrayImages:
    """Images in memory.

    images   uint8 (n, H, W), (n, H, W, 1) or (n, H, W, 3); kept as (n, H, W, C)
    labels   (n,) integers from 0 to one below the number of classes
    classes  their names, in the order of the labels
    source   begins the images' names: "source[17]"

    ValueError or TypeError where they do not fit each other.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: ArrayLike,
        classes: Sequence[str],
        source: str = "images",
    ) -> None:
        if not plain(images):
            raise TypeError(f"{source}: images must be an array, found {type(images).__name__}")
        self.images = images[..., np.newaxis] if images.ndim == 3 else images
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or images.size == 0:
            raise ValueError(
                f"{source}: images must be uint8 (n, H, W) or (n, H, W, C), none of "
                f"them 0; found {images.dtype} {images.shape}"
            )
        self.channels = self.images.shape[3]
        if self.channels not in MODES:
            raise ValueError(f"{source}: images have {self.channels} channels; 1 or 3 are possible")
        self.labels = _whole(labels, source)
        if self.labels.shape != (len(images),):
            raise ValueError(f"{source}: {len(images)} images, but labels {self.labels.shape}")
        if isinstance(classes, str) or not isinstance(classes, Sequence):
            raise TypeError(f"{source}: classes must be a list of names, found {shown(classes)}")
        if not all(isinstance(name, str) for name in classes):
            raise TypeError(f"{source}: classes must be texts, found {shown(classes)}")
        self.classes = tuple(classes)
        lowest, highest = self.labels.min(), self.labels.max()
        if lowest < 0 or highest >= len(self.classes):
            raise ValueError(
                f"{source}: labels are {lowest}..{highest}, "
                f"but there are {len(self.classes)} classes"
            )
        self.names = tuple(f"{source}[{i}]" for i in range(len(images)))

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return in_a_line(self, " x ".join(map(str, self.images.shape[1:])))

    def image(self, index: int) -> Image.Image:
        """Image `index` in mode "L" or "RGB", in the size it is stored in."""
        pixels = self.images[index]
        return Image.fromarray(pixels[:, :, 0] if self.channels == 1 else pixels)


def _whole(labels: ArrayLike, source: str) -> NDArray[np.int64]:
    """Labels as integers; ValueError for what is none, such as 0.5 or a masked array."""
    given = plain_array(labels)
    if given is not None and given.dtype.kind == "f":  # 3.0 is as good as 3
        fractions = ~(np.isfinite(given) & (given == np.floor(given)))
        given = given if fractions.any() else given.astype(np.int64)
    if given is not None and given.dtype.kind in "iu":
        return given.astype(np.int64)
    found = type(labels).__name__ if given is None else given.dtype
    raise ValueError(f"{source}: labels must be integers, found {found}")


class IdxImages(ArrayImages):
    """One part of a folder in MNIST's or Fashion-MNIST's layout, gzipped or not.

    folder   with train-images-idx3-ubyte and its three companions
    part     "train" or "t10k"
    classes  names; None: the lines of the folder's classes.txt, or Fashion-MNIST's if the path's last two
             parts say "fashion", or else the digits.  Where the folder has names, these must agree; where
             it has none, they must be as many as its labels

    ValueError, one line with the file's name, for files that are missing, damaged or do not fit.
    """

    def __init__(
        self, folder: str | Path, part: str = "train", classes: Sequence[str] | None = None
    ) -> None:
        folder = path("IdxImages: folder", folder, "folder")
        images, labels, file = idx.read_part(folder, part)
        digits = tuple(map(str, range(max(10, int(labels.max(initial=0)) + 1))))
        own = _idx_classes(folder)
        names = own or digits
        if classes is not None:
            if own or len(classes) != len(digits):
                require_same_classes(folder, names, classes, ordered=True)
            names = tuple(classes)
        super().__init__(images, labels, names, source=str(file))


def _idx_classes(folder: Path) -> tuple[str, ...] | None:
    """The names an idx folder itself gives to its classes, None if it gives none."""
    listed = folder / "classes.txt"
    if listed.is_file():
        return read_class_names(listed)
    if any("fashion" in part.lower() for part in folder.resolve().parts[-2:]):
        return FASHION_CLASSES
    return None
