"""Pictures of results, as PNG (by Pillow) and in the terminal."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from .disk import write_whole
from .fonts import Font, font_for
from .ops.checks import Array
from .ops.checks import path as checked_path

RAMP = " .:-=+*#%@"


def to_bytes(values: Array) -> Array:
    """Any real array stretched to uint8: its smallest value black, its largest white."""
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.round((values - low) / (high - low or 1) * 255), np.uint8)


def keep(picture: Image.Image, path: str | Path) -> None:
    """Write a picture, as what its ending says.  ValueError for an ending that is none, OSError."""
    content, path = BytesIO(), checked_path("path", path)
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: expected the name of a picture as out.png")
    picture.save(content, kind)
    write_whole(path, content.getvalue())


def sheet(
    pictures: Sequence[Array],
    captions: Sequence[str],
    *,
    columns: int = 5,
    size: int = 168,
    colors: Sequence[str] | None = None,
    font: Font | None = None,
) -> Image.Image:
    """uint8 pictures (H, W) or (H, W, 3) in a grid, each with a caption of one or two lines below."""
    font, margin, text = font or font_for(captions, 15), 14, 44
    rows = -(-len(pictures) // columns)
    width, height = size + margin, size + text + margin
    page = Image.new("RGB", (columns * width + margin, rows * height + margin), "white")
    draw = ImageDraw.Draw(page)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left = margin + number % columns * width
        top = margin + number // columns * height
        enlarged = (
            Image.fromarray(picture).convert("RGB").resize((size, size), Image.Resampling.BOX)
        )
        page.paste(enlarged, (left, top))
        color = colors[number] if colors else "black"
        draw.multiline_text((left, top + size + 4), caption, fill=color, font=font, spacing=3)
    return page


def halftone(picture: Array) -> str:
    """rich markup that draws a uint8 picture (H, W) or (H, W, 3), two pixels to a character."""
    rgb = picture if picture.ndim == 3 else picture[:, :, None].repeat(3, axis=2)
    return "\n".join(
        "".join(
            f"[rgb({a[0]},{a[1]},{a[2]}) on rgb({b[0]},{b[1]},{b[2]})]▀[/]"
            for a, b in zip(upper, lower, strict=True)
        )
        for upper, lower in zip(rgb[::2], rgb[1::2], strict=False)
    )


def characters(picture: Array) -> str:
    """A uint8 picture (H, W) drawn with characters, where there are no colours; rows are halved."""
    rows = picture[: len(picture) // 2 * 2].reshape(-1, 2, picture.shape[1]).mean(axis=1)
    return "\n".join("".join(RAMP[int(v) * len(RAMP) // 256] for v in row) for row in rows)
