"""Augmentation: where crops lie, what moves and what vanishes; torchvision as witness of the rules."""

import importlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from npmobilenet.images.augment import (
    CROP_FLIP,
    NONE,
    Augment,
    augment,
    random_crop,
    random_rectangle,
    shifted,
    varied,
)
from npmobilenet.images.preprocessing import Preprocessing, prepare
from tests.images.image_parts import picture, plain, torchvision_part


@pytest.fixture(scope="module")
def torchvision_transforms() -> Iterator[Any]:
    """torchvision.transforms, if it is there."""
    with torchvision_part("transforms") as found:
        yield found


class Replayed:
    """Stands in for both sources of random numbers: numpy's Generator and torch's functions."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = iter(numbers)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * next(self.numbers)

    def integers(self, high: int) -> int:
        return int(next(self.numbers) * high)


@pytest.fixture
def source(torchvision_transforms: Any, monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """What torchvision draws from, in place of PyTorch's random numbers."""
    torch = importlib.import_module("torch")
    source = Replayed([])
    monkeypatch.setattr(
        torch.Tensor, "uniform_", lambda t, low, high: t.fill_(source.uniform(low, high))
    )
    monkeypatch.setattr(
        torch, "randint", lambda low, high, size: torch.tensor([source.integers(high)])
    )
    return source


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(50, 40, (0.08, 1)), (90, 20, (0.5, 1)), (9, 80, (0.9, 1))]
)
def test_random_crop_follows_torchvisions_rule(
    torchvision_transforms: Any,
    source: Replayed,
    width: int,
    height: int,
    scale: tuple[float, float],
) -> None:
    """Both are fed the same uniform numbers and find the same boxes; the long ones fall back."""
    rng, image = np.random.default_rng(5), Image.new("L", (width, height))
    for _ in range(50):
        numbers = rng.random(40).tolist()
        ours: Any = Replayed(numbers)
        left, top, w, h = random_crop(width, height, ours, scale, (3 / 4, 4 / 3))
        source.numbers = iter(numbers)
        theirs = torchvision_transforms.RandomResizedCrop.get_params(image, scale, (3 / 4, 4 / 3))
        assert (top, left, h, w) == tuple(theirs)


# ---- augment -------------------------------------------------------------------------------------


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    seed=st.integers(0, 2**32),
    low=st.floats(0.01, 1.0),
)
def test_a_random_crop_lies_inside(width: int, height: int, seed: int, low: float) -> None:
    rng = np.random.default_rng(seed)
    left, top, w, h = random_crop(width, height, rng, (low, 1.0), (3 / 4, 4 / 3))
    assert w >= 1
    assert h >= 1
    assert 0 <= left <= width - w
    assert 0 <= top <= height - h


def test_random_crops_have_the_areas_and_ratios_asked_for() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([random_crop(1000, 1000, rng, (0.1, 0.5), (0.5, 2.0)) for _ in range(2000)])
    left, _, w, h = boxes.T
    area, log_ratio = w * h / 1e6, np.log2(w / h)
    assert area.min() > 0.099
    assert area.max() < 0.501
    assert abs(area.mean() - 0.3) < 0.01  # uniform in the area
    assert np.abs(log_ratio).max() < 1.01
    assert abs(log_ratio.mean()) < 0.05  # as often wide as high
    assert abs(log_ratio.std() - 2 / math.sqrt(12)) < 0.03  # uniform in the logarithm
    assert left.min() < 20


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((100, 10), (43, 0, 13, 10)),  # too wide: 10 * 4/3 = 13.33, (100 - 13) // 2 = 43
        ((10, 100), (0, 43, 10, 13)),  # too high: 10 / (3/4) = 13.33
    ],
)
def test_what_never_fits_becomes_the_central_part(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    assert random_crop(*size, np.random.default_rng(0), (1.0, 1.0), (3 / 4, 4 / 3)) == box


def test_augment_is_decided_by_the_generator_alone() -> None:
    image, p = picture(60, 80), Preprocessing.imagenet(32)
    a, b, c = (augment(image, p, CROP_FLIP, np.random.default_rng(s)) for s in (3, 3, 4))
    assert a.shape == (32, 32, 3)
    assert a.dtype == np.float32
    assert a.flags.c_contiguous
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_flip_exchanges_left_and_right() -> None:
    image, p = picture(60, 80), plain(32, 24, None)
    straight, mirrored = (
        augment(image, p, Augment(flip=flip), np.random.default_rng(3)) for flip in (0.0, 1.0)
    )
    np.testing.assert_array_equal(straight[:, ::-1], mirrored)
    assert not np.array_equal(straight, mirrored)


def test_augment_without_anything_is_prepare() -> None:
    for p in (plain(32, 32, None), Preprocessing.imagenet((32, 24))):
        image = picture(50, 40)
        made = augment(image, p, NONE, np.random.default_rng(0))
        np.testing.assert_array_equal(made, prepare(image, p))
    whole = Augment(crop=True, scale=(1, 1), ratio=(1, 1))
    image, p = picture(40, 40), plain(32, 32, None)
    made = augment(image, p, whole, np.random.default_rng(0))
    np.testing.assert_array_equal(made, prepare(image, p))


@pytest.mark.parametrize(
    ("down", "right", "expected"),
    [
        (0, 0, [[1, 2, 3], [4, 5, 6]]),
        (1, 0, [[0, 0, 0], [1, 2, 3]]),
        (0, -2, [[3, 0, 0], [6, 0, 0]]),
        (-1, 1, [[0, 4, 5], [0, 0, 0]]),
    ],
)
def test_shifted_leaves_black_behind(down: int, right: int, expected: list[list[int]]) -> None:
    pixels = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)[:, :, None]
    np.testing.assert_array_equal(shifted(pixels, down, right)[:, :, 0], expected)


def test_every_shift_is_as_likely() -> None:
    """Over many draws all 25 places of a pixel, about equally often."""
    pixels = np.zeros((9, 9, 1), np.uint8)
    pixels[4, 4] = 1
    rng, places = np.random.default_rng(0), np.zeros((9, 9))
    for _ in range(2500):
        places += varied(pixels, Augment(shift=2), rng)[0][:, :, 0]
    assert places[2:7, 2:7].sum() == 2500
    assert places[2:7, 2:7].min() > 60
    assert places.max() < 145


def test_erased_rectangles_have_the_area_asked_for() -> None:
    """Of 2 to 33 % of the image, and in the mean in between; grey is the mean of the pixels."""
    rng = np.random.default_rng(0)
    boxes = [random_rectangle(100, 80, rng) for _ in range(1000)]
    areas = np.array([box[2] * box[3] / 8000 for box in boxes if box])
    assert len(areas) > 950
    assert 0.015 < areas.min() < 0.04
    assert 0.3 < areas.max() < 0.34
    assert all(t + h <= 100 and left + w <= 80 for t, left, h, w in filter(None, boxes))
    made = augment(picture(50, 50), plain(40, 40, None), Augment(erase=1), rng)
    zeros = (made == 0).all(axis=2)
    rows, columns = np.flatnonzero(zeros.any(axis=1)), np.flatnonzero(zeros.any(axis=0))
    assert zeros[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.9


def test_random_erasing_follows_torchvisions_rule(
    torchvision_transforms: Any, source: Replayed
) -> None:
    """Fed the same uniform numbers, both find the same rectangle."""
    torch = importlib.import_module("torch")
    rng, image = np.random.default_rng(2), torch.zeros(3, 40, 50)
    for _ in range(50):
        numbers = rng.random(40).tolist()
        source.numbers = iter(numbers)
        found = torchvision_transforms.RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3))
        ours: Any = Replayed(numbers)
        assert random_rectangle(40, 50, ours) == tuple(found[:4])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"flip": 1.5}, "flip must be within 0..1"),
        ({"hue": 0.6}, "hue must be within 0..0.5"),
        ({"scale": (0.5,)}, "scale must be two rising numbers"),
        ({"scale": (0.5, 1.2)}, "scale must be two rising numbers"),
        ({"ratio": (2.0, 1.0)}, "ratio must be two rising numbers"),
        ({"mixup": -1.0}, "mixup must be at least 0"),
    ],
)
def test_impossible_augmentations_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augment(**keys)
