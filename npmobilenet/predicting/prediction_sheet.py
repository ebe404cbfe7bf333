"""Pictures of predictions, drawn with Pillow: one image with its classes, and a sheet of mistakes."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from ..datasets.dataset import Dataset
from ..fonts import Font, font_for, written
from ..ops.checks import Array
from ..pictures import sheet
from .metrics import Evaluation

WIDTH, HEIGHT, MARGIN, LINE = 420, 420, 24, 30
BAR, SHADE = "#3b6ea8", "#e3e8ee"


def prediction(image: Image.Image, classes: Sequence[str], p: Array, top: int = 5) -> Image.Image:
    """The image under its most probable class, and bars of the `top` first; p (classes,)."""
    ranked = [int(k) for k in np.argsort(-p, kind="stable")[:top]]
    shown = fitted(image, WIDTH, HEIGHT, Image.Resampling.LANCZOS)
    bottom = MARGIN + 40 + shown.height + 12
    page = Image.new("RGB", (WIDTH + 2 * MARGIN, bottom + LINE * len(ranked) + MARGIN), "white")
    draw = ImageDraw.Draw(page)
    large, said = font_for(classes, 22), f"   prob: {p[ranked[0]]:.3}"
    name = _fitting(classes[ranked[0]], large, page.width - int(large.getlength(f"class: {said}")))
    draw.text((page.width // 2, MARGIN), f"class: {name}{said}", "black", large, anchor="mt")
    page.paste(shown, ((page.width - shown.width) // 2, MARGIN + 40))
    font, start, end = font_for(classes, 16), MARGIN + 170, page.width - MARGIN - 64
    for row, k in enumerate(ranked):
        top_edge = bottom + row * LINE
        middle = top_edge + LINE // 2
        draw.text((start - 10, middle), _fitting(classes[k], font, 160), "black", font, anchor="rm")
        box = (start, top_edge + 6, end, top_edge + LINE - 6)
        draw.rectangle(box, fill=SHADE)
        length = round((end - start) * float(p[k]))
        draw.rectangle((start, box[1], start + length, box[3]), fill=BAR)
        draw.text((end + 8, middle), f"{p[k]:.1%}", "black", font, anchor="lm")
    return page


def stacked(pages: Sequence[Image.Image]) -> Image.Image:
    """Pages side by side, four in a row."""
    columns = min(len(pages), 4)
    width, height = max(p.width for p in pages), max(p.height for p in pages)
    rows = -(-len(pages) // columns)
    whole = Image.new("RGB", (columns * width, rows * height), "white")
    for number, page in enumerate(pages):
        whole.paste(page, (number % columns * width, number // columns * height))
    return whole


def mistakes(dataset: Dataset, scores: Evaluation, count: int = 20) -> Image.Image:
    """The images named wrongly with the greatest confidence: what was said, and what is true.

    ValueError where nothing was named wrongly.
    """
    worst = scores.worst(count)
    if not worst:
        raise ValueError("there are no mistakes to show")
    font, pictures, captions = font_for(scores.classes, 15), [], []
    for index in worst:
        square = Image.new("RGB", (168, 168), "white")
        shown = fitted(dataset.image(index), *square.size, Image.Resampling.BICUBIC)
        square.paste(shown, ((168 - shown.width) // 2, (168 - shown.height) // 2))
        pictures.append(np.asarray(square))
        said, true = (scores.classes[int(k[index])] for k in (scores.predicted, scores.labels))
        lines = (f"{said} {scores.confidence[index]:.0%}", f"is: {true}")
        captions.append("\n".join(_fitting(line, font, 175) for line in lines))
    return sheet(pictures, captions, colors=["firebrick"] * len(worst), font=font)


def fitted(image: Image.Image, width: int, height: int, method: Image.Resampling) -> Image.Image:
    """The image as large as it fits, its shape kept, even where a side of it would vanish."""
    scale = min(width / image.width, height / image.height)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.convert("RGB").resize(size, method)


def _fitting(text: str, font: Font, width: int) -> str:
    """The text as the font can write it, cut off with dots where it is longer than `width` pixels."""
    text = written(text, font)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
