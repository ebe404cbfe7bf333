"""Draws chapter 4 of the book: python docs/pictures/book_cost.py."""

from collections import Counter
from math import log2

import drawsvg as dw
from panel import (
    BLUE,
    DEPTHWISE,
    INK,
    ORANGE,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STANDARD,
    THIRD,
    Say,
    arrow,
    box,
    curve,
    dot,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.cost.separable import separable_cost
from npmobilenet.models.layers import Pointwise


def pieces(say: Say) -> dw.Drawing:
    """The standard cost as a bar, the separable one's two pieces under it, to scale."""
    found = separable_cost(k=3, m=64, n=128, df=7)
    halves = found.standard.macs // 128, found.standard.macs // 9
    assert sum(halves) == found.separable.macs
    d = panel(
        270,
        say("Where the work of a separable convolution is", "可分离卷积的计算量在哪里"),
        say("Products: 7 × 7 × 64 to 7 × 7 × 128, windows of 3 × 3",
            "乘法次数：7 × 7 × 64 到 7 × 7 × 128，3 × 3 的窗口"),
    )  # fmt: skip
    scale = 592 / found.standard.macs
    wide = [scale * half for half in halves]
    text = f"{say('standard', '标准卷积')}  {found.standard.macs:,}"
    box(d, 24, 56, 592, 44, STANDARD, text, 16)
    box(d, 24, 136, wide[0], 44, DEPTHWISE)
    box(d, 24 + wide[0], 136, wide[1], 44, POINTWISE)
    for part in (24 + sum(wide), 24.0):
        line(d, part, 100, part, 136)
    word(d, 34 + sum(wide), 163, f"{say('pointwise', '逐点卷积')}  {halves[1]:,} = 1/9", 16)
    line(d, 24 + wide[0] / 2, 180, 24 + wide[0] / 2, 200, SOFT)
    word(d, 24, 216, f"{say('depthwise', '深度卷积')}  {halves[0]:,} = 1/128", 16)
    total = f"1/128 + 1/9 = {found.formula} = {float(found.formula):.4f}"
    word(d, 24, 250, total, 16, bold=True)
    return d


def curve_of_n(say: Say) -> dw.Drawing:
    """How many times cheaper over N, and V1's blocks on it."""
    heading = say(
        "How many times cheaper, windows of 3 × 3", "标准卷积是可分离卷积的几倍（3 × 3 的窗口）"
    )
    d = panel(370, say("V1's blocks on the curve", "曲线上的 V1 模块"), heading)

    def at(n: float, times: float) -> tuple[float, float]:
        return 60 + 53 * log2(n), 310 - 27 * times

    for times in (0, 3, 6, 9):
        line(d, *at(1, times), *at(1024, times), INK if times == 0 else RULE)
        word(d, 46, at(1, times)[1] + 5, times, 14, "end")
    for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        word(d, at(n, 0)[0], 332, n, 14, "middle")
    word(d, 325, 356, say("filters N", "卷积核个数 N"), 15, "middle", bold=True)
    word(
        d,
        68,
        at(1, 9)[1] - 7,
        say("Dk² = 9 is never reached", "永远到不了 Dk² = 9"),
        14,
        color=SOFT,
    )
    line(d, *at(1, 1), *at(1024, 1), SECOND)
    word(d, 590, at(1, 1)[1] - 7, say("1: no gain", "1：没有好处"), 14, "end", SECOND)
    marks = [1 + k / 8 for k in range(9)] + [2 ** (1 + k / 8) for k in range(1, 73)]
    curve(d, [at(n, 9 * n / (9 + n)) for n in marks], THIRD)
    blocks = Counter(layer.filters for layer in nm.plan("v1") if isinstance(layer, Pointwise))
    for filters, count in blocks.items():
        x, y = at(filters, float(1 / nm.separable_ratio(k=3, n=filters)))
        dot(d, x, y, 7, ORANGE, INK)
        word(d, x, y + 28, f"{count} ×", 14, "middle", INK)
    x, y = at(1, float(1 / nm.separable_ratio(k=3, n=1)))
    dot(d, x, y, 5, BLUE, INK)
    arrow(d, (84, 186), (62, y - 8))
    word(d, 70, 178, say("N = 1 costs more", "N = 1 反而更贵"), 14)
    word(d, 590, 196, say("dots: V1's thirteen blocks", "圆点：V1 的十三个模块"), 14, "end")
    return d


PICTURES = {"ratio-two-pieces": pieces, "v1-on-the-curve": curve_of_n}

if __name__ == "__main__":
    write(PICTURES)
