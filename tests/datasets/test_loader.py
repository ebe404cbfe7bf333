"""Batches: the same bytes from any number of threads, from the fast path and the slow one."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from npmobilenet.datasets import (
    ArrayImages,
    ImageFolder,
    default_preprocessing,
    fashion_mnist_sample,
)
from npmobilenet.datasets.loader import PREFETCH, Batch, batches, count_batches
from npmobilenet.images.augment import AUGMENTATIONS, CROP_FLIP, FLIP, Augment, augment
from npmobilenet.images.preprocessing import Preprocessing, prepare

STRONG = Augment(flip=0.5, shift=2, erase=0.7)  # what arrays can do without Pillow
JITTER = Augment(crop=True, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, erase=0.5)
HOW = {**AUGMENTATIONS, "strong": STRONG, "jitter": JITTER}
SMALL = Preprocessing(resolution=(9, 7), resize=None, channels=3, mean=(0.4,) * 3, std=(0.2,) * 3)


def arrays(n: int = 23, channels: int = 3, size: tuple[int, int] = (12, 10)) -> ArrayImages:
    images = np.random.default_rng(1).integers(0, 256, (n, *size, channels), np.uint8)
    return ArrayImages(images, np.arange(n) % 5, tuple("abcde"), "noise")


class Wrapped:
    """The same images, but not recognised as an array; counts and can delay or spoil what it gives."""

    def __init__(self, inner: ArrayImages, bad: Sequence[int] = (), delay: float = 0) -> None:
        self.inner, self.bad, self.delay = inner, bad, delay
        self.classes, self.labels, self.names = inner.classes, inner.labels, inner.names
        self.served = 0

    def __len__(self) -> int:
        return len(self.inner)

    def image(self, index: int) -> Image.Image:
        self.served += 1
        time.sleep(self.delay * (index % 3))
        if index in self.bad:
            raise OSError("disk on fire")
        return self.inner.image(index)


def epoch(dataset: Any, **options: Any) -> list[Batch]:
    return list(batches(dataset, **{"batch_size": 4, "preprocessing": SMALL} | options))


def bytes_of(made: list[Batch]) -> list[tuple[bytes, bytes, bytes]]:
    return [(b.x.tobytes(), b.labels.tobytes(), b.indices.tobytes()) for b in made]


def loader_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("npmobilenet-loader")]


# ---- what a batch holds --------------------------------------------------------------------------


def test_batches_hold_prepared_images_in_order() -> None:
    dataset = arrays()
    made = epoch(dataset)
    assert [len(b.x) for b in made] == [4, 4, 4, 4, 4, 3]
    assert np.concatenate([b.indices for b in made]).tolist() == list(range(23))
    for b in made:
        assert b.x.dtype == np.float32
        assert b.x.flags.c_contiguous
        assert b.labels.dtype == b.indices.dtype == np.int64
        for x, label, index in zip(b.x, b.labels, b.indices, strict=True):
            np.testing.assert_array_equal(x, prepare(dataset.image(index), SMALL))
            assert label == dataset.labels[index]


@given(st.integers(0, 200), st.integers(1, 50), st.booleans())
def test_count_batches_counts(n: int, batch_size: int, drop_last: bool) -> None:
    sizes = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    kept = [size for size in sizes if size == batch_size or not drop_last]
    assert count_batches(n, batch_size, drop_last) == len(kept)


def test_drop_last() -> None:
    assert [len(b.x) for b in epoch(arrays(), drop_last=True)] == [4] * 5
    assert [len(b.x) for b in epoch(arrays(24), drop_last=True)] == [4] * 6
    assert epoch(arrays(3), drop_last=True, workers=2) == []


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("size", [(12, 10), (9, 7)])  # with Pillow, and as an array
def test_an_epoch_may_begin_in_its_middle(workers: int, size: tuple[int, int]) -> None:
    """The batches after the first so many are those of the whole epoch."""
    options = {"seed": 3, "epoch": 1, "shuffle": True, "augmentation": FLIP, "workers": workers}
    every = bytes_of(epoch(arrays(size=size), **options))
    for first in (1, 4, 6):
        assert bytes_of(epoch(arrays(size=size), first=first, **options)) == every[first:]


def test_shuffling_depends_on_seed_and_epoch() -> None:
    def order(**options: int) -> list[int]:
        made = epoch(arrays(), shuffle=True, **options)
        return np.concatenate([b.indices for b in made]).tolist()  # type: ignore[no-any-return]

    first = order(seed=1, epoch=0)
    assert sorted(first) == list(range(23))
    assert first == order(seed=1, epoch=0)
    orders = [first, order(seed=1, epoch=1), order(seed=0, epoch=1), order(seed=2, epoch=0)]
    assert len({tuple(o) for o in orders}) == 4
    assert list(range(23)) not in orders


def test_a_samples_augmentation_does_not_depend_on_its_place() -> None:
    """The image with one index comes out the same shuffled or not, in batches of any size."""
    by_index: list[NDArray[np.float32]] = []
    for options in ({"shuffle": True}, {"batch_size": 7}):
        made = epoch(arrays(), seed=3, epoch=2, augmentation=CROP_FLIP, **options)
        order = np.argsort(np.concatenate([b.indices for b in made]))
        by_index.append(np.concatenate([b.x for b in made])[order])
    np.testing.assert_array_equal(*by_index)
    other = np.concatenate([b.x for b in epoch(arrays(), seed=3, augmentation=CROP_FLIP)])
    assert not any(np.array_equal(a, b) for a, b in zip(by_index[0], other, strict=True))


def test_crop_flip_is_augment() -> None:
    dataset = arrays()
    (batch,) = epoch(dataset, batch_size=23, seed=5, epoch=6, augmentation=CROP_FLIP)
    for index in range(23):
        rng = np.random.default_rng((5, 6, 1, index))
        np.testing.assert_array_equal(
            batch.x[index], augment(dataset.image(index), SMALL, CROP_FLIP, rng)
        )


def test_flip_mirrors_about_half() -> None:
    images = np.zeros((400, 1, 2, 1), np.uint8)
    images[:, 0, 1] = 255
    dataset = ArrayImages(images, np.zeros(400), ("one",))
    p = Preprocessing(resolution=(1, 2), resize=None, channels=1, mean=(0.0,), std=(1.0,))
    x = np.concatenate([b.x for b in epoch(dataset, preprocessing=p, augmentation=FLIP)])
    mirrored = x[:, 0, 0, 0] == 1
    assert 160 < mirrored.sum() < 240
    np.testing.assert_array_equal(x[:, 0, 1, 0], ~mirrored)


# ---- threads and the fast path change nothing ----------------------------------------------------


@pytest.mark.parametrize("augmentation", HOW)
def test_any_number_of_workers_gives_the_same_bytes(augmentation: str) -> None:
    options = {"seed": 7, "epoch": 1, "shuffle": True, "augmentation": HOW[augmentation]}
    alone = bytes_of(epoch(arrays(), workers=0, **options))
    for workers in (1, 4, 9):
        slow = Wrapped(arrays(), delay=0.002)
        assert bytes_of(epoch(slow, workers=workers, **options)) == alone


@pytest.mark.parametrize("augmentation", HOW)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_fast_path_gives_the_same_bytes(augmentation: str, channels: int) -> None:
    dataset = arrays(50, channels, (9, 7))
    p = default_preprocessing(dataset, (9, 7))
    assert p.keeps(9, 7)
    options = {"preprocessing": p, "seed": 2, "shuffle": True, "augmentation": HOW[augmentation]}
    assert bytes_of(epoch(dataset, **options)) == bytes_of(epoch(Wrapped(dataset), **options))


@pytest.mark.parametrize("change", [{"resize": 9}, {"channels": 1, "mean": [0.4], "std": [0.2]}])
def test_arrays_that_need_more_than_the_formula_take_the_slow_path(change: dict[str, Any]) -> None:
    dataset = arrays(5, 3, (9, 7))
    p = Preprocessing.from_json(SMALL.to_json() | change)
    (made,) = epoch(dataset, batch_size=5, preprocessing=p)
    np.testing.assert_array_equal(made.x[2], prepare(dataset.image(2), p))


def test_no_image_of_ten_thousand_small_ones_is_taken_singly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, _ = fashion_mnist_sample()
    p = default_preprocessing(train, 28)
    monkeypatch.setattr(ArrayImages, "image", None)
    made = epoch(train, preprocessing=p, batch_size=64, shuffle=True, augmentation=FLIP)
    assert sum(len(b.x) for b in made) == 10_000


# ---- what goes wrong -----------------------------------------------------------------------------


def spoilt_folder(folder: Path) -> ImageFolder:
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for k in range(6):
            Image.new("RGB", (8, 8), (k, k, k)).save(folder / name / f"{k}.png")
    whole = (folder / "dog/3.png").read_bytes()
    (folder / "dog/3.png").write_bytes(whole[:50])
    return ImageFolder(folder)


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_a_damaged_file_surfaces_with_its_name(tmp_path: Path, workers: int) -> None:
    iterator = batches(spoilt_folder(tmp_path), batch_size=3, preprocessing=SMALL, workers=workers)
    good = [next(iterator) for _ in range(3)]
    assert [b.labels.tolist() for b in good] == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    with pytest.raises(ValueError, match=r"dog/3\.png: ") as caught:
        next(iterator)
    assert str(caught.value).count("dog/3.png") == 1
    assert loader_threads() == []


@pytest.mark.parametrize("workers", [0, 2])
def test_any_other_failure_gets_the_name_too(workers: int) -> None:
    with pytest.raises(ValueError, match=r"^noise\[6\]: disk on fire$"):
        epoch(Wrapped(arrays(), bad=[6]), workers=workers)
    assert loader_threads() == []


def test_closing_early_leaves_no_thread() -> None:
    iterator = batches(
        Wrapped(arrays(200), delay=0.001), batch_size=4, preprocessing=SMALL, workers=3
    )
    next(iterator)
    assert loader_threads() != []
    iterator.close()
    assert loader_threads() == []
    list(batches(Wrapped(arrays()), batch_size=4, preprocessing=SMALL, workers=3))
    assert loader_threads() == []


def test_there_are_no_more_threads_than_images_in_a_batch() -> None:
    drawn = batches(Wrapped(arrays()), batch_size=3, preprocessing=SMALL, workers=1_000_000)
    next(drawn)
    assert len(loader_threads()) <= 3
    drawn.close()


def test_only_a_couple_of_batches_are_made_ahead() -> None:
    dataset = Wrapped(arrays(200))
    iterator = batches(dataset, batch_size=4, preprocessing=SMALL, workers=3)
    for taken in (1, 2, 3):
        next(iterator)
        time.sleep(0.05)
        assert dataset.served <= 4 * (taken + PREFETCH)
    iterator.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first": -1}, "first must be an integer of at least 0, found -1"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, found 0"),
        ({"workers": -1}, "workers must be"),
        ({"seed": -1}, "seed must be"),
        ({"epoch": -2}, "epoch must be"),
    ],
)
def test_impossible_arguments_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        batches(arrays(), **{"batch_size": 4, "preprocessing": SMALL} | options)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (1, "rows must return a vector of integers, found 1"),
        (np.int64(1), "rows must return a vector of integers"),
        (None, "rows must return a vector of integers, found None"),
        (np.ones(2), "rows must return a vector of integers"),
        (np.array([0, 4]), r"rows must return integers below 4, found 0\.\.4"),
        (np.array([-1]), "rows must return integers below 4"),
    ],
)
def test_rows_that_choose_no_images_are_refused(rows: Any, message: str) -> None:
    made = batches(arrays(), batch_size=4, preprocessing=SMALL, rows=lambda number, count: rows)
    with pytest.raises(ValueError, match=message):
        next(made)
