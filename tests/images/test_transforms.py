"""Image -> array: sizes and boxes worked out by hand, and torchvision's own transforms as witness."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.images import preprocessing
from npmobilenet.images.augment import CROP_FLIP, augment
from npmobilenet.images.preprocessing import (
    Preprocessing,
    centre,
    framed,
    prepare,
    shorter_side_to,
)
from npmobilenet.predicting import prediction_sheet
from tests.images.image_parts import picture, plain, torchvision_part

# ---- Preprocessing -------------------------------------------------------------------------------


@pytest.mark.parametrize(("resolution", "resize"), [(224, 256), (192, 219), (160, 183), (128, 146)])
def test_imagenet_resizes_in_the_proportion_of_256_to_224(resolution: int, resize: int) -> None:
    p = Preprocessing.imagenet(resolution)
    assert (p.resolution, p.resize, p.channels) == ((resolution, resolution), resize, 3)
    assert p.mean == (0.485, 0.456, 0.406)
    assert p.std == (0.229, 0.224, 0.225)


def test_a_preprocessing_survives_json() -> None:
    for p in (Preprocessing.imagenet((192, 160)), plain(28, 28, None, 1)):
        assert Preprocessing.from_json(json.loads(json.dumps(p.to_json()))) == p


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": 3}, "unknown entries ['crop']"),
        ({"mean": None}, "cannot read"),
        ({"resolution": 224}, "cannot read"),
        ({"resolution": [224]}, "a pair (H, W)"),
        ({"resolution": [224, 0]}, "above zero"),
        ({"resize": 25.6}, "whole pixels"),
        ({"channels": 4}, "channels is 4"),
        ({"mean": [0.5]}, "as many means"),
        ({"std": [0.2, 0.2, 0.0]}, "above zero"),
        ({"mean": [0.2, 0.2, math.nan]}, "finite"),
        ({"interpolation": "cubic"}, "bicubic"),
    ],
)
def test_from_json_says_what_is_wrong(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="preprocessing") as caught:
        Preprocessing.from_json(Preprocessing.imagenet(224).to_json() | change)
    assert message in str(caught.value)


def test_from_json_names_missing_entries() -> None:
    document = Preprocessing.imagenet(224).to_json()
    del document["std"], document["resize"]
    with pytest.raises(ValueError, match=r"\['resize', 'std'\] are missing"):
        Preprocessing.from_json(document)


# ---- geometry by hand ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "width_height", "expected"),
    [
        (256, (500, 375), (341, 256)),  # 256 * 500 / 375 = 341.33
        (256, (375, 500), (256, 341)),
        (256, (100, 199), (256, 509)),  # 509.44: rounded down, and enlarged
        (256, (300, 451), (256, 384)),  # 384.85
        (256, (451, 300), (384, 256)),
        (64, (3, 2), (96, 64)),
        (7, (7, 9), (7, 9)),
    ],
)
def test_shorter_side(size: int, width_height: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shorter_side_to(size, *width_height) == expected


@pytest.mark.parametrize(
    ("image", "crop", "first"),
    [
        (256, 224, 16),
        (341, 224, 58),  # 58.5 rounds to the even 58
        (343, 224, 60),  # 59.5 rounds to the even 60
        (224, 224, 0),
        (5, 6, 0),  # one pixel too few: padded right
        (4, 7, -1),  # three too few: one left, two right
        (4, 8, -2),
    ],
)
def test_centre(image: int, crop: int, first: int) -> None:
    assert centre(image, crop) == first


def test_prepare_is_the_formula_where_nothing_is_resampled() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    p = Preprocessing.imagenet(2)
    p = Preprocessing.from_json(p.to_json() | {"resize": 4})
    y = prepare(Image.fromarray(pixels), p)
    expected = (pixels[1:3, 2:4] / 255 - p.mean) / p.std
    assert y.dtype == np.float32
    assert y.shape == (2, 2, 3)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    assert y.flags.c_contiguous


def test_an_image_smaller_than_the_crop_is_padded_with_black() -> None:
    y = prepare(Image.new("L", (2, 3), 255), plain(4, 5, resize=2, channels=1))
    expected = np.zeros((4, 5, 1), np.float32)
    expected[:3, 1:3] = 1  # one row below; one column left, two right
    np.testing.assert_array_equal(y, expected)


def test_without_resize_the_whole_image_is_stretched() -> None:
    image = Image.fromarray(np.array([[0, 255]], np.uint8))
    y = prepare(image, plain(3, 2, resize=None, channels=1))
    np.testing.assert_array_equal(y[:, :, 0], [[0, 1]] * 3)


def test_keeps_says_when_pixels_pass_unchanged() -> None:
    p = plain(28, 28, None)
    assert p.keeps(28, 28)
    assert not p.keeps(28, 27)
    assert plain(28, 28, 28).keeps(28, 28)
    assert not plain(28, 28, 32).keeps(28, 28)


# ---- torchvision as witness ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def torchvision_transforms() -> Iterator[Any]:
    """torchvision.transforms, if it is there."""
    with torchvision_part("transforms") as found:
        yield found


@pytest.mark.parametrize("size", [(375, 500), (500, 333), (256, 300), (150, 90), (41, 700), (8, 8)])
@pytest.mark.parametrize("resolution", [224, 160])
def test_prepare_is_torchvisions_to_the_bit(
    torchvision_transforms: Any, size: tuple[int, int], resolution: int
) -> None:
    t, p = torchvision_transforms, Preprocessing.imagenet(resolution)
    theirs = t.Compose(
        [t.Resize(p.resize), t.CenterCrop(resolution), t.ToTensor(), t.Normalize(p.mean, p.std)]
    )
    image = picture(*size)
    expected = theirs(image).numpy().transpose(1, 2, 0)
    np.testing.assert_array_equal(prepare(image, p), expected)


@pytest.mark.parametrize("resize", [20, 31, 32, 50])
def test_padding_and_odd_crops_are_torchvisions(torchvision_transforms: Any, resize: int) -> None:
    t, p = torchvision_transforms, plain(33, 46, resize)
    theirs = t.Compose([t.Resize(resize), t.CenterCrop((33, 46)), t.ToTensor()])
    for size in [(40, 50), (50, 40), (31, 31), (97, 31)]:
        image = picture(*size)
        expected = theirs(image).numpy().transpose(1, 2, 0)
        np.testing.assert_array_equal(prepare(image, p), expected)


# ---- strips --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(2000, 3), (3, 2000), (1500, 7), (600, 1), (1, 600), (31, 900)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_of_a_strip_only_what_the_crop_sees_is_computed(
    size: tuple[int, int], interpolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the crop of the whole: a value in a hundred may round to its neighbour, no more."""
    image = picture(*size)
    for how in (plain(24, 30, 28), plain(40, 20, 17)):  # cropped, padded
        how = replace(how, interpolation=interpolation)
        whole = np.asarray(framed(image, how), int)
        with monkeypatch.context() as changed:
            changed.setattr(preprocessing, "LARGEST", 0)
            found = np.asarray(framed(image, how), int)
        assert found.shape == whole.shape
        assert np.abs(found - whole).max() <= 1
        assert (found != whole).mean() < 0.01


def test_a_line_of_pixels_is_prepared_exactly_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 x 12,000 pixels, 256 times as large: row r of the crop lies at 5999.5625 + (r + 0.5) / 256."""
    column = np.random.default_rng(0).integers(0, 256, (12000, 1, 3), np.uint8)
    sizes = []
    resize = Image.Image.resize

    def watched(self: Image.Image, size: tuple[int, int], *how: Any, **more: Any) -> Image.Image:
        sizes.append(size)
        return resize(self, size, *how, **more)

    monkeypatch.setattr(Image.Image, "resize", watched)
    found = np.asarray(framed(Image.fromarray(column), Preprocessing.imagenet(224)), int)
    assert sizes == [(224, 224)]
    place = 5999.5625 + (np.arange(224) + 0.5) / 256 - 0.5  # in pixels' centres
    below = np.floor(place).astype(int)
    share = (place - below)[:, None]
    expected = (1 - share) * column[below, 0] + share * column[below + 1, 0]
    assert np.abs(found - expected[:, None]).max() <= 0.5 + 1e-4


@pytest.mark.parametrize("shape", [(12000, 1), (1, 12000)])
def test_strips_are_augmented_and_drawn(shape: tuple[int, int]) -> None:
    image = Image.fromarray(np.zeros((*shape, 3), np.uint8))
    y = augment(image, plain(32, 32, 36), CROP_FLIP, np.random.default_rng(0))
    assert y.shape == (32, 32, 3)
    page = prediction_sheet.prediction(image, ("a", "b"), np.array([0.3, 0.7], np.float32))
    assert page.width < 500
