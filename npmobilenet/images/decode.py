"""From an image file to pixels: what any viewer would show, or one line that says why not.

Pillow reads the files.  What it stumbles over although viewers do not is mended here: a broken EXIF
block, damaged or huge parts beside the picture; its warnings, which would name no file, are not printed.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from ..limits import TooLarge
from ..ops.checks import path as checked_path
from ..text import printable, reason
from .converting import MODES, require_channels, to_channels, turn_of, turned
from .headers import require_brief
from .memory import most_pixels, require_room, require_room_to_turn
from .tolerance import TOLERANT

# what Pillow knows and no viewer of pictures does: films, pages, data; some need other programs
NO_PICTURES = ("BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PALM", "PDF", "WMF")
PNG = b"\x89PNG\r\n\x1a\n"
ALSO = (b"tRNS", b"eXIf")  # parts of a PNG file beside the picture that matter: transparency, turns


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
        except (Image.DecompressionBombError, TooLarge):
            raise
        except Exception:
            mended = essentials(path)
            if mended is None:
                raise
            return _read(mended, channels)


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


def _read(file: str | Path | BytesIO, channels: int) -> Image.Image:
    with _identified(file) as image:
        _require_all_bits(image)
        require_room(image, MODES[channels])
        image.load()
        turn, found = turn_of(image), to_channels(image, channels)
        if found is not image:
            image.close()  # and what was decoded is let go
        elif found.readonly:
            found = found.copy()  # its pixels may lie in the file still
    if turn is not None:
        require_room_to_turn(found)
    return turned(found, turn)


def _identified(file: str | Path | BytesIO, formats: tuple[str, ...] | None = None) -> Image.Image:
    require_brief(file)
    image = _opened(file, formats)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        try:
            _all_strips(image.tag_v2)
        except Exception:
            image.close()
            raise
    return image


def _opened(file: str | Path | BytesIO, formats: tuple[str, ...] | None) -> Image.Image:
    """With Pillow's usual formats, then with all of them; none of `NO_PICTURES` is even looked at."""
    for known in (Image.preinit, Image.init):
        known()
        pictures = [x for x in Image.ID if x not in NO_PICTURES and x in (formats or Image.ID)]
        with suppress(UnidentifiedImageError):
            return Image.open(file, formats=pictures)
    raise UnidentifiedImageError


def _require_all_bits(image: Image.Image) -> None:
    """ValueError for 16-bit colours, one of them transparent: in the 8 bits left others look like it."""
    deep = any("16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if deep and image.mode == "RGB" and "transparency" in image.info:
        raise ValueError("16-bit colours, one of them transparent; save it with an alpha channel")


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
    except TooLarge as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:  # of the system, or without a number Pillow's of a damaged file
        why = f"read: {error.strerror.lower()}" if error.strerror else f"decoded: {reason(error)}"
        raise ValueError(f"{path}: cannot be {why}") from error
    except Exception as error:  # of a damaged file: SyntaxError, struct.error, EOFError, ...
        raise ValueError(f"{path}: cannot be decoded: {reason(error)}") from error
