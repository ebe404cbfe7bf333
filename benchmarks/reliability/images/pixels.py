"""Pixels of every mode beside what they must be, by NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from .sources import saved

HIGH, WIDE = 12, 17
RNG = np.random.default_rng(5)

Pixels = NDArray[Any]


def grey(values: Pixels) -> Pixels:
    """Three channels alike."""
    return np.repeat(values[:, :, None], 3, 2)


def on_white(colours: Pixels, alpha: Pixels) -> Pixels:
    """(H, W, 3) and (H, W), each 0..255, over white."""
    share = alpha[:, :, None] / 255
    return np.rint(colours * share + 255 * (1 - share))


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """What a camera that wrote this orientation saw, from what it stored."""
    flips = {
        1: lambda x: x, 2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1], 4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2), 6: lambda x: np.rot90(x, -1),
        7: lambda x: np.rot90(x, 2).transpose(1, 0, 2), 8: lambda x: np.rot90(x),
    }  # fmt: skip
    return flips[orientation](pixels)


def cases() -> Iterator[tuple[str, bytes, Pixels | None, int]]:
    """(name, file, what it must show, by how much it may differ); None: it must be refused."""
    rgb = RNG.integers(0, 256, (HIGH, WIDE, 3), np.uint8)
    one, alpha = rgb[..., 0], RNG.integers(0, 256, (HIGH, WIDE), np.uint8)
    coloured, plain = Image.fromarray(rgb), Image.fromarray(one)
    for kind in ("PNG", "TIFF", "BMP", "PPM", "TGA", "PCX", "SGI", "ICNS", "DDS"):
        if kind != "ICNS":
            yield f"RGB {kind}", saved(coloured, kind), rgb, 0
    for kind in ("PNG", "TIFF", "BMP", "PPM", "TGA", "PCX", "GIF"):
        yield f"grey {kind}", saved(plain, kind), grey(one), 0
    yield "JPEG", saved(Image.fromarray(np.full((16, 16, 3), (200, 90, 30), np.uint8)), "JPEG",
                        quality=95), np.full((16, 16, 3), (200, 90, 30)), 3  # fmt: skip
    bits = one > 127
    for kind in ("PNG", "TIFF", "BMP", "PPM"):
        yield f"bits {kind}", saved(Image.fromarray(bits), kind), grey(bits * 255), 0
    ramp = np.linspace(0, 65535, HIGH * WIDE).round().astype(np.uint16).reshape(HIGH, WIDE)
    eight = grey(np.floor(ramp * (255 / 65535) + 0.5))
    for kind in ("PNG", "TIFF", "PPM"):
        yield f"16 bits {kind}", saved(Image.fromarray(ramp), kind), eight, 0
    swapped = Image.frombytes("I;16B", (WIDE, HIGH), ramp.astype(">u2").tobytes())
    yield "16 bits, big end first, TIFF", saved(swapped, "TIFF"), eight, 0
    yield "32 bits TIFF", saved(Image.fromarray(ramp.astype(np.int32)), "TIFF"), eight, 0
    yield (
        "32 bits beyond 16 TIFF",
        saved(Image.fromarray(ramp.astype(np.int32) * 9), "TIFF"),
        None,
        0,
    )
    yield "below zero TIFF", saved(Image.fromarray(ramp.astype(np.int32) - 9), "TIFF"), None, 0
    yield "float TIFF", saved(Image.fromarray(one.astype(np.float32)), "TIFF"), None, 0
    rgba = np.dstack([rgb, alpha])
    for kind in ("PNG", "TIFF", "TGA", *(["WEBP"] if features.check("webp") else [])):
        how = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        yield f"RGBA {kind}", saved(Image.fromarray(rgba), kind, **how), on_white(rgb, alpha), 1
    both = np.ascontiguousarray(np.dstack([one, alpha]))
    yield (
        "grey with alpha PNG",
        saved(Image.fromarray(both, "LA"), "PNG"),
        on_white(grey(one), alpha),
        1,
    )
    few = (one % 4).astype(np.uint8)
    colours = RNG.integers(0, 256, (4, 3))
    palette = Image.fromarray(few).convert("P")
    palette.putdata(few.ravel().tolist())
    palette.putpalette(colours.ravel().tolist())
    for kind in ("PNG", "GIF", "TIFF", "BMP"):
        yield f"palette {kind}", saved(palette, kind), colours[few], 0
    for kind in ("PNG", "GIF"):
        shown = np.where((few == 2)[:, :, None], 255, colours[few])
        yield f"palette, one clear, {kind}", saved(palette, kind, transparency=2), shown, 0
    shares = np.array([255, 128, 0, 40])
    yield ("palette of alpha PNG", saved(palette, "PNG", transparency=bytes(shares.tolist())),
           on_white(colours[few], shares[few]), 1)  # fmt: skip
    clear = np.where((rgb == rgb[2, 3]).all(2)[:, :, None], 255, rgb)
    yield (
        "clear colour PNG",
        saved(coloured, "PNG", transparency=tuple(map(int, rgb[2, 3]))),
        clear,
        0,
    )
    clear = np.where(one == one[1, 1], 255, one)
    yield "clear grey PNG", saved(plain, "PNG", transparency=int(one[1, 1])), grey(clear), 0
    ink = np.dstack([rgb, alpha]).astype(np.float64)
    light = np.rint((255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255)
    yield "CMYK TIFF", saved(Image.fromarray(rgba, "CMYK"), "TIFF"), light, 1
    flat = np.full((16, 16, 4), (0, 255, 255, 0), np.uint8)
    yield (
        "CMYK JPEG",
        saved(Image.fromarray(flat, "CMYK"), "JPEG"),
        np.full((16, 16, 3), (255, 0, 0)),
        3,
    )
    for orientation in range(1, 9):
        told = Image.Exif()
        told[0x0112] = orientation
        want = turned(rgb, orientation)
        yield f"orientation {orientation} PNG", saved(coloured, "PNG", exif=told), want, 0
        yield f"orientation {orientation} TIFF", saved(coloured, "TIFF", exif=told), want, 0
        if features.check("webp"):
            webp = saved(coloured, "WEBP", lossless=True, exif=told)
            yield f"orientation {orientation} WebP", webp, want, 0
    later = [Image.fromarray(255 - rgb), Image.new("RGB", (WIDE, HIGH), "red")]
    for kind in ("PNG", "TIFF", *(["WEBP"] if features.check("webp") else [])):
        how = {"lossless": True} if kind == "WEBP" else {}
        yield (f"first of several {kind}",
               saved(coloured, kind, save_all=True, append_images=later, **how), rgb, 0)  # fmt: skip


def tried(place: Path) -> tuple[int, list[str]]:
    """How many, and what went wrong."""
    from npmobilenet.images.decode import open_image

    bad, count = [], 0
    for name, content, want, tolerance in cases():
        path = place / "pixels.img"
        path.write_bytes(content)
        for channels in (3, 1):
            count += 1
            try:
                got = np.asarray(open_image(path, channels)).astype(int)
            except ValueError as error:
                if want is not None or "\n" in str(error):
                    bad.append(f"{name}, {channels} channels: refused, {error}")
                continue
            if want is None:
                bad.append(f"{name}, {channels} channels: taken")
                continue
            must = want if channels == 3 else np.rint(want @ (0.299, 0.587, 0.114))
            if got.shape != must.shape:
                bad.append(f"{name}, {channels} channels: {got.shape}, not {must.shape}")
            elif (worst := abs(got - must).max()) > tolerance + (channels == 1):
                bad.append(f"{name}, {channels} channels: differs by {worst}")
    return count, bad
