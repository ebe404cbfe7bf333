"""Which images to learn from and which to measure on: from a path to two datasets.

The datasets themselves are in dataset.py; here is what a path may lead to, and how the images found
there are prepared unless somebody says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from npmobilenet.data import FASHION_CLASSES, fashion_mnist_arrays
from npmobilenet.datasets import idx, paddle_lists
from npmobilenet.datasets.arrays import ArrayImages, IdxImages
from npmobilenet.datasets.damage import pass_over_damaged
from npmobilenet.datasets.dataset import Dataset, require_dataset
from npmobilenet.datasets.file_tree import class_folders, extensions, image_files
from npmobilenet.datasets.folder import ImageFolder
from npmobilenet.datasets.paddle_lists import ListImages
from npmobilenet.images.converting import require_channels
from npmobilenet.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from npmobilenet.names import require_same_classes
from npmobilenet.ops import checks
from npmobilenet.text import names_visible, printable, writable

SAMPLE = "fashion-mnist-sample"
VALIDATION_FOLDERS = ("val", "valid", "validation", "test")  # the first that exists is taken
# over all pixels of the 60,000 official training images, in units of 0..1
FASHION_MEAN, FASHION_STD = 0.2860, 0.3530


@dataclass(frozen=True)
class Splits:
    """What to learn from, and what to measure on.

    train       a data set
    validation  a data set; None where there is none, and none was required
    kind        "folder", "lists", "idx" or "fashion-mnist-sample"
    """

    train: Dataset
    validation: Dataset | None  # None: there is none, and `require_validation` was False
    kind: str


def fashion_mnist_sample() -> tuple[ArrayImages, ArrayImages]:
    """(train, test): the first 10,000 and the first 1,000 images of Fashion-MNIST's two parts."""
    a = fashion_mnist_arrays()
    return (
        ArrayImages(a.train_images, a.train_labels, FASHION_CLASSES, f"{SAMPLE}/train"),
        ArrayImages(a.test_images, a.test_labels, FASHION_CLASSES, f"{SAMPLE}/test"),
    )


@names_visible
def load_splits(
    path: str | Path,
    channels: int | None = None,
    *,
    validation: bool = True,
    skip_bad: bool = False,
) -> Splits:
    """Training and validation images, from one path.

    path        a folder with train/ and one of val/, valid/, validation/, test/ (the first of these that
                is there), one subfolder a class in each; a folder with PaddleClas' train_list.txt and
                val_list.txt; a folder of idx files, its "train" and its "t10k" part; or the literal name
                "fashion-mnist-sample"
    channels    3 (RGB) or 1 (grey), with which files are opened; None: 3.  idx images stay grey whatever
                it is, and are made three alike where a network wants 3
    validation  False: the second part is not looked for, None stands for it; then a folder with one
                subfolder a class will do too
    skip_bad    True: images of lists that cannot be read are left out with a note that counts them, as
                those of folders always are

    Returns `Splits`.  ValueError that says what of this was expected and what was found, and which of the
    files cannot be read.
    """
    if channels is not None:
        require_channels("load_splits", channels)
    checks.path("load_splits: path", path, "folder")
    if not writable(str(path)):
        raise ValueError(
            f"{printable(str(path))}: this path is not UTF-8, so no run could keep it; rename the folder"
        )
    splits = _splits(path, channels, validation, checks.flag("load_splits", "skip_bad", skip_bad))
    pass_over_damaged(splits.train, splits.validation, lists=skip_bad)
    return splits


def _splits(path: str | Path, channels: int | None, validation: bool, absent: bool) -> Splits:
    folder = Path(path)
    if str(path) == SAMPLE:
        sample = fashion_mnist_sample()
        return Splits(sample[0], sample[1] if validation else None, kind=SAMPLE)
    if _has_idx(folder):
        train = IdxImages(folder, "train")
        measured = IdxImages(folder, "t10k", classes=train.classes) if validation else None
        return Splits(train, measured, kind="idx")
    listed, also = (
        paddle_lists.find(folder, paddle_lists.TRAIN),
        paddle_lists.find(folder, paddle_lists.VALIDATION),
    )
    if listed and not validation:
        return Splits(ListImages(listed, channels or 3, absent=absent), None, kind="lists")
    if listed and also:
        named = ListImages(listed, channels or 3, absent=absent)
        return Splits(
            named, ListImages(also, channels or 3, named.classes, absent=absent), kind="lists"
        )
    return _folders(folder, channels or 3, validation)


def _folders(folder: Path, channels: int, validation: bool) -> Splits:
    """train/ and val/ with a folder a class; or, if it need not be divided, just a folder a class."""
    train, measured = folder / "train", _validation_folder(folder)
    if validation and train.is_dir() and measured:
        images = ImageFolder(train, channels)
        return Splits(images, ImageFolder(measured, channels, images.classes), kind="folder")
    classes = any(any(image_files(path)) for path in class_folders(folder).values())
    unsplit = classes and not train.is_dir()
    if not validation and (unsplit or train.is_dir()):
        return Splits(ImageFolder(folder if unsplit else train, channels), None, kind="folder")
    hint = ""
    if unsplit:
        hint = (
            "; if these are the classes, divide them into train/ and val/ first, or have a part of "
            "them held out: --validation holdout"
        )
    elif train.is_dir() or paddle_lists.find(folder, paddle_lists.TRAIN):
        hint = "; to have a part of the training images held out instead: --validation holdout"
    raise ValueError(
        f"{folder}: expected train/ and val/ with one subfolder a class, or train_list.txt and "
        f"val_list.txt, or MNIST's idx files, or the name {SAMPLE}; "
        f"found {idx.listing(folder)}{hint}"
    )


@names_visible
def load_evaluation(
    path: str | Path,
    classes: Sequence[str],
    channels: int = 3,
    *,
    some: bool = False,
    absent: bool = False,
) -> Dataset:
    """The images to measure a model on, labelled in the order of its classes.

    path      an idx folder: its "t10k" part.  A list file, or a folder with val_list.txt: what that
              lists.  A folder with val/ (or valid/, validation/, test/): that one.  Another folder:
              itself, one subfolder a class.  "fashion-mnist-sample": its test images
    classes   the model's, in its order
    channels  3 (RGB) or 1 (grey), with which files are opened
    some      True: a folder of some of the classes will do
    absent    True: files of a list that are not there stay in it, and cannot be read

    Returns a data set.  ValueError if there are no images or their classes are not `classes`.
    """
    require_channels("load_evaluation", channels)
    folder = checks.path("images", path, "folder or a list")
    if str(path) == SAMPLE:
        require_same_classes(folder, FASHION_CLASSES, classes, ordered=True)
        return fashion_mnist_sample()[1]
    if _has_idx(folder):
        return IdxImages(folder, "t10k", classes)
    if folder.is_file() and folder.suffix.lower() in extensions():
        raise ValueError(
            f"{folder}: one image, expected a folder or a list of images with their classes"
        )
    listed = folder if folder.is_file() else paddle_lists.find(folder, paddle_lists.VALIDATION)
    if listed:
        return ListImages(listed, channels, classes, absent=absent)
    measured = _validation_folder(folder)
    if not measured and (folder / "train").is_dir() and "train" not in classes:
        raise ValueError(
            f"{folder}: expected val/ beside train/, found {idx.listing(folder)}; to measure on the "
            f"images of training: {folder / 'train'}"
        )
    return ImageFolder(measured or folder, channels, classes, some=some)


def _has_idx(folder: Path) -> bool:
    return any(idx.find(folder, part, idx.IMAGES) for part in idx.PARTS)


def _validation_folder(folder: Path) -> Path | None:
    there = (folder / name for name in VALIDATION_FOLDERS)
    return next((candidate for candidate in there if candidate.is_dir()), None)


def default_preprocessing(
    dataset: Dataset, resolution: int | tuple[int, int], channels: int | None = None
) -> Preprocessing:
    """How to prepare a data set's images where nobody says otherwise.

    dataset     n labelled images
    resolution  (H, W) in pixels, or one number for both
    channels    1 or 3; None: the data set's own

    Files: ImageNet's resize, crop, mean and std. Arrays: straight to the resolution, with ImageNet's
    mean and std for colour, Fashion-MNIST's for Fashion-MNIST, and otherwise those of the data set's
    own pixels, to four places (for MNIST's training part that gives the known 0.1307 and 0.3081).
    Returns a `Preprocessing`.
    """
    require_dataset("default_preprocessing: dataset", dataset)
    if channels is not None:
        require_channels("default_preprocessing", channels)
    photos = Preprocessing.imagenet(resolution)
    own = getattr(dataset, "channels", 3)
    channels = channels or own
    mean, std = photos.mean, photos.std
    if isinstance(dataset, ArrayImages) and own == 1:
        fashion = dataset.classes == FASHION_CLASSES
        m, s = (FASHION_MEAN, FASHION_STD) if fashion else pixel_statistics(dataset.images)
        mean, std = (round(m, 4),) * channels, (round(s, 4),) * channels
    elif channels == 1:  # grey photographs: the mean of the three colours' numbers
        mean, std = (round(sum(IMAGENET_MEAN) / 3, 4),), (round(sum(IMAGENET_STD) / 3, 4),)
    resize = None if isinstance(dataset, ArrayImages) else photos.resize
    return replace(photos, resize=resize, channels=channels, mean=mean, std=std)


def pixel_statistics(images: NDArray[np.uint8]) -> tuple[float, float]:
    """(mean, standard deviation) over all elements of uint8 images, in units of 0..1.

    From the 256 counts of the values, hence exact to the last digits however many pixels there are.
    """
    counts = np.bincount(images.ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float(counts @ values / counts.sum())
    return mean, float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()))
