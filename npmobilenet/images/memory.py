"""What a picture takes in memory, asked before it is decoded."""

import math

from PIL import ExifTags, Image

from ..limits import afford
from .converting import UPRIGHT

# bytes that a decoder itself takes, measured: for each pixel and channel
DECODERS = {"AVIF": 2, "JPEG2000": 6, "WEBP": 4}
PROGRESSIVE = 2  # a JPEG that comes in passes


def most_pixels() -> float:
    """Of an image: what Pillow opens, whose users may have asked for more, or for all."""
    return math.inf if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS


def require_room(image: Image.Image, mode: str) -> None:
    """TooLarge where decoding an image, and converting it to `mode` beside that, takes too much."""
    own = _bytes(image.mode)
    each = own if image.mode == mode else own + _bytes(mode)
    if getattr(image, "tag_v2", {}).get(ExifTags.Base.Orientation) in UPRIGHT:
        each = max(each, 2 * own)  # Pillow turns a TIFF itself
    beside = PROGRESSIVE if "progressive" in image.info else DECODERS.get(image.format or "", 0)
    _afford(image, max(each, own + beside * len(image.getbands())))


def require_room_to_turn(image: Image.Image) -> None:
    """The same for an image and its copy that lies otherwise."""
    _afford(image, 2 * _bytes(image.mode))


def _afford(image: Image.Image, each: int) -> None:
    size = f"{image.width:,} x {image.height:,} pixels"
    afford(f"{size} take", each * image.width * image.height)


def _bytes(mode: str) -> int:
    """Bytes of a pixel in Pillow's memory, which keeps three channels as four."""
    return 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4
