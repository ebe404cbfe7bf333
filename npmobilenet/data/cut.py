"""The command that cut the shipped sample out of Fashion-MNIST; run it to see that nothing was changed.

    python -m npmobilenet.data.cut FASHION_MNIST_FOLDER --output FILE

FASHION_MNIST_FOLDER holds the four official idx files (Debian: package dataset-fashion-mnist, folder
/usr/share/datasets/fashion-mnist). Same input, same arrays; with the same Pillow, the same bytes.

Why a PNG inside an npz: of 11,000 images, 8,624,000 bytes, deflate alone (npz) leaves 4.83 MB, a PNG
sheet of 100 x 110 images 4.45, lossless WebP 4.33 (and two minutes), LZMA 3.98 with three times the
loading time and a Python that was built with it. PNG predicts a pixel from its neighbours before
deflating; garments resemble themselves from top to bottom more than from side to side, so each image
is transposed, and one column of them leaves 4.24 MB that load in about a tenth of a second.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from npmobilenet.data import FashionMnistArrays
from npmobilenet.datasets import idx
from npmobilenet.disk import write_whole

TRAIN, TEST = 10_000, 1_000


def cut(folder: Path) -> FashionMnistArrays:
    """The first TRAIN official training images and the first TEST official test images."""
    train_images, train_labels, _ = idx.read_part(folder, "train")
    test_images, test_labels, _ = idx.read_part(folder, "t10k")
    return FashionMnistArrays(
        train_images[:TRAIN], train_labels[:TRAIN], test_images[:TEST], test_labels[:TEST]
    )


def encode(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (n, 28, 28) -> the bytes of a PNG 28 wide; `npmobilenet.data.decode` is the inverse."""
    column = np.ascontiguousarray(images.transpose(0, 2, 1)).reshape(-1, 28)
    png = io.BytesIO()
    Image.fromarray(column).save(png, "PNG", optimize=True)
    return np.frombuffer(png.getvalue(), dtype=np.uint8)


def write(arrays: FashionMnistArrays, file: Path) -> None:
    """One npz: PNG is compressed already and the labels are small, so its members are stored."""
    content = io.BytesIO()
    np.savez(
        content,
        train_png=encode(arrays.train_images),
        train_labels=arrays.train_labels,
        test_png=encode(arrays.test_images),
        test_labels=arrays.test_labels,
    )
    write_whole(file, content.getvalue())


def main(arguments: list[str] | None = None) -> None:
    """The command line; says what it wrote."""
    parser = argparse.ArgumentParser(prog="python -m npmobilenet.data.cut", description=cut.__doc__)
    parser.add_argument("folder", type=Path, help="folder of the four official idx files")
    parser.add_argument("--output", type=Path, required=True, help="npz file to write")
    options = parser.parse_args(arguments)
    try:
        arrays = cut(options.folder)
    except ValueError as error:
        parser.error(str(error))
    write(arrays, options.output)
    print(
        f"{options.output}: {len(arrays.train_images):,} training and "
        f"{len(arrays.test_images):,} test images, {options.output.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
