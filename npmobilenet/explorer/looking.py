"""The image that a page begins with: what was given, or what comes with the package."""

from __future__ import annotations

import os
import zlib
from base64 import b64encode
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images.inputs import opened, picture_file
from ..images.preprocessing import Preprocessing, framed, pixels_of
from ..ops.checks import Array
from ..text import displayed

SHIPPED = {1: "ankle-boot", 3: "chelsea"}  # channels that a network reads -> picture to show it


@dataclass(frozen=True)
class Seen:
    """An image at the network's resolution: pixels uint8 (H, W, C); and how it came.

    size (H, W) and coloured are the image's own, before anything was done to it.  shipped: the name
    of the picture, if it is one that comes with the package; given: whether somebody asked for it.
    """

    name: str
    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    coloured: bool
    shipped: str
    given: bool

    def to_json(self) -> dict[str, Any]:
        """The payload's "image"."""
        height, width, channels = self.pixels.shape
        size = {"height": height, "width": width, "channels": channels}
        return {"name": self.name, **size, "packed": packed(self.pixels)}

    def prepared(self, preprocessing: Preprocessing) -> Array:
        """x (1, H, W, C) in float64 as the page makes it: (pixel / 255 - mean) / std."""
        scaled = self.pixels.astype(np.float64) / 255
        x: Array = (scaled - np.array(preprocessing.mean)) / np.array(preprocessing.std)
        return x[None]


def seen(image: Any, preprocessing: Preprocessing) -> Seen:
    """Whatever is an image (`npmobilenet.predict` says what), or None for the shipped one that fits.

    ValueError, one line, for what is no image.
    """
    given = image is not None
    image = image if given else SHIPPED[preprocessing.channels]
    coloured = opened(image, 3)
    framed_image = framed(opened(image, preprocessing.channels), preprocessing)
    channels = pixels_of(coloured)
    return Seen(
        name=_name(image),
        pixels=pixels_of(framed_image),
        size=(coloured.height, coloured.width),
        coloured=bool((channels != channels[..., :1]).any()),
        shipped=_shipped(image),
        given=given,
    )


def _name(image: Any) -> str:
    path = isinstance(image, str | PathLike)
    return displayed(Path(os.fsdecode(image)).stem) if path else "image"


def _shipped(image: Any) -> str:
    if not isinstance(image, str | PathLike) or not isinstance(os.fspath(image), str):
        return ""
    file = picture_file(image)
    return next((name for name in SHIPPED.values() if file == picture_file(name)), "")


def packed(pixels: NDArray[np.uint8]) -> str:
    """Pixels (H, W, C) for a page: each as its difference to the one on its left, zlib, base64.

    Neighbours are alike, so the differences are small: a photograph needs two thirds of its bytes.
    """
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # modulo 256
    return b64encode(zlib.compress(differences.tobytes(), 9)).decode()
