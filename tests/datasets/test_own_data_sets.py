"""Data sets that somebody wrote: whether they fit themselves, and whether their images are images."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.datasets.loader import batches
from npmobilenet.images.preprocessing import Preprocessing

SMALL = Preprocessing(resolution=(9, 7), resize=None, channels=3, mean=(0.4,) * 3, std=(0.2,) * 3)


class Own:
    """A data set that somebody wrote."""

    classes = ("a", "b")
    labels = np.array([0, 1, 0])
    names = ("x", "y", "z")

    def __len__(self) -> int:
        return 3

    def image(self, index: int) -> Any:
        return Image.new("RGB", (8, 8), (index, 0, 0))


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("classes", "ab", "classes must be a tuple of names"),
        ("classes", (1, 2), "classes must be a tuple of names"),
        ("classes", ("a",), r"labels must be below 1, the classes; found 0\.\.1"),
        ("labels", [0, 1, 0], r"labels must be an array of integers \(3,\), found \[0, 1, 0\]"),
        ("labels", None, "labels must be an array of integers"),
        ("labels", np.array([0, 1]), r"labels must be .* \(3,\), found int64 \(2,\)"),
        ("labels", np.array([0.0, 1, 0]), r"labels must be .* found float64 \(3,\)"),
        ("labels", np.array([0, -1, 0]), r"labels must be below 2, .* found -1\.\.0"),
        ("names", ("x",), "names must be 3 texts"),
        ("names", iter("xyz"), "names must be 3 texts"),
    ],
)
def test_data_sets_that_do_not_fit_themselves(part: str, value: Any, message: str) -> None:
    own = Own()
    assert len(list(batches(own, batch_size=2, preprocessing=SMALL, workers=0))) == 2
    setattr(own, part, value)
    with pytest.raises((TypeError, ValueError), match=f"^batches: dataset: {message}"):
        batches(own, batch_size=2, preprocessing=SMALL)
    with pytest.raises(TypeError, match=r"^batches: dataset must be a Dataset, found <class"):
        batches(Own, batch_size=2, preprocessing=SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "image must return a Pillow image, found None"),
        (np.zeros((8, 8, 3), np.uint8), "image must return a Pillow image, found"),
        (RuntimeError("two\nlines"), "y: two lines$"),
        (ValueError("y: two\nlines"), "y: y: two lines$"),
    ],
)
def test_images_that_are_none_are_named(answer: Any, said: str, workers: int) -> None:
    class Odd(Own):
        def image(self, index: int) -> Any:
            if index != 1:
                return super().image(index)
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(ValueError, match=f"^y: .*{said}" if said[0] != "y" else f"^{said}"):
        list(batches(Odd(), batch_size=2, preprocessing=SMALL, workers=workers))
