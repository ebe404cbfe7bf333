"""Datasets: what is found where, in which order, under which names, and what is said if it is not."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from npmobilenet.data import FASHION_CLASSES
from npmobilenet.datasets import (
    ArrayImages,
    Dataset,
    IdxImages,
    ImageFolder,
    default_preprocessing,
    fashion_mnist_sample,
    load_evaluation,
    load_splits,
)
from npmobilenet.datasets.paddle_lists import ListImages
from npmobilenet.datasets.splits import SAMPLE, pixel_statistics
from npmobilenet.training.run.checkpoint import load_checkpoint


def save(path: Path, colour: int = 0, size: tuple[int, int] = (4, 3)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (colour, colour, colour)).save(path)


def class_folders(folder: Path, classes: str = "cat dog") -> Path:
    for k, name in enumerate(classes.split()):
        save(folder / name / "one.png", 10 * k)
        save(folder / name / "two.jpg", 10 * k + 5)
    return folder


def write_idx(path: Path, array: NDArray[np.uint8], magic: int | None = None) -> None:
    header = struct.pack(f">{1 + array.ndim}I", magic or 0x800 + array.ndim, *array.shape)
    content = header + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def idx_folder(folder: Path, suffix: str = ".gz", n: int = 20) -> Path:
    folder.mkdir(parents=True)
    for part, count in (("train", n), ("t10k", n // 2)):
        images = np.arange(count * 6, dtype=np.uint8).reshape(count, 2, 3)
        write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images)
        labels = (np.arange(count) % 10).astype(np.uint8)
        write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", labels)
    return folder


# ---- folders of images ---------------------------------------------------------------------------


def test_classes_and_files_are_sorted_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("b/z.png", "b/A.JPG", "b/inner/c.png", "a/x.webp", "Z/1.bmp"):
        save(tmp_path / name)
    for name in ("a/.hidden.png", ".cache/x.png", "a/.thumbs/t.png"):
        save(tmp_path / name)
    (tmp_path / "a/notes.txt").write_text("")
    save(tmp_path / "stray.png")
    images = ImageFolder(tmp_path)
    assert images.classes == ("Z", "a", "b")
    found = [str(Path(name).relative_to(tmp_path)) for name in images.names]
    assert found == ["Z/1.bmp", "a/x.webp", "b/A.JPG", "b/z.png", "b/inner/c.png"]
    assert images.labels.tolist() == [0, 1, 2, 2, 2]
    assert images.labels.dtype == np.int64
    assert len(images) == 5


def test_images_come_in_the_channels_asked_for(tmp_path: Path) -> None:
    class_folders(tmp_path)
    image = ImageFolder(tmp_path).image(2)
    assert (image.mode, image.size, image.getpixel((0, 0))) == ("RGB", (4, 3), (10, 10, 10))
    assert ImageFolder(tmp_path, channels=1).image(2).mode == "L"


def test_given_classes_decide_the_labels(tmp_path: Path) -> None:
    images = ImageFolder(class_folders(tmp_path), classes=("dog", "cat"))
    assert images.classes == ("dog", "cat")
    assert [Path(name).parent.name for name in images.names] == ["dog", "dog", "cat", "cat"]
    assert images.labels.tolist() == [0, 0, 1, 1]


def test_other_classes_than_given_are_named(tmp_path: Path) -> None:
    class_folders(tmp_path, "cat dgo")
    with pytest.raises(ValueError, match="missing dog, fox; unexpected dgo") as caught:
        ImageFolder(tmp_path, classes=("cat", "dog", "fox"))
    assert str(tmp_path) in str(caught.value)


def test_folders_without_images_say_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent: expected one subfolder .* no such folder"):
        ImageFolder(tmp_path / "absent")
    with pytest.raises(ValueError, match="found nothing"):
        ImageFolder(tmp_path)
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"found a\.png"):
        ImageFolder(tmp_path)
    class_folders(tmp_path)
    (tmp_path / "emu").mkdir()
    (tmp_path / "emu/readme.md").write_text("")
    with pytest.raises(ValueError, match=r"emu: expected images .* found readme\.md; 1 of 3"):
        ImageFolder(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    class_folders(tmp_path)
    (tmp_path / "dog/two.jpg").write_text("not a photograph")
    with pytest.raises(ValueError, match=r"dog/two\.jpg: not an image"):
        ImageFolder(tmp_path).image(3)


# ---- arrays and idx files ------------------------------------------------------------------------


def test_array_images_give_back_their_pixels() -> None:
    grey = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for images in (grey, grey[..., np.newaxis]):
        dataset = ArrayImages(images, [1, 0], ("a", "b"), "memory")
        np.testing.assert_array_equal(np.asarray(dataset.image(1)), grey[1])
        assert dataset.image(1).mode == "L"
        assert dataset.names == ("memory[0]", "memory[1]")
        assert dataset.labels.tolist() == [1, 0]
    rgb = np.arange(72, dtype=np.uint8).reshape(2, 3, 4, 3)
    dataset = ArrayImages(rgb, np.array([1, 0], np.uint8), ("a", "b"))
    np.testing.assert_array_equal(np.asarray(dataset.image(1)), rgb[1])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 3, 3), np.float32), [0, 1], "uint8"),
        (np.zeros((3, 3), np.uint8), [0, 1, 0], "uint8"),
        (np.zeros((0, 3, 3), np.uint8), [], "none of them 0"),
        (np.zeros((2, 3, 3, 4), np.uint8), [0, 1], "4 channels"),
        (np.zeros((2, 3, 3), np.uint8), [0], "2 images, but labels"),
        (np.zeros((2, 3, 3), np.uint8), [0, 2], r"labels are 0\.\.2"),
        (np.zeros((2, 3, 3), np.uint8), [0, -1], r"labels are -1\.\.0"),
    ],
)
def test_array_images_refuse_what_does_not_fit(
    images: NDArray[np.uint8], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ArrayImages(images, labels, ("a", "b"))


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_idx_files_are_read(tmp_path: Path, suffix: str) -> None:
    folder = idx_folder(tmp_path / "mnist", suffix)
    train, test = IdxImages(folder), IdxImages(folder, "t10k")
    assert (len(train), len(test)) == (20, 10)
    assert train.classes == tuple("0123456789")
    assert train.labels[:12].tolist() == [*range(10), 0, 1]
    np.testing.assert_array_equal(np.asarray(train.image(1)), [[6, 7, 8], [9, 10, 11]])
    assert test.names[3] == str(folder / f"t10k-images-idx3-ubyte{suffix}") + "[3]"


def test_idx_class_names(tmp_path: Path) -> None:
    assert IdxImages(idx_folder(tmp_path / "Fashion-MNIST")).classes == FASHION_CLASSES
    assert IdxImages(idx_folder(tmp_path / "FashionMNIST/raw")).classes == FASHION_CLASSES
    folder = idx_folder(tmp_path / "fashion-letters")
    (folder / "classes.txt").write_text("\n".join("abcdefghij") + "\n\n")
    assert IdxImages(folder).classes == tuple("abcdefghij")
    with pytest.raises(ValueError, match="its 10 classes are not the 10 expected: missing 0, 1"):
        IdxImages(folder, classes=tuple("0123456789"))
    with pytest.raises(ValueError, match="the order differs"):
        IdxImages(folder, classes=tuple("jihgfedcba"))
    nameless = idx_folder(tmp_path / "plain")
    assert IdxImages(nameless, classes=FASHION_CLASSES).classes == FASHION_CLASSES
    with pytest.raises(ValueError, match="its 10 classes are not the 2 expected"):
        IdxImages(nameless, classes=("cat", "dog"))


def test_damaged_idx_files_are_named(tmp_path: Path) -> None:
    folder = idx_folder(tmp_path / "mnist")
    images = folder / "train-images-idx3-ubyte.gz"
    whole = images.read_bytes()

    def complaint() -> str:
        with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz: ") as caught:
            IdxImages(folder)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    images.write_bytes(whole[:-20])  # the transfer broke off
    assert "cannot be unpacked" in complaint()
    images.write_bytes(whole[:20] + b"\xff" * 8 + whole[28:])
    assert "the header promises 6,786.0 GB, 153 bytes unpack to 67.1 MB at most" in complaint()
    images.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    assert "promises 20 x 2 x 3 = 120 bytes, 119 are there" in complaint()
    images.write_bytes(gzip.compress(gzip.decompress(whole) + b"\0"))
    assert "120 bytes, more are there" in complaint()
    images.write_bytes(b"")
    assert "begins with the number 2051" in complaint()
    write_idx(images, np.zeros((20, 2, 3), np.uint8), magic=0xD03)  # floats
    assert "2051, this one with 3331" in complaint()
    write_idx(images, np.zeros((20, 6), np.uint8))  # labels' dimensions are wrong as well
    assert "this one with 2050" in complaint()
    write_idx(images, np.zeros((19, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"19 images but train-labels-idx1-ubyte\.gz 20"):
        IdxImages(folder)
    images.unlink()
    with pytest.raises(ValueError, match=r"expected train-images-idx3-ubyte\.gz and .* found t10k"):
        IdxImages(folder)
    with pytest.raises(ValueError, match="not 'test'"):
        IdxImages(folder, "test")


# ---- what a path leads to ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["val", "valid", "validation", "test"])
def test_load_splits_takes_train_and_the_first_validation_folder(tmp_path: Path, name: str) -> None:
    class_folders(tmp_path / "train")
    class_folders(tmp_path / "zz-other")
    class_folders(tmp_path / name)
    class_folders(tmp_path / "test")  # of val and test, val is taken
    splits = load_splits(tmp_path, channels=1)
    assert splits.kind == "folder"
    assert splits.train.image(0).mode == splits.validation.image(0).mode == "L"
    assert Path(splits.validation.names[0]).parts[-3] == name
    assert splits.train.classes == splits.validation.classes == ("cat", "dog")


def test_validation_needs_the_classes_of_training(tmp_path: Path) -> None:
    class_folders(tmp_path / "train", "cat dog")
    class_folders(tmp_path / "val", "cat emu")
    with pytest.raises(ValueError, match=r"val: .*missing dog; unexpected emu"):
        load_splits(tmp_path)


def test_load_splits_says_what_it_expected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected train/ and val/ .*; found no such folder$"):
        load_splits(tmp_path / "absent")
    class_folders(tmp_path / "flowers")
    with pytest.raises(ValueError, match=r"found cat/, dog/; if these are the classes, divide"):
        load_splits(tmp_path / "flowers")
    class_folders(tmp_path / "half/train")
    with pytest.raises(ValueError, match=r"found train/; .*: --validation holdout$"):
        load_splits(tmp_path / "half")


def test_load_splits_reads_idx_and_the_sample(tmp_path: Path) -> None:
    splits = load_splits(idx_folder(tmp_path / "mnist"))
    assert (splits.kind, len(splits.train), len(splits.validation)) == ("idx", 20, 10)
    splits = load_splits(SAMPLE)
    assert (splits.kind, len(splits.train), len(splits.validation)) == (SAMPLE, 10_000, 1_000)


def test_load_evaluation(tmp_path: Path) -> None:
    class_folders(tmp_path / "flat")
    assert len(load_evaluation(tmp_path / "flat", ("dog", "cat"))) == 4
    class_folders(tmp_path / "split/train")
    class_folders(tmp_path / "split/valid")
    names = load_evaluation(tmp_path / "split", ("cat", "dog")).names
    assert all("valid" in name for name in names)
    with pytest.raises(ValueError, match="missing fox"):
        load_evaluation(tmp_path / "flat", ("cat", "dog", "fox"))
    digits = load_evaluation(idx_folder(tmp_path / "mnist"), FASHION_CLASSES)
    assert (len(digits), digits.classes) == (10, FASHION_CLASSES)
    assert len(load_evaluation(SAMPLE, FASHION_CLASSES)) == 1_000
    with pytest.raises(ValueError, match="unexpected Ankle boot"):
        load_evaluation(SAMPLE, ("cat", "dog"))
    with pytest.raises(ValueError, match="no such folder"):
        load_evaluation(tmp_path / "absent", ("cat", "dog"))
    (tmp_path / "whole").mkdir()
    (tmp_path / "flat").rename(tmp_path / "whole" / "train")
    with pytest.raises(ValueError, match=r"expected val/ beside train/, found .*whole.train$"):
        load_evaluation(tmp_path / "whole", ("cat", "dog"))


def test_every_kind_is_a_dataset(tmp_path: Path) -> None:
    kinds: list[Dataset] = [
        ImageFolder(class_folders(tmp_path / "f")),
        IdxImages(idx_folder(tmp_path / "i")),
        fashion_mnist_sample()[1],
    ]
    for dataset in kinds:
        assert len(dataset) == len(dataset.labels) == len(dataset.names)
        assert dataset.labels.max() < len(dataset.classes)
        assert dataset.image(len(dataset) - 1).mode in ("L", "RGB")


# ---- default preprocessing -----------------------------------------------------------------------


def test_default_preprocessing(tmp_path: Path) -> None:
    photos = default_preprocessing(ImageFolder(class_folders(tmp_path)), 160)
    assert (photos.resize, photos.channels, photos.mean) == (183, 3, (0.485, 0.456, 0.406))
    grey = default_preprocessing(ImageFolder(tmp_path, channels=1), 160)
    assert (grey.resize, grey.mean, grey.std) == (183, (0.449,), (0.226,))
    garments = default_preprocessing(fashion_mnist_sample()[0], (28, 32))
    assert (garments.resolution, garments.resize) == ((28, 32), None)
    assert (garments.mean, garments.std) == ((0.286,), (0.353,))
    tripled = default_preprocessing(fashion_mnist_sample()[0], 32, channels=3)
    assert (tripled.channels, tripled.mean) == (3, (0.286,) * 3)
    halves = np.array([[[0, 255]], [[255, 0]]], np.uint8)
    own = default_preprocessing(ArrayImages(halves, [0, 1], ("a", "b")), 28)
    assert (own.mean, own.std) == ((0.5,), (0.5,))
    rgb = np.zeros((2, 32, 32, 3), np.uint8)
    colour = default_preprocessing(ArrayImages(rgb, [0, 1], ("a", "b")), 32)
    assert (colour.resize, colour.mean) == (None, (0.485, 0.456, 0.406))


def test_pixel_statistics() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 9, 7, 1), np.uint8)
    expected = (images / 255).mean(), (images / 255).std()
    np.testing.assert_allclose(pixel_statistics(images), expected, rtol=1e-12)


def test_a_path_that_no_run_could_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"s\\xe9t: this path is not UTF-8"):
        load_splits(tmp_path / "s\udce9t")


@pytest.mark.parametrize("wrong", [None, b"x", 3, "", "a\0b"])
def test_what_names_no_folder_is_no_path(wrong: Any) -> None:
    takers = (
        load_splits,
        load_checkpoint,
        ImageFolder,
        IdxImages,
        ListImages,
        lambda path: load_evaluation(path, ("a",)),
    )
    for call in takers:
        with pytest.raises((TypeError, ValueError), match=r"must be the name of a f.*, found"):
            call(wrong)
