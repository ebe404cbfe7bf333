"""Good image files: every format that Pillow writes, in the modes it may have."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms, features

SIZE = (24, 18)  # width and height


def colours(mode: str, seed: int = 3) -> Image.Image:
    """Noise in a mode."""
    rng = np.random.default_rng(seed)
    wide, high = SIZE
    if mode in ("RGB", "RGBA", "CMYK", "LAB", "YCbCr", "LA"):
        depth = {"LA": 2, "RGBA": 4, "CMYK": 4}.get(mode, 3)
        return Image.fromarray(rng.integers(0, 256, (high, wide, depth), np.uint8), mode)
    if mode == "P":
        return colours("RGB", seed).quantize(16)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (high, wide), np.uint16))
    if mode == "F":
        return Image.fromarray(rng.random((high, wide), np.float32))
    grey = Image.fromarray(rng.integers(0, 256, (high, wide), np.uint8))
    return grey.convert("1") if mode == "1" else grey


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    """The file."""
    kept = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that Pillow will give up
        image.save(kept, kind, **how)
    return kept.getvalue()


def _exif() -> bytes:
    found = Image.Exif()
    found[0x0112], found[0x010F], found[0x8298] = 6, "maker" * 9, "somebody"
    found.get_ifd(0x8769)[0x9003] = "2024:01:01 00:00:00"
    return found.tobytes()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file, its checksum right."""
    import zlib

    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@cache
def sources() -> dict[str, bytes]:
    """Name with ending -> file."""
    found: dict[str, bytes] = {}
    others = [colours("RGB", seed) for seed in range(4, 8)]
    for name, make in _recipes(others):
        try:
            found[name] = make()
        except (OSError, KeyError, ValueError):  # a format this Pillow was built without
            continue
    return found


def _recipes(others: list[Image.Image]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    def of(mode: str, kind: str, **how: Any) -> Callable[[], bytes]:
        return lambda: saved(colours(mode), kind, **how)

    for mode in ("RGB", "RGBA", "P", "L", "LA", "1", "I;16"):
        yield f"{mode.lower().replace(';', '')}.png", of(mode, "PNG")
    yield "clear.png", of("P", "PNG", transparency=3)
    yield "exif.png", of("RGB", "PNG", exif=_exif(), icc_profile=_profile())
    yield "moving.png", of("RGB", "PNG", save_all=True, append_images=others)
    for mode in ("RGB", "L", "CMYK"):
        yield f"{mode.lower()}.jpg", of(mode, "JPEG")
    yield "slow.jpg", of("RGB", "JPEG", progressive=True, exif=_exif(), icc_profile=_profile())
    yield "moving.gif", of("RGB", "GIF", save_all=True, append_images=others)
    yield "still.gif", of("P", "GIF", transparency=2, comment=b"words")
    for mode in ("RGB", "L", "P", "1", "RGBA"):
        yield f"{mode.lower()}.bmp", of(mode, "BMP")
    for mode in ("RGB", "L", "RGBA", "CMYK", "LAB", "1", "I;16", "F", "P"):
        yield f"{mode.lower().replace(';', '')}.tif", of(mode, "TIFF")
    for packing in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"{packing}.tif", of("RGB", "TIFF", compression=packing)
    yield "pages.tif", of("RGB", "TIFF", save_all=True, append_images=others)
    if features.check("webp"):
        yield "lossy.webp", of("RGB", "WEBP", exif=_exif(), icc_profile=_profile())
        yield "lossless.webp", of("RGBA", "WEBP", lossless=True)
        yield "moving.webp", of("RGB", "WEBP", save_all=True, append_images=others)
    for mode, ending in (("RGB", "ppm"), ("L", "pgm"), ("1", "pbm"), ("I;16", "pgm")):
        yield f"{mode.lower().replace(';', '')}.{ending}", of(mode, "PPM")
    yield "plain.tga", of("RGB", "TGA")
    yield "packed.tga", of("RGBA", "TGA", compression="tga_rle")
    for kind, ending in (
        ("ICO", "ico"), ("ICNS", "icns"), ("PCX", "pcx"), ("SGI", "sgi"), ("DDS", "dds"),
        ("JPEG2000", "jp2"), ("AVIF", "avif"), ("IM", "im"), ("SPIDER", "spider"), ("QOI", "qoi"),
    ):  # fmt: skip
        yield f"other.{ending}", of("F" if kind == "SPIDER" else "RGB", kind)
    yield "bits.xbm", of("1", "XBM")
    yield "bits.msp", of("1", "MSP")
