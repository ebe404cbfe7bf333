"""PaddleClas' label lists; parts of data sets; images kept in memory; what is said before training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.datasets import ArrayImages, ImageFolder, load_evaluation, load_splits
from npmobilenet.datasets.class_balance import class_counts, summary, warnings
from npmobilenet.datasets.loader import Augment, batches
from npmobilenet.datasets.paddle_lists import ListImages
from npmobilenet.datasets.subsets import (
    Cached,
    Subset,
    at_resolution,
    cached,
    free_megabytes,
    hold_out,
    part_of,
)
from npmobilenet.images.preprocessing import Preprocessing


def listed_folder(folder: Path, names: str | None = "0 daisy\n1 rose, red\n2 tulip\n") -> Path:
    """Six images, lists of four and two of them, and perhaps the classes' names."""
    (folder / "jpg files").mkdir(parents=True)
    for k in range(6):
        Image.new("RGB", (4, 4), (40 * k, 0, 0)).save(folder / f"jpg files/{k}.png")
    lines = [f"jpg files/{k}.png {k % 3}" for k in range(6)]
    (folder / "train_list.txt").write_text("\n".join(lines[:4]) + "\n\n")
    (folder / "val_list.txt").write_text("\n".join(lines[4:]))
    if names:
        (folder / "label_list.txt").write_text(names)
    return folder


def test_lists_are_read_in_their_order(tmp_path: Path) -> None:
    splits = load_splits(listed_folder(tmp_path / "set"))
    assert splits.kind == "lists"
    assert splits.train.classes == ("daisy", "rose, red", "tulip")
    assert splits.train.labels.tolist() == [0, 1, 2, 0]
    assert splits.validation is not None
    assert splits.validation.labels.tolist() == [1, 2]
    assert splits.train.image(2).getpixel((0, 0)) == (80, 0, 0)
    assert Path(splits.train.names[3]).name == "3.png"


def test_files_that_are_not_there_may_be_left_out(tmp_path: Path) -> None:
    folder = listed_folder(tmp_path / "set")
    (folder / "jpg files/3.png").unlink()
    with pytest.raises(
        ValueError, match=r"1 of the 4 files it lists is missing, .* line 4: .*3\.png"
    ):
        load_splits(folder)
    splits = load_splits(folder, skip_bad=True)
    assert [Path(name).name for name in splits.train.names] == ["0.png", "1.png", "2.png"]
    assert "1 of 4 images cannot be read: daisy 1" in " ".join(splits.train.notes)
    (folder / "jpg files/4.png").unlink()
    measured = load_evaluation(folder, splits.train.classes, absent=True)
    assert len(measured) == 2
    with pytest.raises(ValueError, match=r"4\.png: no such file"):
        measured.image(0)


def test_names_without_numbers_and_no_names(tmp_path: Path) -> None:
    plain = listed_folder(tmp_path / "plain", "daisy\nrose\ntulip\n")
    assert load_splits(plain).train.classes == ("daisy", "rose", "tulip")
    assert load_splits(listed_folder(tmp_path / "none", None)).train.classes == ("0", "1", "2")


def test_a_list_or_its_folder_can_be_measured_on(tmp_path: Path) -> None:
    folder = listed_folder(tmp_path / "set")
    names = ("daisy", "rose, red", "tulip")
    assert len(load_evaluation(folder, names)) == 2
    assert len(load_evaluation(folder / "train_list.txt", names)) == 4
    with pytest.raises(ValueError, match="missing cat; unexpected tulip"):
        load_evaluation(folder, ("daisy", "rose, red", "cat"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.png\n", r'line 1 must be "relative/path label", found \'a\.png\''),
        ("a.png 0\nb.png one\n", "line 2 must be"),
        ("a.png -1\n", "line 1 must be"),
        ("\n", "expected lines"),
        ("a.png 0\nb.png 3\n", r"b\.png has label 3, but there are 3 classes"),
    ],
)
def test_wrong_lists_are_named(text: str, message: str, tmp_path: Path) -> None:
    folder = listed_folder(tmp_path / "set")
    (folder / "train_list.txt").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_splits(folder)
    assert "train_list.txt" in str(caught.value)


def test_wrong_names_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"label_list\.txt: the numbers must be 0, 1, 2"):
        load_splits(listed_folder(tmp_path / "set", "1 daisy\n2 rose\n3 tulip\n"))
    with pytest.raises(ValueError, match=r"absent\.txt: cannot be read"):
        ListImages(tmp_path / "absent.txt")


def test_a_folder_of_classes_is_enough_where_a_part_is_held_out(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "a.png")
    with pytest.raises(ValueError, match="held out: --validation holdout"):
        load_splits(tmp_path)
    splits = load_splits(tmp_path, validation=False)
    assert (len(splits.train), splits.validation) == (2, None)
    (tmp_path / "set").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / name).rename(tmp_path / "set" / name)
    (tmp_path / "set").rename(tmp_path / "train")
    with pytest.raises(
        ValueError, match=r"found train/; .* held out instead: --validation holdout"
    ):
        load_splits(tmp_path)
    with pytest.raises(ValueError, match="one image, expected a folder or a list"):
        load_evaluation(tmp_path / "train" / "cat" / "a.png", ("cat", "dog"))


# ---- parts and caches ----------------------------------------------------------------------------


def noise(counts: tuple[int, ...] = (40, 9, 2), seed: int = 0) -> ArrayImages:
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.random.default_rng(seed).integers(0, 256, (len(labels), 3, 3, 3), np.uint8)
    return ArrayImages(images, labels, tuple("abc"[: len(counts)]))


class Counting:
    """The same images, not recognised as arrays; counts how often one is asked for."""

    def __init__(self, inner: ArrayImages) -> None:
        self.inner, self.asked = inner, 0
        self.classes, self.labels, self.names = inner.classes, inner.labels, inner.names

    def __len__(self) -> int:
        return len(self.inner)

    def image(self, index: int) -> Image.Image:
        self.asked += 1
        return self.inner.image(index)


@pytest.mark.parametrize("wrap", [lambda d: d, Counting])
def test_a_share_of_every_class_is_held_out(wrap: Any) -> None:
    dataset = wrap(noise())
    left, held = hold_out(dataset, 0.1, seed=3)
    assert class_counts(held) == {"a": 4, "b": 1, "c": 1}
    assert class_counts(left) == {"a": 36, "b": 8, "c": 1}
    assert sorted([*left.names, *held.names]) == sorted(dataset.names)
    for part in (left, held):
        for k, name in enumerate(part.names):
            source = dataset.names.index(name)
            assert part.image(k).tobytes() == dataset.image(source).tobytes()
            assert part.labels[k] == dataset.labels[source]
    assert hold_out(dataset, 0.1, seed=3)[1].names == held.names
    assert hold_out(dataset, 0.1, seed=4)[1].names != held.names


def test_what_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="class c has one image"):
        hold_out(noise((5, 5, 1)), 0.1, 0)
    with pytest.raises(ValueError, match="holdout must be above 0"):
        hold_out(noise(), 1.0, 0)


def test_something_is_left_to_learn_from_however_much_is_held_out() -> None:
    left, held = hold_out(noise((40, 2)), 0.99, seed=0)
    assert class_counts(left) == {"a": 1, "b": 1}
    assert class_counts(held) == {"a": 39, "b": 1}


def test_parts_of_arrays_stay_arrays() -> None:
    indices = np.array([3, 1])
    assert isinstance(part_of(noise(), indices), ArrayImages)
    assert isinstance(part_of(Counting(noise()), indices), Subset)


def test_the_cache_decodes_once_and_knows_its_limit() -> None:
    inner = Counting(ArrayImages(np.zeros((5, 500, 1000, 3), np.uint8), [0] * 5, ("a",)))
    kept = cached(inner, 3)  # two images of 1.5 MB
    assert isinstance(kept, Cached)
    for _ in range(3):
        for k in range(5):
            assert kept.image(k).tobytes() == inner.inner.image(k).tobytes()
    assert inner.asked == 2 + 3 * 3
    assert cached(inner, 0) is inner
    assert cached(noise(), 100).__class__ is ArrayImages
    assert free_megabytes() >= 0


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_resized_once_give_the_same_batches(channels: int) -> None:
    wanted = Preprocessing(
        resolution=(5, 7),
        resize=None,
        channels=channels,
        mean=(0.4,) * channels,
        std=(0.2,) * channels,
    )
    once = at_resolution(noise(), wanted, 1)
    assert isinstance(once, ArrayImages)
    assert once.images.shape == (51, 5, 7, channels)
    how = Augment(flip=0.5, shift=2, erase=0.5)
    both = [
        batches(x, batch_size=20, preprocessing=wanted, augmentation=how, shuffle=True, workers=w)
        for x, w in ((noise(), 0), (once, 1))
    ]
    for expected, found in zip(*both, strict=True):
        assert expected.x.tobytes() == found.x.tobytes()
        assert expected.labels.tolist() == found.labels.tolist()
    assert once.names == noise().names


def test_arrays_stay_as_they_are_where_that_is_less_work() -> None:
    data, mean, std = noise(), (0.5,) * 3, (0.5,) * 3
    here = Preprocessing(resolution=(3, 3), resize=None, channels=3, mean=mean, std=std)
    assert at_resolution(data, here, 1) is data
    cropped = Preprocessing(resolution=(4, 4), resize=5, channels=3, mean=mean, std=std)
    assert at_resolution(data, cropped, 1) is data
    large = Preprocessing(resolution=(99, 99), resize=None, channels=3, mean=mean, std=std)
    assert at_resolution(data, large, 1) is data
    assert at_resolution(Counting(data), large, 100).__class__ is Counting


def test_an_image_folder_comes_out_of_the_cache_as_it_went_in(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one/a.png")
    dataset = cached(ImageFolder(tmp_path), 10)
    first, second = dataset.image(0), dataset.image(0)
    assert first is second
    np.testing.assert_array_equal(np.asarray(first), pixels)


# ---- counts --------------------------------------------------------------------------------------


def test_counts_and_warnings() -> None:
    assert summary(noise()) == "2 (c) to 40 (a) images a class"
    assert summary(noise((7, 7))) == "7 images in each class"
    assert warnings(noise((7, 7)), None) == []
    (uneven,) = warnings(noise(), noise((1, 1, 1)))
    assert "40 images of a, 2 of c" in uneven
    empty = ArrayImages(np.zeros((4, 2, 2), np.uint8), [0, 0, 0, 2], ("a", "b", "c"))
    found = warnings(empty, ArrayImages(np.zeros((1, 2, 2), np.uint8), [0], ("a", "b", "c")))
    assert found == ["no training images of: b", "no validation images of: b, c"]
