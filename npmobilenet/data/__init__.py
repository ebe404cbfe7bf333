"""The files that come with the package: a sample of Fashion-MNIST, two pictures, ImageNet's classes.

README.md beside this file says where each comes from and under which licence.
"""

import io
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOLDER = Path(__file__).parent
FASHION_MNIST_FILE = FOLDER / "fashion_mnist_sample.npz"
PHOTOGRAPH_FILE = FOLDER / "photograph.png"
# what `predict` knows by name; Chelsea is the cat of the photograph
PICTURES = {"ankle-boot": FOLDER / "ankle-boot.png", "chelsea": PHOTOGRAPH_FILE}
IMAGENET_CLASSES_FILE = FOLDER / "imagenet_classes.txt"
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class FashionMnistArrays(NamedTuple):
    """Images uint8 (n, 28, 28), 0 the background; labels uint8 (n,), indices of FASHION_CLASSES."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


@lru_cache(maxsize=1)
def fashion_mnist_arrays() -> FashionMnistArrays:
    """The first 10,000 training and the first 1,000 test images of Fashion-MNIST, in their order.

    The arrays are shared between callers and therefore not writable.
    """
    return read_fashion_mnist(FASHION_MNIST_FILE)


def read_fashion_mnist(path: Path) -> FashionMnistArrays:
    """The arrays of a file that `npmobilenet.data.cut` wrote: labels as they are, images as PNG."""
    with np.load(path, allow_pickle=False) as file:
        arrays = FashionMnistArrays(
            decode(file["train_png"]),
            file["train_labels"],
            decode(file["test_png"]),
            file["test_labels"],
        )
    for array in arrays:
        array.setflags(write=False)
    return arrays


def decode(png: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bytes of a PNG of n transposed images, one below the other -> uint8 (n, 28, 28)."""
    with Image.open(io.BytesIO(png.tobytes())) as sheet:
        pixels = np.asarray(sheet, dtype=np.uint8)
    return np.ascontiguousarray(pixels.reshape(-1, 28, 28).transpose(0, 2, 1))


def photograph() -> NDArray[np.uint8]:
    """A cat's face, uint8 (224, 224, 3): something to look at convolutions with."""
    with Image.open(PHOTOGRAPH_FILE) as image:
        return np.array(image, dtype=np.uint8)


@lru_cache(maxsize=2)
def imagenet_classes(*, background: bool = False) -> tuple[str, ...]:
    """The names of ImageNet's 1000 classes in their usual order, 0 tench to 999 toilet tissue.

    background: with "background" before them, 1001 in all, as in networks trained with TF-slim.
    """
    names = IMAGENET_CLASSES_FILE.read_text(encoding="ascii").splitlines()
    return ("background",) * background + tuple(names)
