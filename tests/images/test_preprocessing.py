"""Every family's preprocessing, beside what the family's own library does to the same image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from npmobilenet import data
from npmobilenet.images.preprocessing import Preprocessing, prepare
from npmobilenet.models.dialects import DIALECTS
from npmobilenet.weights.preprocessing import (
    RECIPES,
    known,
    prepared,
    preprocessing_of,
    recipe_of,
)
from npmobilenet.weights.sources import SOURCES
from tests.foreign import foreign

# (width, height): a photograph's, odd, tall, wide, smaller than the crop, exactly the crop
SIZES = [(500, 375), (333, 257), (61, 400), (401, 90), (70, 50), (224, 224)]


def photograph(width: int, height: int, mode: str = "RGB") -> Image.Image:
    cat = Image.fromarray(data.photograph())
    return cat.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def images() -> list[Image.Image]:
    return [*(photograph(*size) for size in SIZES), photograph(301, 410, "L")]


def hwc(tensor) -> NDArray[np.float32]:
    return tensor.numpy().transpose(1, 2, 0)


# ---- beside the libraries ------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])  # Keras has no V4
@pytest.mark.parametrize("resolution", [(224, 224), (160, 192)])
def test_keras(version: str, resolution: tuple[int, int], tmp_path: Path) -> None:
    keras = foreign("keras")
    inside = keras.layers.Rescaling(1 / 127.5, offset=-1.0)  # V3's first layer
    scaled = {
        "v1": keras.applications.mobilenet.preprocess_input,
        "v2": keras.applications.mobilenet_v2.preprocess_input,
        "v3": lambda x: np.asarray(inside(keras.applications.mobilenet_v3.preprocess_input(x))),
    }[version]
    ours = preprocessing_of("keras", version, resolution)
    for image in images():
        image.save(tmp_path / "image.png")
        loaded = keras.utils.load_img(tmp_path / "image.png", target_size=resolution)
        expected = scaled(keras.utils.img_to_array(loaded))
        # they multiply by 1/127.5, or divide, before they subtract: the last bit differs
        np.testing.assert_allclose(prepare(image, ours), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in SOURCES if n.startswith("torchvision/")])
def test_torchvision(name: str) -> None:
    models = foreign("torchvision.models")
    file, edition = name.removeprefix("torchvision/").split(".")
    weights = models.get_model_weights(file)[f"IMAGENET1K_{edition.upper()}"]
    for image in images():
        expected = hwc(weights.transforms()(image.convert("RGB")))
        np.testing.assert_array_equal(prepare(image, SOURCES[name].preprocessing), expected)


@pytest.mark.parametrize("name", [n for n in SOURCES if n.startswith("timm/")])
def test_timm(name: str) -> None:
    timm = foreign("timm")
    foreign("timm.data")
    facts = timm.get_pretrained_cfg(name.removeprefix("timm/")).to_dict()
    theirs = timm.data.create_transform(**timm.data.resolve_data_config({}, pretrained_cfg=facts))
    for image in images()[::2]:
        expected = hwc(theirs(image.convert("RGB")))
        np.testing.assert_array_equal(prepare(image, SOURCES[name].preprocessing), expected)


@pytest.mark.parametrize("resolution", [96, 128, 160, 192, 256])
def test_timm_at_other_resolutions(resolution: int) -> None:
    timm = foreign("timm")
    foreign("timm.data")
    facts = timm.get_pretrained_cfg("mobilenetv2_100.ra_in1k").to_dict()
    facts["input_size"] = (3, resolution, resolution)
    theirs = timm.data.create_transform(**timm.data.resolve_data_config({}, pretrained_cfg=facts))
    image, ours = photograph(333, 257), preprocessing_of("timm", "v2", (resolution, resolution))
    np.testing.assert_array_equal(prepare(image, ours), hwc(theirs(image)))


# ---- by themselves -------------------------------------------------------------------------------


def test_every_dialect_has_a_recipe() -> None:
    assert set(RECIPES) == set(DIALECTS)
    for name, dialect in DIALECTS.items():
        for version in dialect.versions:
            assert preprocessing_of(name, version, (64, 64)).resolution == (64, 64)


@pytest.mark.parametrize("resolution", range(32, 321, 32))
def test_imagenets_custom_is_torchvisions(resolution: int) -> None:
    size = (resolution, resolution)
    assert preprocessing_of("torchvision", "v2", size) == Preprocessing.imagenet(resolution)


@pytest.mark.parametrize(
    ("family", "resize"), [("torchvision", 183), ("paddle", 183), ("timm", 182)]
)
def test_the_shorter_side_is_rounded_as_the_family_does(family: str, resize: int) -> None:
    assert preprocessing_of(family, "v3", (160, 160)).resize == resize  # 160 / 0.875 = 182.86


def test_no_crop_is_larger_than_its_image() -> None:
    ours = preprocessing_of("torchvision", "v2", (64, 224))
    white = Image.new("RGB", (300, 300), "white")
    assert ours.resize == 256
    assert prepare(white, ours).min() > 2  # no black from outside the image


@pytest.mark.parametrize(("family", "mean", "std"), [("timm", 0.449, 0.226), ("keras", 0.5, 0.5)])
def test_one_channel_takes_the_average_of_the_colours(family: str, mean: float, std: float) -> None:
    ours = preprocessing_of(family, "v2", (32, 32), channels=1)
    assert ours.mean == pytest.approx((mean,), abs=1e-12)
    assert ours.std == pytest.approx((std,), abs=1e-12)
    assert prepare(photograph(50, 40), ours).shape == (32, 32, 1)


def test_timms_first_version_has_the_later_recipe() -> None:
    assert recipe_of("timm", "v1").mean == (0.5, 0.5, 0.5)
    assert recipe_of("timm", "v2").mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(
    ("family", "version", "words"),
    [
        ("tensorflow", "v1", "family must be one of paper, torchvision"),
        ("keras", "v9", "version must be one of v1, v2, v3, v4, found 'v9'"),
        ("keras", "v4", "dialect keras has no v4"),
        ("torchvision", "v1", "dialect torchvision has no v1"),
    ],
)
def test_what_does_not_exist_is_named(family: str, version: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        preprocessing_of(family, version, (224, 224))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"mean": "x"}, "mean must be one number or three, found 'x'"),
        ({"mean": (1, 2)}, "mean must be one number or three"),
        ({"mean": float("nan")}, "mean must be one number or three"),
        ({"mean": 10**400}, "mean must be one number or three"),
        ({"mean": 127.5, "std": 127.5}, "mean is of pixels 0..1, found 127.5; of pixels 0..255"),
        ({"std": (58.0, 57.0, 57.0)}, "std is of pixels 0..1"),
        ({"mean": True}, "mean must be one number or three"),
        ({"std": 0}, "std must be above 0"),
        ({"std": (1, -1, 1)}, "std must be above 0"),
        ({"interpolation": "cubic"}, "interpolation must be one of nearest"),
        ({"crop": 0}, "crop must be at least 0.01 and at most 1"),
        ({"crop": 1.5}, "crop must be at least 0.01 and at most 1"),
        ({"resize": 0}, 'resize must be pixels or "stretch"'),
        ({"resize": 2.5}, 'resize must be pixels or "stretch"'),
        ({"resize": "squash"}, 'resize must be pixels or "stretch"'),
        ({"crop": 0.5, "resize": 64}, "crop and resize exclude each other"),
    ],
    ids=str,
)
def test_parts_that_cannot_be_are_named(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"preprocessing: {words}"):
        known(**parts)


def test_parts_replace_those_of_the_usual_recipe() -> None:
    usual = recipe_of("timm", "v2")

    def made(channels: int = 3, **parts: Any) -> Preprocessing:
        return prepared(usual, known(**parts), (64, 64), channels)

    assert made() == preprocessing_of("timm", "v2", (64, 64))
    assert made(mean=0, std=1).mean == (0.0, 0.0, 0.0)
    assert made(std=(0.1, 0.2, 0.3)).std == (0.1, 0.2, 0.3)
    assert made(1, mean=0.25).mean == (0.25,)
    assert made(crop=0.9).resize == 71  # timm rounds down
    assert made(resize=80).resize == 80
    assert made(resize="stretch").resize is None
    assert made(interpolation="box").interpolation == "box"
    with pytest.raises(ValueError, match="resize must be at least 64"):
        made(resize=63)
    with pytest.raises(ValueError, match="mean has 3 numbers, the images 1 channel"):
        made(1, mean=(0, 0, 0))


def test_what_is_known_goes_over_what_else_is() -> None:
    file, caller = known(mean=0.5, std=0.5, crop=0.9), known(mean=0, resize="stretch")
    assert caller.over(file) == known(mean=0, std=0.5, resize="stretch")
    assert file.over(caller) == known(mean=0.5, std=0.5, crop=0.9)
