"""Image -> array: sizes and boxes worked out by hand, and torchvision's own transforms as witness."""

import importlib
import importlib.util
import json
import math
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from npmobilenet.training.transforms import (
    Preprocessing,
    augment,
    centre,
    prepare,
    random_crop,
    shorter_side_to,
)


def plain(height: int, width: int, resize: int | None, channels: int = 3) -> Preprocessing:
    """Without mean and std: prepare gives pixel / 255."""
    return Preprocessing(
        resolution=(height, width),
        resize=resize,
        channels=channels,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


def picture(height: int, width: int, seed: int = 0) -> Image.Image:
    """Smooth colours with a little noise, so that every interpolation has something to do."""
    i, j = np.mgrid[:height, :width]
    rgb = np.stack([i * 255 // max(height - 1, 1), j * 255 // max(width - 1, 1), (i * j) % 256], 2)
    noise = np.random.default_rng(seed).integers(0, 40, rgb.shape)
    return Image.fromarray(((rgb + noise) % 256).astype(np.uint8))


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
    """torchvision.transforms alone: an empty package stands in for torchvision itself, so that its
    compiled operators, which need one certain torch, are not loaded."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip("torchvision is not installed")
    pytest.importorskip("torch")
    before = {name: m for name, m in sys.modules.items() if name.split(".")[0] == "torchvision"}
    if not before:
        package = types.ModuleType("torchvision")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["torchvision"] = package
    yield importlib.import_module("torchvision.transforms.transforms")
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        if name not in before:
            del sys.modules[name]


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


class Replayed:
    """Stands in for both sources of random numbers: numpy's Generator and torch's functions."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = iter(numbers)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * next(self.numbers)

    def integers(self, high: int) -> int:
        return int(next(self.numbers) * high)


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(50, 40, (0.08, 1)), (90, 20, (0.5, 1)), (9, 80, (0.9, 1))]
)
def test_random_crop_follows_torchvisions_rule(
    torchvision_transforms: Any,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    height: int,
    scale: tuple[float, float],
) -> None:
    """Both are fed the same uniform numbers and find the same boxes; the long ones fall back."""
    torch = importlib.import_module("torch")
    source = Replayed([])
    monkeypatch.setattr(
        torch.Tensor, "uniform_", lambda t, low, high: t.fill_(source.uniform(low, high))
    )
    monkeypatch.setattr(
        torch, "randint", lambda low, high, size: torch.tensor([source.integers(high)])
    )
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
    a, b, c = (augment(image, p, np.random.default_rng(s)) for s in (3, 3, 4))
    assert a.shape == (32, 32, 3)
    assert a.dtype == np.float32
    assert a.flags.c_contiguous
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_flip_exchanges_left_and_right() -> None:
    image, p = picture(60, 80), plain(32, 24, None)
    straight, mirrored = (
        augment(image, p, np.random.default_rng(3), flip=flip) for flip in (0.0, 1.0)
    )
    np.testing.assert_array_equal(straight[:, ::-1], mirrored)
    assert not np.array_equal(straight, mirrored)


def test_augment_with_the_whole_image_is_prepare() -> None:
    image, p = picture(40, 40), plain(32, 32, None)
    whole = augment(image, p, np.random.default_rng(0), scale=(1, 1), ratio=(1, 1), flip=0)
    np.testing.assert_array_equal(whole, prepare(image, p))
