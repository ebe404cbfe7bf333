"""Draws one pixel's difference for chapter 10 of the book: python docs/pictures/book_dialects.py."""

from dataclasses import replace
from functools import cache

import drawsvg as dw
import numpy as np
from panel import (
    ACTIVATION,
    POINTWISE,
    SECOND,
    SOFT,
    STRONG,
    ZERO,
    Say,
    box,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.explorer.looking import seen
from npmobilenet.ops.window import window

CELL = 38


def ruler(d: dw.Drawing, left: float, y: float, size: int, padding: str) -> list[int]:
    """A row of pixels among its zeros, its windows with their sums; returns where they begin."""
    found = window("two_rulers", (size, 1), (3, 1), (2, 1), padding)
    before, behind, *_ = found.sides
    pixels = [0] * before + list(range(1, size + 1)) + [0] * behind
    for j, pixel in enumerate(pixels):
        x, fill = left + CELL * (1 - before + j), POINTWISE if pixel else ZERO
        box(d, x, y, CELL, CELL, fill, pixel, 16, dashed=not pixel)
    begins = [2 * i - before for i in range(found.output[0])]
    for i, begin in enumerate(begins):
        x, lower = left + CELL * (begin + 1), y + CELL + 6 + 30 * (i % 2)
        total = sum(pixels[2 * i : 2 * i + 3])
        box(d, x + 2, lower, 3 * CELL - 4, 26, ACTIVATION, total, 16)
    return begins


def two_rulers(say: Say) -> dw.Drawing:
    """Rows of six and seven pixels under both paddings, with the sum of every window."""
    d = panel(650, say("Two paddings", "两种填充"))
    names = {
        "same": ("TensorFlow", "SAME"),
        "symmetric": ("PyTorch", "padding=1"),
    }
    for block, size in enumerate((6, 7)):
        top = 10 + 320 * block
        title = say(
            f"{size} pixels, filter 1 1 1, stride 2", f"{size} 个像素，卷积核 1 1 1，步长 2"
        )
        word(d, 24, top + 24, title, 16, bold=True)
        starts = []
        for row, (padding, (who, what)) in enumerate(names.items()):
            y = top + 44 + 118 * row
            word(d, 24, y + 18, who, 16)
            word(d, 24, y + 38, what, 14, color=SOFT)
            starts.append(ruler(d, 170, y, size, padding))
        verdict = (
            say("Both read the same pixels.", "两者读的像素相同。")
            if starts[0] == starts[1]
            else say("Windows of SAME begin one pixel further on.", "SAME 的每个窗口都靠后一个像素。")
        )  # fmt: skip
        word(d, 24, top + 290, verdict, 16, color=SECOND if starts[0] != starts[1] else STRONG)
        if block == 0:
            line(d, 24, top + 308, 616, top + 308)
    return d


@cache
def apart() -> dict[str, float]:
    """{layer: largest difference of both maps, as a part of the first one's largest number}."""
    model = nm.load("fashion-mnist")
    plan = model.plan
    thrown = nm.plan(
        plan.model, width=plan.width, resolution=plan.resolution, channels=plan.channels,
        classes=plan.classes, dialect=replace(plan.dialect, padding="same"),
    )  # fmt: skip
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing)
    params = {name: array.astype(np.float64) for name, array in model.params.items()}
    one, other = (nm.intermediates(each, params, x) for each in (plan, thrown))
    return {
        layer.name: float(
            np.abs(one[layer.name] - other[layer.name]).max() / np.abs(one[layer.name]).max()
        )
        for layer in plan.layers
        if layer.kind in ("conv", "depthwise", "pointwise")
    }


def maps_part(say: Say) -> dw.Drawing:
    """How far the maps of one network are apart when its padding is thrown, layer by layer."""
    found = apart()
    heading = say(
        "The same weights and boot, padding symmetric and same:",
        "同样的权重和靴子，填充 symmetric 与 same：",
    )
    d = panel(390, say("Where the maps part", "特征图从哪里分开"), heading)
    further = say(
        "how far each layer's maps are apart, of their largest number",
        "每层特征图的差，占其最大值的比例",
    )
    word(d, 24, 54, further, 16, bold=True)
    width, bottom = 548 / len(found), 310
    for share in (0, 0.5, 1):
        line(d, 74, bottom - 200 * share, 622, bottom - 200 * share)
        text = f"{share:.0%}" if share < 1 else "≥100%"
        word(d, 68, bottom - 200 * share + 5, text, 14, "end", SOFT)
    parted, block = False, ""
    for k, (full, share) in enumerate(found.items()):
        left, height = 74 + width * k, max(200 * min(share, 1), 2)
        fill = SECOND if share else STRONG
        box(d, left + 1.5, bottom - height, width - 3, height, fill, edge="none")
        if share and not parted:
            parted = True
            text = say(f"they part at {full}: {share:.0%}", f"从 {full} 分开：{share:.0%}")
            word(d, left + 2, 92, text, 15, color=SECOND)
        name = full.split(".")[1] if "." in full else ""
        if name != block:
            if name:
                word(d, left + 2, bottom + 22, name, 14, color=SOFT)
            line(d, left, bottom, left, bottom + 10)
            block = name
    text = say("convolutions in order; the numbers are blocks", "按次序的全部卷积；数字是模块")
    word(d, 342, 366, text, 15, "middle", SOFT)
    return d


PICTURES = {"two-rulers": two_rulers, "maps-part": maps_part}

if __name__ == "__main__":
    write(PICTURES)
