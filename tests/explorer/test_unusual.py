"""What is unusual is no error: a page, and one sentence in each language that says what it is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.explorer import making

from .test_page import Read, tiny

PETS = ("cat", "dog")


def broken() -> nm.Model:
    model = tiny(PETS)
    weight = model.params["stem.weight"].copy()
    weight[0, 0, 0, 0] = np.nan
    return replace(model, params=model.params | {"stem.weight": weight})


def too_large() -> nm.Model:
    """Finite in float64, and in nothing that a page stores."""
    model = tiny(PETS)
    params = {name: value.astype(np.float64) for name, value in model.params.items()}
    return replace(model, params=params | {"stem.weight": np.full((3, 3, 3, 3), 1e300)})


def noise(height: int, width: int, channels: int = 3) -> Any:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def grey() -> nm.Model:
    plan = nm.plan("v1", width=0.1, resolution=16, classes=2, channels=1, dialect="cifar")
    how = nm.images.Preprocessing(
        resolution=(16, 16), resize=None, channels=1, mean=(0.5,), std=(0.5,)
    )
    return nm.Model(plan, nm.init(plan, 0), PETS, how)


GREY = noise(16, 16, 1)
SQUARE = noise(16, 16)

CASES: dict[str, tuple[Callable[[], nm.Model], Any, str]] = {
    "NaN in the weights": (broken, SQUARE, "1 of the weights are not finite numbers, the first in stem"),
    "no classifier": (lambda: tiny((), include_top=False), SQUARE, "has no classifier"),
    "a grey image": (lambda: tiny(PETS), GREY, "The image is grey"),
    "a colour image for a grey network": (grey, SQUARE, "it was made grey"),
    "an oblong image": (lambda: tiny(PETS), noise(40, 90), "The image has 40 × 90 pixels"),
    "33 x 47": (lambda: tiny(PETS, resolution=(33, 47)), noise(33, 47), "looks at 33 × 47 pixels"),
    "no names": (lambda: tiny(("class 0", "class 1")), SQUARE, "without names of their 2 classes"),
    "only flowers": (lambda: tiny(("rose", "tulip")), None, "its 2 classes (rose, tulip)"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_page_and_one_remark(case: str) -> None:
    model, image, sentence = CASES[case]
    page = making.made(model(), image, time=False)
    data = Read(page.text).data
    assert [list(pair) for pair in page.remarks] == data["remarks"]
    (pair,) = data["remarks"]
    assert sentence in pair[0]
    assert pair[1] != pair[0]
    assert pair[1].endswith("。")


def test_usual_pages_have_none() -> None:
    assert making.made(tiny(PETS), SQUARE, time=False).remarks == ()
    assert making.made(tiny(PETS), time=False).remarks == ()  # the cat that is shipped


def test_where_finite_weights_give_no_numbers() -> None:
    page = making.made(too_large(), SQUARE, time=False, precision="float32")
    assert page.prediction is None
    (said,) = (english for english, _ in page.remarks)
    assert (
        said
        == "2 of the 2 outputs of classifier are not finite numbers: the weights are too large."
    )


def test_seventeen_megabytes() -> None:
    """V1 at width 1, float32: in half precision, which is said, and so is what is left."""
    plan = nm.plan("v1", resolution=32)
    how = nm.images.Preprocessing.imagenet(32)
    names = tuple(f"cat {k}" for k in range(1000))
    page = making.made(nm.Model(plan, nm.init(plan, 0), names, how), SQUARE, time=False)
    assert page.precision == "float16"
    assert page.moved is not None
    assert page.size < 4 / 3 * 2 * 4_253_864 + 500_000
    rounded, large = (english for english, _ in page.remarks)
    assert "from float32 to half precision, which moved the network's outputs" in rounded
    assert "11.3 MB" in large
