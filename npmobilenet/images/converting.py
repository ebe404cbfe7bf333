"""From any picture that Pillow has decoded to RGB or grey, upright."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ..ops.checks import shown, whole

MODES = {1: "L", 3: "RGB"}  # channels -> Pillow's name for them
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # the EXIF orientation -> what undoes it
# what else says how a picture is turned; left in one that is upright, it would be turned again
TURNS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")
PART = 2**20  # pixels that are converted at once


def require_channels(operator: str, channels: object) -> None:
    """ValueError for what no image is opened with."""
    if not whole(channels) or channels not in MODES:
        raise ValueError(f"{operator}: channels must be 1 or 3, found {shown(channels)}")


def upright(image: Image.Image, channels: int) -> Image.Image:
    """A loaded image as `to_channels` makes it, turned as its EXIF says."""
    turn = turn_of(image)
    return turned(to_channels(image, channels), turn)


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What EXIF says of an image; None where that block is broken, as viewers do."""
    try:
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # not only SyntaxError: whatever garbage in it leads to
        return None


def turned(image: Image.Image, method: Image.Transpose | None) -> Image.Image:
    """The image turned so, and nothing in it that says it should be turned."""
    if method is None:
        return image
    image = image.transpose(method)
    for name in TURNS:
        image.info.pop(name, None)
    return image


def to_channels(image: Image.Image, channels: int) -> Image.Image:
    """The image in mode "RGB" (channels 3) or "L" (channels 1, luma 0.299 R + 0.587 G + 0.114 B).

    Transparent pixels are laid on white, as a viewer shows them. (torchvision's loader drops the alpha
    channel and shows whatever colour lies hidden under it; opaque images come out the same.)
    16-bit grey is scaled to 8 bit, 65535 -> 255, where Pillow's own conversion may clip it; a TIFF's 9
    to 15 bits are spread over 16, and turned where it says that 0 is white.
    What takes several steps is done part by part: only `image` and the result are there as a whole.
    """
    require_channels("to_channels", channels)
    if image.mode == "F":
        raise ValueError("float pixels have no fixed range; save the image with 8 or 16 bits")
    if image.mode == "LAB" and channels == 1:  # which Pillow does not turn into grey itself
        image = image.convert("RGB")
    if not _deep(image) and not image.has_transparency_data:
        return image if image.mode == MODES[channels] else image.convert(MODES[channels])
    if image.mode == "I":
        low, high = cast(tuple[int, int], image.getextrema())
        if low < 0 or high > 65535:
            raise ValueError(f"grey values {low}..{high} do not fit in 16 bits")
    bits, inverted = _said(image)
    made = Image.new(MODES[channels], image.size)
    for box in _parts(*image.size):
        made.paste(_in_steps(image.crop(box), bits, inverted).convert(made.mode), box)
    return made


def _deep(image: Image.Image) -> bool:
    return image.mode == "I" or image.mode.startswith("I;16")


def _parts(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of at most PART pixels that cover an image."""
    wide = max(min(width, PART), 1)
    high = max(PART // wide, 1)
    for top in range(0, height, high):
        for left in range(0, width, wide):
            yield left, top, min(left + wide, width), min(top + high, height)


def _said(image: Image.Image) -> tuple[int, bool]:
    """Bits of a grey value, and whether 0 is white: TIFF says it; of more than 8 Pillow does not."""
    tags: Any = getattr(image, "tag_v2", None)
    if not tags or not _deep(image):
        return 16, False
    inverted = tags.get(ExifTags.Base.PhotometricInterpretation) == 0
    bits = 16 if image.mode == "I" else int(tags.get(ExifTags.Base.BitsPerSample, (16,))[0])
    if inverted and image.mode == "I":
        raise ValueError("32-bit grey with 0 as white; save the image with 8 or 16 bits")
    return bits, inverted


def _in_steps(image: Image.Image, bits: int, inverted: bool) -> Image.Image:
    """8 bits of 16, and transparent pixels on white."""
    if _deep(image):
        grey, key = np.asarray(image), image.info.get("transparency")
        eight = _eight_bit(grey << (16 - bits) | grey >> (2 * bits - 16) if bits < 16 else grey)
        eight = 255 - eight if inverted else eight
        if isinstance(key, int):  # one value that is transparent
            eight[grey == key] = 255
        image = Image.fromarray(eight)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image


def _eight_bit(grey: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """65535 = 255 * 257: rounded."""
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)
