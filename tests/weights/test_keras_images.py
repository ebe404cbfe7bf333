"""Layers about pixels, as the preprocessing that does the same; no Keras is needed."""

from typing import Any

import numpy as np
import pytest

from npmobilenet.weights.description import Known
from npmobilenet.weights.keras_images import adapted_only, entrance
from tests.weights.keras_text import graph, layer, operator

CONV = layer("Conv2D", "conv", "last")


def met(*layers: dict[str, Any], **tensors: Any) -> Any:
    """What an image of 32 x 48 meets on its way; the last layer must be called "last"."""
    arrays = {f"norm/{name}": np.asarray(value) for name, value in tensors.items()}
    return entrance(graph(*layers, CONV), arrays)


def norm(name: str, before: str, **settings: Any) -> dict[str, Any]:
    return layer("Normalization", name, before, **settings)


@pytest.mark.parametrize(
    ("layers", "mean", "std"),
    [
        ([layer("Rescaling", "last", "image", scale=1 / 255)], 0, 1),
        ([layer("Rescaling", "last", "image", scale=1 / 127.5, offset=-1)], 0.5, 0.5),
        ([layer("Rescaling", "last", "image", scale=2.0, offset=-1.0)], 0.5, 0.5),  # of 0..1
        ([norm("last", "image", mean=51.0, variance=1600.0)], 0.2, 40 / 255),
        ([norm("last", "image", mean=[[[[0.485]]]], variance=0.0625)], 0.485, 0.25),  # of 0..1
        (
            [
                layer("Rescaling", "a", "image", scale=1 / 255),
                norm("last", "a", mean=0.4, variance=0.04),
            ],
            0.4,
            0.2,
        ),
        (
            [
                operator("a", "math.truediv", "image", 127.5),
                operator("last", "math.subtract", "a", 1.0),
            ],
            0.5,
            0.5,
        ),
        (
            [
                operator("a", "__operators__.add", "image", -51.0),
                layer("RandomFlip", "b", "a"),
                operator("last", "math.multiply", "b", 1 / 51),
            ],
            0.2,
            0.2,
        ),
    ],
)
def test_scaling(layers: list[dict[str, Any]], mean: float, std: float) -> None:
    found = met(*layers)
    assert found.trouble == ""
    assert found.known.mean == pytest.approx((mean,), abs=1e-9)
    assert found.known.std == pytest.approx((std,), abs=1e-9)


def test_a_number_for_each_channel_and_numbers_among_the_arrays() -> None:
    scale = layer("Rescaling", "a", "image", scale=[1 / 255] * 3, offset=[0.0, -0.5, 0.5])
    found = met(scale, layer("RandomZoom", "last", "a"))
    assert found.known.mean == pytest.approx((0, 0.5, -0.5))
    adapted = {"mean": [51.0, 102.0, 153.0], "variance": [400.0, 900.0, 1600.0]}
    found = met(norm("norm", "image"), layer("GaussianNoise", "last", "norm"), **adapted)
    assert found.known.mean == pytest.approx((0.2, 0.4, 0.6))
    assert found.known.std == pytest.approx((20 / 255, 30 / 255, 40 / 255))
    arrays = {f"norm/{name}": np.asarray(value) for name, value in adapted.items()}
    alone, notes = adapted_only(arrays)  # of weights alone
    assert alone == found.known
    assert "norm" in notes[0]
    assert adapted_only({}) == (Known(), ())


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([layer("Rescaling", "last", "image", scale=-1 / 255, offset=1)], "no image"),
        ([layer("Rescaling", "last", "image", scale=0)], "no image"),
        ([layer("Rescaling", "last", "image", scale=[1, 2])], "a number or one for each channel"),
        ([operator("last", "math.truediv", "image", 0.0)], "no image"),
        ([norm("last", "image", mean=1.0, variance=1.0, invert=True)], "undoes"),
        ([norm("last", "image", mean=1.0, variance=-1.0)], "a variance below 0"),
        ([norm("last", "image")], "its mean is not in the file"),
        ([layer("Resizing", "last", "image", height=9, width=2**40)], "which is no size"),
        ([layer("CenterCrop", "last", "image", height=16, width=16)], "crops an image of (32, 48)"),
        (
            [layer("Resizing", "last", "image", height=8, width=8, interpolation="gaussian")],
            "interpolation 'gaussian'",
        ),
        (
            [layer("Resizing", "last", "image", height=8, width=8, pad_to_aspect_ratio=True)],
            "keeps the aspect ratio",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_trouble(layers: list[dict[str, Any]], words: str) -> None:
    found = met(*layers)
    assert words in found.trouble
    assert "layer last" in found.trouble


def test_sizes_and_crops() -> None:
    def resizing(name: str, before: str, **settings: Any) -> dict[str, Any]:
        return layer("Resizing", name, before, **{"height": 64, "width": 64} | settings)

    found = met(resizing("last", "image"))
    assert found.resolution == (64, 64)
    assert found.known == Known(resize="stretch", interpolation="bilinear")
    found = met(resizing("last", "image", crop_to_aspect_ratio=True, interpolation="nearest"))
    assert found.known == Known(resize=64, interpolation="nearest")
    crop = layer("CenterCrop", "last", "a", height=48, width=56)
    found = met(resizing("a", "image", interpolation="lanczos3"), crop)
    assert found.resolution == (48, 56)
    assert found.known == Known(resize=64, interpolation="lanczos")
    up = layer("UpSampling2D", "last", "image", size=[2, 3], interpolation="nearest")
    assert met(up).resolution == (64, 144)
    assert "Pillow" in met(up).notes[0]


def test_where_the_network_begins() -> None:
    """What is not about pixels ends the way, and must be the network itself."""
    made = graph(layer("Lambda", "last", "image"), CONV)
    assert "layer last (Lambda) stands before" in entrance(made, {}).why_not(made, "last")
    made = graph(layer("Rescaling", "last", "image", scale=1.0), CONV)
    assert entrance(made, {}).why_not(made, "last") == ""
    assert (
        entrance(made, {}).known == Known()
    )  # pixels as they are: nothing is known of their range
