"""Draws one pixel's difference for chapter 10 of the book: python docs/pictures/book_dialects.py."""

from dataclasses import replace

import drawsvg as dw
import numpy as np
from panel import (
    ACTIVATION,
    POINTWISE,
    RULE,
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


def two_rulers(say: Say) -> dw.Drawing:
    """Rows of six and seven pixels under both paddings, with the sum of every window."""
    d = panel(900, 410, say("Two paddings", "两种填充"))
    names = {
        "same": say("TensorFlow, SAME", "TensorFlow，SAME"),
        "symmetric": say("PyTorch, padding 1", "PyTorch，padding 1"),
    }
    cell = 40
    for k, size in enumerate((6, 7)):
        left = 30 + 450 * k
        title = say(
            f"{size} pixels, filter 1 1 1, stride 2", f"{size} 个像素，卷积核 1 1 1，步长 2"
        )
        word(d, left, 34, title, 16, bold=True)
        starts = []
        for row, padding in enumerate(("same", "symmetric")):
            y = 80 + 160 * row
            found = window("two_rulers", (size, 1), (3, 1), (2, 1), padding)
            before, behind, *_ = found.sides
            pixels = [0] * before + list(range(1, size + 1)) + [0] * behind
            word(d, left, y - 8, names[padding], 14, color=SOFT)
            x0 = left + cell * (1 - before)
            for j, pixel in enumerate(pixels):
                box(
                    d,
                    x0 + cell * j,
                    y,
                    cell,
                    cell,
                    POINTWISE if pixel else ZERO,
                    pixel,
                    14,
                    dashed=not pixel,
                )
            begins = [2 * i - before for i in range(found.output[0])]
            starts.append(begins)
            for i, begin in enumerate(begins):
                x, lower = left + cell * (begin + 1), y + cell + 8 + 26 * (i % 2)
                box(
                    d,
                    x + 3,
                    lower,
                    3 * cell - 6,
                    22,
                    ACTIVATION,
                    sum(pixels[2 * i : 2 * i + 3]),
                    13,
                    RULE,
                )
        verdict = (
            say("Both read the same pixels.", "两者读的像素相同。")
            if starts[0] == starts[1]
            else say(
                "Every window of SAME begins one pixel further on.",
                "SAME 的每个窗口都靠后一个像素。",
            )
        )
        word(d, left, 388, verdict, 14, bold=True)
    return d


def maps_part(say: Say) -> dw.Drawing:
    """How far the maps of one network are apart when its padding is thrown, layer by layer."""
    model = nm.load("fashion-mnist")
    plan = model.plan
    thrown = nm.plan(
        plan.model, width=plan.width, resolution=plan.resolution, channels=plan.channels,
        classes=plan.classes, dialect=replace(plan.dialect, padding="same"),
    )  # fmt: skip
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing)
    params = {name: array.astype(np.float64) for name, array in model.params.items()}
    both = [nm.intermediates(one, params, x) for one in (plan, thrown)]
    layers = [q for q in plan.layers if q.kind in ("conv", "depthwise", "pointwise")]
    d = panel(900, 330, say("Where the maps part", "特征图从哪里分开"))
    word(
        d,
        30,
        34,
        say(
            "The same weights and boot, padding symmetric and same: how far each map is apart",
            "同样的权重和靴子，填充 symmetric 与 same：每层特征图相差多少",
        ),
        16,
        bold=True,
    )
    width, first = 820 / len(layers), True
    for share in (0, 0.5, 1):
        y = 270 - 180 * share
        line(d, 60, y, 880, y)
        word(d, 56, y + 5, f"{share:.0%}" if share < 1 else "≥ 100%", 11, "end", SOFT)
    block = ""
    for k, layer in enumerate(layers):
        a, b = (maps[layer.name] for maps in both)
        apart = float(np.abs(a - b).max() / np.abs(a).max())
        x0 = 60 + width * k
        height = 180 * min(apart, 1)
        box(
            d,
            x0 + 2,
            270 - max(height, 1),
            width - 4,
            max(height, 1),
            SECOND if apart else STRONG,
            edge="none",
        )
        if apart and first:
            first = False
            text = say(
                f"they part at {layer.name}, by {apart:.0%} of its largest number",
                f"从 {layer.name} 分开，相差其最大值的 {apart:.0%}",
            )
            word(d, x0 + 2, 74, text, 14, color=SECOND)
        name = layer.name.split(".")[1] if "." in layer.name else ""
        if name != block:
            word(d, x0 + 2, 290, name, 12, color=SOFT)
            line(d, x0, 270, x0, 278)
            block = name
    word(
        d,
        60,
        316,
        say(
            "all convolutions in their order, from the stem to the last; the numbers are blocks",
            "全部卷积按次序排列，从第一层到最后一层；数字是模块",
        ),
        13,
        color=SOFT,
    )
    return d


PICTURES = {"two-rulers": two_rulers, "maps-part": maps_part}

if __name__ == "__main__":
    write(PICTURES)
