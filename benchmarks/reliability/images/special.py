"""Files that hit a format where it is trusted: sizes, offsets, what is packed, what lies beside it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

from .sources import chunk, colours, saved, sources

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Special = tuple[Callable[[], bytes], str]  # the file, and the whole one whose picture it must show


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    return SIGNATURE + b"".join(chunk(*one) for one in chunks)


def _head_of(wide: int, high: int, depth: int = 8, kind: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", wide, high, depth, kind, 0, 0, 0)


def _with(*extra: tuple[bytes, bytes]) -> bytes:
    """The PNG of noise with chunks after its head."""
    good = sources()["rgb.png"]
    return good[:33] + b"".join(chunk(*one) for one in extra) + good[33:]


@cache
def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(count >> 20)) + packer.flush()


def _exif_of(block: bytes) -> bytes:
    """A JPEG file with this EXIF block."""
    good, body = sources()["rgb.jpg"], b"Exif\0\0" + block
    return good[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + good[2:]


def _segment(number: int, body: bytes) -> bytes:
    good = sources()["rgb.jpg"]
    return good[:2] + bytes((0xFF, number)) + struct.pack(">H", len(body) + 2) + body + good[2:]


def _frame(wide: int, high: int) -> bytes:
    """The JPEG file with other sizes in its frame."""
    good = bytearray(sources()["rgb.jpg"])
    at = good.index(b"\xff\xc0")
    good[at + 5 : at + 9] = struct.pack(">HH", high, wide)
    return bytes(good)


def _tiff(*tags: tuple[int, int, int, int], then: int = 0, more: bytes = b"") -> bytes:
    """A little TIFF file: (tag, type, count, value) each; then: where the next directory is."""
    body = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + struct.pack("<I", then) + more


def _picture_tags(wide: int, high: int, offset: int = 200) -> tuple[tuple[int, int, int, int], ...]:
    return (
        (256, 4, 1, wide),
        (257, 4, 1, high),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, offset),
        (277, 3, 1, 1),
        (278, 4, 1, high),
        (279, 4, 1, wide * high & 0xFFFFFFFF),
    )


def _many_frames() -> bytes:
    """A GIF of 20,000 frames: the first is wanted alone."""
    one = saved(colours("P"), "GIF")
    at = one.index(b",")
    return one[:-1] + one[at:-1] * 19_999 + b";"


def _turned(orientation: int, **more: object) -> bytes:
    found = Image.Exif()
    found[0x0112] = orientation
    return saved(colours("RGB"), "PNG", exif=found, **more)


SPECIAL: dict[str, Special] = {
    "giant.png": (
        lambda: _png(_head_of(2**31 - 1, 2**31 - 1), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")),
        "",
    ),
    "wide.png": (
        lambda: _png(_head_of(2**31 - 1, 1), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")),
        "",
    ),
    "big.png": (
        lambda: _png(_head_of(13_000, 13_000), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")),
        "",
    ),
    "none.png": (lambda: _png(_head_of(0, 0), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")), ""),
    "bomb400.png": (
        lambda: _png(_head_of(20_000, 20_000), (b"IDAT", _zeros(400 << 20)), (b"IEND", b"")),
        "",
    ),
    "bomb100.png": (
        lambda: _png(_head_of(10_000, 10_000, 8, 0), (b"IDAT", _zeros(101 << 20)), (b"IEND", b"")),
        "",
    ),
    "more.png": (lambda: _png(_head_of(8, 8), (b"IDAT", _zeros(256 << 20)), (b"IEND", b"")), ""),
    "ztxt.png": (lambda: _with((b"zTXt", b"k\0\0" + _zeros(256 << 20))), "rgb.png"),
    "itxt.png": (lambda: _with((b"iTXt", b"k\0\1\0\0\0" + _zeros(256 << 20))), "rgb.png"),
    "iccp.png": (lambda: _with((b"iCCP", b"k\0\0" + _zeros(256 << 20))), "rgb.png"),
    "texts.png": (lambda: _with(*[(b"tEXt", b"k\0" + bytes(60_000))] * 300), "rgb.png"),
    "exifjunk.png": (lambda: _with((b"eXIf", b"MM\0*\0\0\0\x08\xff\xff")), "rgb.png"),
    "gama.png": (lambda: _with((b"gAMA", b"")), "rgb.png"),
    "unknown.png": (lambda: _with((b"abCd", b"x" * 99)), "rgb.png"),
    "badsum.png": (
        lambda: _with()[:33] + struct.pack(">I", 4) + b"tEXtk\0aa\0\0\0\0" + _with()[33:],
        "rgb.png",
    ),
    "noidat.png": (lambda: _png(_head_of(8, 8), (b"IEND", b"")), ""),
    "twohead.png": (lambda: _with(_head_of(9999, 9999)), ""),
    "noplte.png": (
        lambda: _png(_head_of(8, 8, 8, 3), (b"IDAT", zlib.compress(bytes(72))), (b"IEND", b"")),
        "",
    ),
    "tail.png": (lambda: sources()["rgb.png"] + b"PK\3\4" + bytes(9999), "rgb.png"),
    "tail.jpg": (lambda: sources()["rgb.jpg"] + bytes(9999), "rgb.jpg"),
    "tail.gif": (lambda: sources()["still.gif"] + b"x" * 999, "still.gif"),
    "tail.bmp": (lambda: sources()["rgb.bmp"] + b"x" * 999, "rgb.bmp"),
    "exifnone.jpg": (lambda: _exif_of(b""), "rgb.jpg"),
    "exifjunk.jpg": (lambda: _exif_of(bytes(range(256)) * 8), "rgb.jpg"),
    "exifloop.jpg": (lambda: _exif_of(_tiff((0x0112, 3, 1, 99), then=8)), "rgb.jpg"),
    "exifdeep.jpg": (lambda: _exif_of(_tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8))), "rgb.jpg"),
    "exifhuge.jpg": (lambda: _exif_of(_tiff((0x010F, 2, 2**32 - 1, 2**31))), "rgb.jpg"),
    "exiftype.jpg": (lambda: _exif_of(_tiff((0x0112, 12, 1, 0))), "rgb.jpg"),
    "exiffrac.jpg": (lambda: _exif_of(_tiff((0x0112, 5, 1, 26), more=bytes(8))), "rgb.jpg"),
    "icc.jpg": (lambda: _segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\xff" * 300), "rgb.jpg"),
    "icccount.jpg": (lambda: _segment(0xE2, b"ICC_PROFILE\0\xff\0x"), "rgb.jpg"),
    "adobe.jpg": (lambda: _segment(0xFE, b"\xff" * 60_000), "rgb.jpg"),
    "mpo.jpg": (lambda: _segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"), "rgb.jpg"),
    "iptc.jpg": (
        lambda: _segment(0xED, b"Photoshop 3.0\x008BIM\xff\xff\xff\xff\xff\xff"),
        "rgb.jpg",
    ),
    "giant.jpg": (lambda: _frame(65_500, 65_500), ""),
    "none.jpg": (lambda: _frame(0, 0), ""),
    "tall.jpg": (lambda: _frame(24, 60_000), ""),
    "frames.gif": (_many_frames, "p"),
    "giant.gif": (lambda: b"GIF89a\xff\xff\xff\xff\0\0\0" + sources()["still.gif"][13:], ""),
    "cycle.tif": (lambda: _tiff(*_picture_tags(4, 4), then=8, more=bytes(999)), ""),
    "self.tif": (lambda: b"II*\0" + struct.pack("<I", 4) + bytes(99), ""),
    "giant.tif": (lambda: _tiff(*_picture_tags(2**31 - 1, 2**31 - 1), more=bytes(999)), ""),
    "beyond.tif": (lambda: _tiff(*_picture_tags(64, 64, 2**31), more=bytes(999)), ""),
    "tags.tif": (lambda: b"II*\0" + struct.pack("<IH", 8, 65_535) + b"\xff" * 9999, ""),
    "counts.tif": (
        lambda: _tiff(*_picture_tags(4, 4)[:5], (273, 4, 2**31, 8), more=bytes(999)),
        "",
    ),
    "big.tif": (lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63) + bytes(99), ""),
    "giant.bmp": (
        lambda: (
            sources()["rgb.bmp"][:18]
            + struct.pack("<ii", 2**31 - 1, 2**31 - 1)
            + sources()["rgb.bmp"][26:]
        ),
        "",
    ),
    "below.bmp": (
        lambda: (
            sources()["rgb.bmp"][:18] + struct.pack("<ii", -5, -(2**31)) + sources()["rgb.bmp"][26:]
        ),
        "",
    ),
    "giant.ppm": (lambda: b"P6\n99999999 99999999\n255\n" + bytes(99), ""),
    "long.ppm": (lambda: b"P6\n" + b"9" * 100_000 + b" 1\n255\n", ""),
    "comment.ppm": (lambda: b"P6\n#" + b"x" * 10_000_000 + b"\n1 1 255\nabc", ""),
    "giant.tga": (
        lambda: bytes((0, 0, 10)) + bytes(9) + b"\xff\xff\xff\xff" + bytes((24, 0)) + bytes(99),
        "",
    ),
    "giant.pcx": (
        lambda: (
            sources()["other.pcx"][:4] + b"\0\0\0\0\xfe\xff\xfe\xff" + sources()["other.pcx"][12:]
        ),
        "",
    ),
    "giant.webp": (
        lambda: (
            b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(99)
        ),
        "",
    ),
    "icons.ico": (lambda: b"\0\0\1\0\xff\xff" + bytes(16) * 999, ""),
    "svg.png": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "",
    ),
    "eps.png": (
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(%pipe%id) (w) file\n",
        "",
    ),
    "zip.png": (lambda: b"PK\3\4" + bytes(99), ""),
    "zero.png": (lambda: b"", ""),
    "one.png": (lambda: b"\x89", ""),
    "gzip.png": (lambda: b"\x1f\x8b\x08" + bytes(99), ""),
    "pdf.png": (lambda: b"%PDF-1.4\n" + bytes(99), ""),
    "font.png": (lambda: b"\0\1\0\0" + bytes(99), ""),
    "fli.png": (
        lambda: struct.pack("<IHHHHHH", 200, 0xAF11, 2, 30_000, 30_000, 8, 3) + bytes(200),
        "",
    ),
    "turned9.png": (lambda: _turned(9), "rgb.png"),
    "turned0.png": (lambda: _turned(0), "rgb.png"),
    "icc.png": (lambda: saved(colours("RGB"), "PNG", icc_profile=b"\xff" * 500), "rgb.png"),
    "icc.tif": (lambda: saved(colours("RGB"), "TIFF", icc_profile=b"\xff" * 500), "rgb.tif"),
}
