"""Draws MobileNetV3 for chapter 9 of the book: python docs/pictures/book_v3.py."""

import drawsvg as dw
import numpy as np
from panel import (
    ACTIVATION,
    DENSE,
    DEPTHWISE,
    GATE,
    INK,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STRONG,
    Say,
    arrow,
    box,
    curve,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.explorer.looking import seen


def v3_block(say: Say) -> dw.Drawing:
    """The fifth block of V3-Large, with its gates."""
    plan = nm.plan("v3-large")
    d = panel(900, 330, say("A block of MobileNetV3", "MobileNetV3 的一个模块"))
    word(d, 30, 34, say("The fifth block of V3-Large", "V3-Large 的第五个模块"), 16, bold=True)
    steps = (
        (say("expand 1 × 1", "扩展 1 × 1"), "expand", POINTWISE),
        (say("depthwise 5 × 5", "深度卷积 5 × 5"), "depthwise", DEPTHWISE),
        (say("gates ×", "乘以门"), "scale", GATE),
        (say("project 1 × 1", "投影 1 × 1"), "project", POINTWISE),
    )
    before = plan["blocks.5.expand"].input
    word(d, 30, 208, f"{before[0]} × {before[1]} × {before[2]}", 13)
    for k, (title, name, fill) in enumerate(steps):
        x, out = 150 + 172 * k, plan[f"blocks.5.{name}"].output
        arrow(d, (x - (52 if k else 22), 203), (x - 2, 203))
        box(d, x, 178, 118, 50, fill, title, 13)
        word(d, x + 59, 250, f"{out[0]} × {out[1]} × {out[2]}", 12, "middle", SOFT)

    gates = (
        (say("mean of each channel", "每个通道求平均"), "squeeze_pool", "#dddcd6"),
        (say("dense, ReLU", "全连接，ReLU"), "squeeze", DENSE),
        (say("dense, hard sigmoid", "全连接，hard sigmoid"), "excite", DENSE),
    )
    for k, (title, name, fill) in enumerate(gates):
        x = 210 + 180 * k
        box(d, x, 78, 150, 38, fill, title, 12)
        word(d, x + 75, 70, plan[f"blocks.5.{name}"].output[0], 12, "middle", SOFT)
        if k:
            arrow(d, (x - 28, 97), (x - 2, 97))
    arrow(d, (454, 203), (454, 146), (285, 146), (285, 119))
    arrow(d, (722, 97), (745, 97), (745, 140), (553, 140), (553, 175))
    arrow(d, (85, 218), (85, 290), (860, 290), (860, 216), color=SECOND, width=2)
    arrow(d, (786, 203), (848, 203))
    word(d, 860, 209, "+", 18, "middle", SECOND, bold=True)
    word(
        d,
        470,
        282,
        say("residual, where the shapes agree", "残差（形状相同时）"),
        13,
        "middle",
        SECOND,
    )
    return d


def gates(say: Say) -> dw.Drawing:
    """All gates of the shipped network for the ankle boot, a dot each."""
    model = nm.load("fashion-mnist")
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing).astype(np.float32)
    maps = nm.intermediates(model.plan, model.params, x)
    d = panel(860, 300, say("Gates of a photograph", "一张照片的门"))
    word(
        d,
        30,
        34,
        say(
            "fashion-mnist's gates for the ankle boot, a dot for each channel",
            "fashion-mnist 对靴子的门，每个通道一点",
        ),
        16,
        bold=True,
    )
    for value in (0, 0.5, 1):
        y = 250 - 190 * value
        line(d, 70, y, 830, y)
        word(d, 60, y + 5, value, 13, "end", SOFT)
    found = [(name, values[0]) for name, values in maps.items() if name.endswith(".gate")]
    for k, (name, values) in enumerate(found):
        left = 84 + 94 * k
        for j, value in enumerate(values):
            spot = left + 76 * j / len(values), 250 - 190 * float(value)
            d.append(dw.Circle(round(spot[0], 1), round(spot[1], 1), 1.6, fill=STRONG))
        block = name.split(".")[1]
        word(d, left + 38, 274, say(f"block {block}", f"模块 {block}"), 13, "middle")
    return d


def hard_swish(say: Say) -> dw.Drawing:
    """Both curves, and under them both slopes."""
    d = panel(860, 486, say("Swish and hard-swish", "Swish 与 hard-swish"))
    x = np.linspace(-6, 6, 241)
    one = np.ones_like(x)
    soft, soft_cache = nm.swish(x)
    hard, hard_cache = nm.hard_swish(x)
    slopes = nm.swish_backward(one, soft_cache), nm.hard_swish_backward(one, hard_cache)

    def at(a: float) -> float:
        return 430 + 62 * a

    word(d, 30, 34, say("value", "函数值"), 15, bold=True)
    word(d, 30, 290, say("slope", "导数"), 15, bold=True)
    for level, y in ((0, 230), (2, 160), (4, 90)):
        line(d, at(-6), y, at(6), y)
        word(d, at(-6) - 8, y + 5, level, 12, "end", SOFT)
    for level, y in ((0, 410), (1, 330)):
        line(d, at(-6), y, at(6), y)
        word(d, at(-6) - 8, y + 5, level, 12, "end", SOFT)
    for a in (-6, -3, 0, 3, 6):
        word(d, at(a), 474, a, 12, "middle", SOFT)
    for a in (-3, 3):
        line(d, at(a), 40, at(a), 440)
    seen = soft <= 5.4
    curve(d, [(at(a), 230 - 35 * b) for a, b in zip(x[seen], soft[seen], strict=True)], SECOND)
    curve(d, [(at(a), 230 - 35 * b) for a, b in zip(x[seen], hard[seen], strict=True)], STRONG)
    curve(d, [(at(a), 410 - 80 * b) for a, b in zip(x, slopes[0], strict=True)], SECOND)
    for low, high in ((-6, -3), (-3, 3), (3, 6)):
        inner = (x > low + 1e-9) & (x < high - 1e-9)
        curve(
            d,
            [(at(a), 410 - 80 * b) for a, b in zip(x[inner], slopes[1][inner], strict=True)],
            STRONG,
        )
    word(d, at(3) + 8, 410 - 80 * 1.28, say("jumps by 0.5", "突变 0.5"), 13, color=STRONG)
    word(d, at(-3) - 8, 410 + 30, say("jumps by 0.5", "突变 0.5"), 13, "end", STRONG)
    gap = np.abs(soft - hard).max()
    word(d, at(3) - 8, 230 - 35 * 3 - 8, say(f"{gap:.3f} apart", f"相差 {gap:.3f}"), 13, "end")
    curve(d, [(200, 30), (232, 30)], STRONG)
    word(d, 240, 35, "hard-swish", 14)
    curve(d, [(340, 30), (372, 30)], SECOND)
    word(d, 380, 35, "swish", 14)
    return d


def tail_before_after(say: Say) -> dw.Drawing:
    """The last stage of V3-Large, as it would be with V2's, and as it is."""
    pool, dense = say("mean", "平均"), say("dense", "全连接")
    entry, wide = "7 × 7 × 160", "1 × 1|7 × 7 × 960"
    old = (entry, wide, "3 × 3|7 × 7 × 960", "1 × 1|7 × 7 × 320", "1 × 1|7 × 7 × 1280")
    rows = (
        (
            say("before: 44,352,960 MACs", "改前：44,352,960 MAC"),
            (*old, f"{pool}|1280", f"{dense}|1000"),
        ),
        (
            say("after: 10,035,200 MACs", "改后：10,035,200 MAC"),
            (entry, wide, f"{pool}|960", f"{dense}|1280", f"{dense}|1000"),
        ),
    )
    d = panel(900, 290, say("The tail before and after", "改前与改后的尾部"))
    for k, (title, parts) in enumerate(rows):
        y = 30 + 130 * k
        word(d, 24, y + 6, title, 16, bold=True)
        for j, part in enumerate(parts):
            x = 24 + 124 * j
            name, _, shape = part.partition("|")
            if not shape:
                box(d, x, y + 24, 104, 56, "#dddcd6", name, 13)
                continue
            arrow(d, (x - 18, y + 52), (x - 2, y + 52))
            fill = (
                ACTIVATION
                if name == pool
                else DEPTHWISE
                if name == "3 × 3"
                else POINTWISE
                if name == "1 × 1"
                else DENSE
            )
            box(d, x, y + 24, 104, 56, fill)
            word(d, x + 52, y + 48, name, 13, "middle")
            word(d, x + 52, y + 67, shape, 12, "middle", INK)
    word(
        d,
        24,
        272,
        say(
            "After the mean there is one pixel: the 1280 cost 1,228,800 and no longer 20,070,400.",
            "平均之后只剩一个像素：1280 那一层从 20,070,400 降到 1,228,800。",
        ),
        13,
        color=SOFT,
    )
    line(d, 24, 140, 876, 140, RULE)
    return d


PICTURES = {
    "v3-block": v3_block,
    "gates": gates,
    "hard-swish": hard_swish,
    "tail-before-after": tail_before_after,
}

if __name__ == "__main__":
    write(PICTURES)
