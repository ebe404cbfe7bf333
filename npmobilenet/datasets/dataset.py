"""Datasets: images with labels, in memory, in idx files, or in folders of image files.

A dataset answers five questions (`Dataset`) and nothing random happens in it; order, batches and
augmentation are loader.py's. Every complaint is one line that names the folder, what was expected in
it and what was found.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from npmobilenet.data import FASHION_CLASSES
from npmobilenet.datasets import idx
from npmobilenet.datasets.file_tree import above, class_folders, contents, real, remarks
from npmobilenet.datasets.file_tree import image_files as image_files
from npmobilenet.images.decode import MODES, open_image
from npmobilenet.names import canonical, read_class_names
from npmobilenet.names import require_same_classes as require_same_classes
from npmobilenet.ops.checks import plain, plain_array


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


class ArrayImages:
    """Images in memory: uint8 (n, H, W), (n, H, W, 1) or (n, H, W, 3), labels (n,).

    `images` is kept as (n, H, W, C). `source` begins the images' names: "source[17]".
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
            raise TypeError(f"{source}: classes must be a list of names, found {classes!r}")
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
    """One part ("train" or "t10k") of a folder in MNIST's or Fashion-MNIST's layout, gzipped or not.

    The classes' names are the lines of `classes.txt` in the folder, or Fashion-MNIST's if the path's
    last two parts say "fashion"; `classes`, where given, must agree with them. A folder that names
    nothing takes `classes`, if they are as many as its labels, or else the digits.
    """

    def __init__(
        self, folder: str | Path, part: str = "train", classes: Sequence[str] | None = None
    ) -> None:
        folder = Path(folder)
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


class ImageFiles:
    """Images in files, opened with `channels` (3: RGB, 1: grey) when they are asked for.

    `notes` says in lines what was passed over or deserves a word before the images are used.
    """

    def __init__(
        self,
        names: Sequence[str],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        channels: int,
        notes: Sequence[str] = (),
    ) -> None:
        self.names, self.labels, self.classes = tuple(names), labels, tuple(classes)
        self.channels, self.notes = channels, tuple(notes)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return in_a_line(self, f"the first {self.names[0]}")

    def image(self, index: int) -> Image.Image:
        """Image `index`, upright, in mode "RGB" or "L". Raises ValueError naming a damaged file."""
        return open_image(self.names[index], self.channels)

    def keep(self, indices: NDArray[np.int64], note: str) -> None:
        """Go on without the images that `indices` leave out, and say so in a note."""
        self.names = tuple(self.names[int(k)] for k in indices)
        self.labels, self.notes = self.labels[indices], (*self.notes, note)


class ImageFolder(ImageFiles):
    """One subfolder a class, the class's images anywhere below it: torchvision's layout and order.

    Classes and files are sorted by name; hidden ones (".name") are passed over. `channels` is 3 (RGB)
    or 1 (grey). With `classes`, from the training part or a checkpoint, labels count in their order
    and the subfolders must be exactly these; with `some`, at least one of them.
    """

    def __init__(
        self,
        folder: str | Path,
        channels: int = 3,
        classes: Sequence[str] | None = None,
        *,
        some: bool = False,
    ) -> None:
        self.folder = folder = Path(folder)
        found = class_folders(folder)
        if not found:
            raise ValueError(
                f"{folder}: expected one subfolder of images for each class, "
                f"found {idx.listing(folder)}"
            )
        if classes is not None:
            require_same_classes(folder, tuple(found), classes, some=some)
        names = tuple(found) if classes is None else tuple(classes)
        apart = {real(folder), *above(folder), *map(real, found.values())}
        inside = {name: contents(path, apart) for name, path in found.items()}
        empty = [name for name, there in inside.items() if not there.images]
        if empty and not (some and len(empty) < len(found)):
            raise ValueError(
                f"{found[empty[0]]}: expected images (.jpg, .png, .webp and others), found "
                f"{idx.listing(found[empty[0]])}; {len(empty)} of {len(found)} classes are empty"
            )
        files = [
            inside[canonical(name)].images if canonical(name) in inside else () for name in names
        ]
        passed_over = {name: there.others for name, there in inside.items() if there.others}
        super().__init__(
            [file for there in files for file in there],
            np.repeat(np.arange(len(files), dtype=np.int64), [len(there) for there in files]),
            names,
            channels,
            tuple(remarks(folder, found, passed_over)),
        )
