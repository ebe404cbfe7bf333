"""Colours changed at random: torchvision's functions as witnesses, and the bounds that were asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.images.jitter import enhanced, jittered, turned
from tests.images.image_parts import picture, torchvision_part


@pytest.fixture(scope="module")
def torchvision_functional() -> Iterator[Any]:
    """torchvision.transforms.functional, if it is there."""
    with torchvision_part("functional") as found:
        yield found


@pytest.mark.parametrize("what", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize("factor", [0.0, 0.6, 1.0, 1.7])
def test_colours_change_as_torchvisions(
    torchvision_functional: Any, what: str, factor: float
) -> None:
    image = picture(30, 40)
    theirs = getattr(torchvision_functional, f"adjust_{what}")(image, factor)
    np.testing.assert_array_equal(np.asarray(enhanced(image, what, factor)), np.asarray(theirs))


@pytest.mark.parametrize("turn", [-0.5, -0.2, -0.001, 0.0, 0.13, 0.5])
def test_hue_turns_as_torchvisions(torchvision_functional: Any, turn: float) -> None:
    for image in (picture(30, 40), picture(30, 40).convert("L")):
        theirs = torchvision_functional.adjust_hue(image, turn)
        np.testing.assert_array_equal(np.asarray(turned(image, turn)), np.asarray(theirs))


def test_jitter_stays_within_its_bounds_and_grey_stays_grey() -> None:
    rng, grey = np.random.default_rng(0), Image.new("RGB", (4, 4), (100, 100, 100))
    values = [
        np.asarray(jittered(grey, rng, 0.3, 0, 0.5, 0.1))[0, 0].astype(int) for _ in range(400)
    ]
    assert all(abs(v - v[0]).max() <= 1 for v in values)
    levels = [v[0] for v in values]
    assert 69 <= min(levels) < 75
    assert 125 < max(levels) <= 130
    alone = picture(20, 20)
    np.testing.assert_array_equal(np.asarray(jittered(alone, rng, 0, 0, 0, 0)), np.asarray(alone))
