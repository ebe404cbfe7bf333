"""What people have in their hands when they have an image: a file, a Pillow image, an array, or many.

Whatever it is becomes what `open_image` makes of a file: a Pillow image, upright, in the network's
channels.  From there on all of them go the same way, so the same picture gives the same prediction.
"""

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data import PICTURES
from ..ops.checks import path
from ..text import reason
from .converting import to_channels, upright
from .decode import open_image
from .memory import most_pixels

ADDRESSES = ("http:/", "https:/", "ftp:/")  # with one slash, as Path writes them
EXPECTED = "a path, a Pillow image, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def listed(given: Any) -> Sequence[Any] | None:
    """The images of a list, a tuple or an array (N, H, W, C); None where `given` is one image."""
    if isinstance(given, list | tuple):
        return given
    if isinstance(given, np.ndarray) and given.ndim == 4:
        return list(given)
    return None


def opened(given: Any, channels: int) -> Image.Image:
    """One image, upright, in mode "RGB" (channels 3) or "L" (1).

    A path is opened; a name without a file, as "ankle-boot", may be that of a shipped picture.
    ValueError, one line, for what is no image or is damaged.
    """
    if isinstance(given, str | PathLike):
        path("an image", given)
        if str(name := os.fspath(given)).lower().startswith(ADDRESSES) and not os.path.exists(name):
            raise ValueError(f"{name}: an address, not a file; download the image first")
        return open_image(picture_file(given), channels)
    if isinstance(given, Image.Image):
        try:
            given.load()
            return upright(given, channels)
        except Exception as error:  # decoded only now; of a damaged one as in `open_image`
            raise ValueError(f"the image cannot be decoded: {reason(error)}") from error
    if isinstance(given, np.ndarray):
        return to_channels(Image.fromarray(pixels(given)), channels)
    found = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
    raise ValueError(f"an image must be {EXPECTED}; found {found}")


def picture_file(name: "str | PathLike[str]") -> Path:
    """Where an image file is: `name` itself, or the shipped picture that is called so."""
    shipped = PICTURES.get(str(name))
    return shipped if shipped and not os.path.exists(name) else Path(name)


def pixels(given: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 (H, W), (H, W, 3: RGB) or (H, W, 4: RGBA) of an array (H, W) or (H, W, 1, 3 or 4).

    uint8 is taken as it is.  uint16, 65535 white, and real numbers, 1 white, are rounded to 8 bits,
    which is what files mostly have.  ValueError for other shapes, types and ranges.
    """
    image = np.asarray(given)
    if image.ndim not in (2, 3) or image.size == 0 or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(f"an image must be {EXPECTED}; found {image.shape}{_hint(image)}")
    if image.shape[0] * image.shape[1] > (most := most_pixels()):
        raise ValueError(f"an image must have at most {most:,.0f} pixels, found {image.shape}")
    image = image[:, :, 0] if image.shape[2:] == (1,) else image
    if image.dtype.kind == "f":
        low, high = float(image.min()), float(image.max())
        if not 0 <= low <= high <= 1:
            raise ValueError(
                f"real numbers of an image must be 0 (black) to 1 (white), found {low:g} to {high:g}; "
                "divide by 255, or give uint8; what is normalised already is for `nm.infer`"
            )
        image = np.rint(image * 255.0)
    elif image.dtype.kind == "u" and image.dtype.itemsize == 2:
        image = (image.astype(np.uint32) + 128) // 257  # 65535 = 255 * 257: rounded
    elif image.dtype != np.uint8:
        raise ValueError(
            f"numbers of an image must be uint8 (0 to 255), uint16 or real (0 to 1), "
            f"found {image.dtype}"
        )
    return np.ascontiguousarray(image, np.uint8)


def _hint(image: NDArray[Any]) -> str:
    """What is probably meant by an array of another shape."""
    if image.ndim == 3 and image.size and image.shape[0] in (1, 3):
        return ": channels come last, x.transpose(1, 2, 0)"
    if image.ndim == 3 and image.size:
        return "; several grey images are (N, H, W, 1)"
    return ""
