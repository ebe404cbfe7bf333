"""From an image file to pixels: what any viewer would show, or one line that says why not.

Pillow reads the files.  What it stumbles over although viewers do not is mended here: a broken EXIF
block, damaged or huge parts beside the picture; its warnings, which would name no file, are not printed.
"""

import ctypes
import logging
import math
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import (
    ExifTags,
    Image,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    _imaging,
)

from .. import limits
from ..ops.checks import path as checked_path
from ..ops.checks import shown, whole
from ..text import printable, reason

MODES = {1: "L", 3: "RGB"}  # channels -> Pillow's name for them
# what Pillow knows and no viewer of pictures does: films, pages, data; some need other programs
NO_PICTURES = ("BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PALM", "PDF", "WMF")
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
# bytes that a decoder itself takes, measured: for each pixel and channel
DECODERS = {"AVIF": 2, "JPEG2000": 6, "WEBP": 4}
PROGRESSIVE = 2  # a JPEG that comes in passes
PART = 2**20  # pixels that are converted at once
PNG = b"\x89PNG\r\n\x1a\n"
ALSO = (b"tRNS", b"eXIf")  # parts of a PNG file beside the picture that matter: transparency, turns

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what nobody handles


def open_image(path: str | Path, channels: int) -> Image.Image:
    """The image in a file, upright: EXIF's orientation is applied; of an animation the first frame.

    path      of the file, in any format that Pillow reads
    channels  3 ("RGB") or 1 ("L", grey)

    Returns a Pillow image.  ValueError, one line with the file's name, if there is no such file, if it is
    no image Pillow reads, if it is cut off or damaged, or if its pixels take more than
    `limits.largest()`.
    """
    require_channels("open_image", channels)
    with _named(path), TOLERANT:
        require_file(path)
        try:
            return _read(path, channels)
        except (Image.DecompressionBombError, _TooLarge):
            raise
        except Exception:
            mended = essentials(path)
            if mended is None:
                raise
            return _read(mended, channels)


def most_pixels() -> float:
    """Of an image: what Pillow opens, whose users may have asked for more, or for all."""
    return math.inf if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS


def probe(path: str | Path, formats: tuple[str, ...] | None = None) -> None:
    """`open_image` as far as it is quick: ValueError if a file's beginning is that of no image.

    formats: Pillow's names of those that count, None: all.
    """
    with _named(path), TOLERANT:
        require_file(path)
        try:
            _identified(path, formats).close()
        except Exception:
            mended = essentials(path)
            if mended is None:
                raise
            _identified(mended, formats).close()


def require_file(path: str | Path) -> None:
    """FileNotFoundError for a pipe too: to open one is to wait for its writer."""
    os.lstat(path)  # OSError for what is not there, and for a name that cannot be
    if os.path.isdir(path):
        raise FileNotFoundError("a folder, not an image file")
    if not os.path.isfile(path):
        raise FileNotFoundError("not a file, but a link to nowhere, a pipe or a device")


class _TooLarge(ValueError):
    """A picture whose pixels take more memory than `limits.largest()`."""


def _read(file: str | Path | BytesIO, channels: int) -> Image.Image:
    with _identified(file) as image:
        _affordable(image, _taken(image, MODES.get(channels, "RGB")))
        image.load()
        turn, found = _turn(image), to_channels(image, channels)
        if found is not image:
            image.close()  # and what was decoded is let go
        elif found.readonly:
            found = found.copy()  # its pixels may lie in the file still
    if turn is not None:
        _affordable(found, 2 * _bytes(found.mode) * found.width * found.height)
    return _turned(found, turn)


def _affordable(image: Image.Image, size: int) -> None:
    if size > limits.largest():
        raise _TooLarge(
            f"{image.width:,} x {image.height:,} pixels take {limits.in_words(size)}, more than the "
            f"{limits.in_words(limits.largest())} that are read; make a smaller copy; "
            f"where it is right: {limits.VARIABLE}"
        )


def _taken(image: Image.Image, mode: str) -> int:
    """Bytes that an image will take while it is decoded, and then converted to `mode` beside that."""
    own = _bytes(image.mode)
    each = own if image.mode == mode else own + _bytes(mode)
    if getattr(image, "tag_v2", {}).get(ExifTags.Base.Orientation) in UPRIGHT:
        each = max(each, 2 * own)  # Pillow turns a TIFF itself
    beside = PROGRESSIVE if "progressive" in image.info else DECODERS.get(image.format or "", 0)
    return max(each, own + beside * len(image.getbands())) * image.width * image.height


def _bytes(mode: str) -> int:
    """Bytes of a pixel in Pillow's memory, which keeps three channels as four."""
    return 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4


def _identified(file: str | Path | BytesIO, formats: tuple[str, ...] | None = None) -> Image.Image:
    image = Image.open(file, formats=formats)
    if image.format in NO_PICTURES:
        image.close()
        raise UnidentifiedImageError
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        try:
            _all_strips(image.tag_v2)
        except Exception:
            image.close()
            raise
    return image


def _all_strips(tags: TiffImagePlugin.ImageFileDirectory_v2) -> None:
    """ValueError where a TIFF's size needs more, or fewer, strips or tiles than it lists.

    What is missing would be black, and a few bytes could claim any size.
    """
    tag = ExifTags.Base
    if (rows := tags.get(tag.StripOffsets)) is not None:
        what, wide, high = "strips", tags[tag.ImageWidth], tags.get(tag.RowsPerStrip)
        high = tags[tag.ImageLength] if high is None else high
    elif (rows := tags.get(tag.TileOffsets)) is not None:
        what, wide, high = "tiles", tags[tag.TileWidth], tags[tag.TileLength]
    else:
        return
    found = len(rows) if isinstance(rows, tuple) else 1
    if min(wide, high) < 1:
        raise ValueError(f"{what} of {wide} x {high} pixels")
    expected = -(-tags[tag.ImageWidth] // wide) * -(-tags[tag.ImageLength] // high)
    if tags.get(tag.PlanarConfiguration, 1) == 2:
        expected *= tags.get(tag.SamplesPerPixel, 1)
    if found != expected:
        size = f"{tags[tag.ImageWidth]:,} x {tags[tag.ImageLength]:,} pixels"
        why = "cut off: " if found < expected else ""
        raise ValueError(f"{why}{size} need {expected:,} {what}, found {found:,}")


def essentials(path: str | Path) -> BytesIO | None:
    """Of a PNG file what its picture is made of, without colour profile, texts and times.

    Viewers leave such parts out where they are damaged or huge, Pillow then refuses the picture.
    None where the file is no PNG, or is damaged in the picture itself.
    """
    kept = BytesIO()
    kept.write(PNG)
    try:
        with open(path, "rb") as file:
            if file.read(len(PNG)) != PNG:
                return None
            chunks, name = PngImagePlugin.ChunkStream(file), b""
            while name != b"IEND":
                name, _, length = chunks.read()
                data = file.read(length)
                checksum = int.from_bytes(file.read(4))
                whole = len(data) == length and zlib.crc32(name + data) == checksum
                if name[:1].isupper() and not whole:
                    return None
                if whole and (name[:1].isupper() or name in ALSO):
                    PngImagePlugin.putchunk(kept, name, data)
    except (OSError, SyntaxError, struct.error):
        return None
    kept.seek(0)
    return kept


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    """Whatever is wrong with a file becomes a ValueError, one line that begins with its name."""
    path = printable(str(checked_path("an image", path)))
    try:
        yield
    except FileNotFoundError as error:
        why = "no such file" if error.errno else str(error)
        raise ValueError(f"{path}: {why}") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path}: not an image that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{path}: more than {most_pixels():,.0f} pixels; make a smaller copy"
        ) from error
    except _TooLarge as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:  # of the system, or without a number Pillow's of a damaged file
        why = f"read: {error.strerror.lower()}" if error.strerror else f"decoded: {reason(error)}"
        raise ValueError(f"{path}: cannot be {why}") from error
    except Exception as error:  # of a damaged file: SyntaxError, struct.error, EOFError, ...
        raise ValueError(f"{path}: cannot be decoded: {reason(error)}") from error


class _Tiff:
    """What libtiff, from C, prints to standard error of a damaged file, in lines without its name.

    Pillow's wheels bring it as a library of its own; where it is built in, as on Windows, it is out of
    reach and stays as it is.
    """

    SPEAKERS = ("TIFFSetErrorHandler", "TIFFSetWarningHandler")

    def __init__(self) -> None:
        self.set: list[Callable[[int | None], int | None]] = []
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(_imaging.__file__)  # and what it depends on
            for name in self.SPEAKERS:
                function = getattr(library, name)
                function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
                self.set.append(function)

    def silence(self) -> None:
        self.before = [function(None) for function in self.set]

    def restore(self) -> None:
        for function, before in zip(self.set, self.before, strict=True):
            function(before)


class _Tolerance:
    """Pillow's warnings, and libtiff's, silent while any thread is inside.

    `catch_warnings` sets what holds for the whole process; in two threads at once it may leave behind
    what the other had set.  Here the first thread sets it and the last one restores it.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.tiff = threading.Lock(), 0, _Tiff()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                self.tiff.silence()
                warnings.filterwarnings("ignore", module=r"PIL\.")

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.tiff.restore()
                self.caught.__exit__(None, None, None)


TOLERANT = _Tolerance()


def upright(image: Image.Image, channels: int) -> Image.Image:
    """A loaded image as `to_channels` makes it, turned as its EXIF says."""
    turn = _turn(image)
    return _turned(to_channels(image, channels), turn)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What EXIF says of an image; None where that block is broken, as viewers do."""
    try:
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # not only SyntaxError: whatever garbage in it leads to
        return None


def _turned(image: Image.Image, method: Image.Transpose | None) -> Image.Image:
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
    16-bit grey is scaled to 8 bit, 65535 -> 255, where Pillow's own conversion may clip it.
    What takes several steps is done part by part: only `image` and the result are there as a whole.
    """
    if not whole(channels) or channels not in MODES:
        raise ValueError(f"channels is {shown(channels)}; 1 (grey) or 3 (RGB) are possible")
    if image.mode == "F":
        raise ValueError("float pixels have no fixed range; save the image with 8 or 16 bits")
    if not _deep(image) and not image.has_transparency_data:
        return image if image.mode == MODES[channels] else image.convert(MODES[channels])
    if image.mode == "I":
        low, high = cast(tuple[int, int], image.getextrema())
        if low < 0 or high > 65535:
            raise ValueError(f"grey values {low}..{high} do not fit in 16 bits")
    made = Image.new(MODES[channels], image.size)
    for box in _parts(*image.size):
        made.paste(_in_steps(image.crop(box)).convert(made.mode), box)
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


def _in_steps(image: Image.Image) -> Image.Image:
    """8 bits of 16, and transparent pixels on white."""
    if _deep(image):
        image = Image.fromarray(_eight_bit(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image


def require_channels(operator: str, channels: object) -> None:
    """ValueError for what no image is opened with."""
    if not whole(channels) or channels not in MODES:
        raise ValueError(f"{operator}: channels must be 1 or 3, found {shown(channels)}")


def _eight_bit(grey: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """65535 = 255 * 257: rounded."""
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)
