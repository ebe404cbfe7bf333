"""Draws MobileNetV3 for chapter 9 of the book: python docs/pictures/book_v3.py."""

from itertools import pairwise

import drawsvg as dw
import numpy as np
from panel import (
    DENSE,
    DEPTHWISE,
    GATE,
    PLAIN,
    POINTWISE,
    SECOND,
    SOFT,
    STRONG,
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
from npmobilenet.explorer.looking import seen


def v3_block(say: Say) -> dw.Drawing:
    """The fifth block of V3-Large, with its gates."""
    plan = nm.plan("v3-large")
    heading = say("The fifth block of V3-Large", "V3-Large 的第五个模块")
    d = panel(470, say("A block of MobileNetV3", "MobileNetV3 的一个模块"), heading)

    def written(shape: tuple[int, ...]) -> str:
        return " × ".join(map(str, shape))

    main = (
        ("expand", say("expand 1 × 1", "扩展 1 × 1"), POINTWISE),
        ("depthwise", say("depthwise 5 × 5", "深度卷积 5 × 5"), DEPTHWISE),
        ("scale", say("times its gate", "乘以各自的门"), GATE),
        ("project", say("project 1 × 1, linear", "投影 1 × 1，线性"), POINTWISE),
    )
    side = (
        ("squeeze_pool", say("mean of each channel", "每个通道求平均"), PLAIN),
        ("squeeze", say("dense, ReLU", "全连接，ReLU"), DENSE),
        ("excite", say("dense, hard sigmoid", "全连接，hard sigmoid"), DENSE),
    )
    x, tops = 160, (84, 164, 296, 376)
    word(d, x, 62, written(plan["blocks.5.expand"].input), 15, "middle")
    arrow(d, (x, 68), (x, 82))
    for top, (name, title, fill) in zip(tops, main, strict=True):
        box(d, x - 95, top, 190, 40, fill, title, 16)
        shape = written(plan[f"blocks.5.{name}"].output)
        word(d, x + 12, top + 59, shape, 15, color=SOFT)
    for above, below in pairwise(tops):
        arrow(d, (x, above + 41), (x, below - 2))
    for k, (name, title, fill) in enumerate(side):
        top = 184 + 56 * k
        box(d, 350, top, 200, 38, fill, title, 16)
        word(d, 558, top + 25, written(plan[f"blocks.5.{name}"].output[-1:]), 15, color=SOFT)
        if k:
            arrow(d, (450, top - 17), (450, top - 2))
    arrow(d, (x, 236), (312, 236), (312, 203), (348, 203))
    arrow(d, (348, 315), (257, 315))
    word(d, 350, 172, say("squeeze and excite", "压缩-激励（SE）"), 15, bold=True)
    arrow(d, (x, 417), (x, 438))
    arrow(d, (96, 57), (36, 57), (36, 446), (x - 14, 446), color=SECOND, width=2.2)
    word(d, x, 453, "+", 22, "middle", SECOND, bold=True)
    text = say("residual: the input is added", "残差：加上输入")
    word(d, x + 20, 452, text, 15, color=SECOND)
    return d


def gates(say: Say) -> dw.Drawing:
    """All gates of the shipped network for the ankle boot, a dot each."""
    model = nm.load("fashion-mnist")
    x = seen("ankle-boot", model.preprocessing).prepared(model.preprocessing).astype(np.float32)
    maps = nm.intermediates(model.plan, model.params, x, rung="numpy")
    found = [(name, values[0]) for name, values in maps.items() if name.endswith(".gate")]
    heading = say("Gates for the ankle boot, a dot for each channel", "对靴子的门，每个通道一点")
    d = panel(340, say("Gates of a photograph", "一张照片的门"), heading)
    low, high = (f(float(values.min() if f is min else values.max()) for _, values in found)
                 for f in (min, max))  # fmt: skip
    text = say(
        f"fashion-mnist: all between {low:.2f} and {high:.2f}",
        f"fashion-mnist：都在 {low:.2f} 和 {high:.2f} 之间",
    )
    word(d, 24, 54, text, 15, color=SOFT)
    for value, said in ((0, say("0: shut", "0：关")), (0.5, "0.5"), (1, say("1: open", "1：开"))):
        y = 290 - 210 * value
        line(d, 84, y, 616, y)
        word(d, 76, y + 5, said, 14, "end", SOFT)
    for k, (name, values) in enumerate(found):
        left = 90 + 66.5 * k
        for j, value in enumerate(values):
            dot(d, left + 54 * j / len(values), 290 - 210 * float(value), 2, STRONG)
        word(d, left + 27, 314, name.split(".")[1], 15, "middle")
    word(d, 350, 334, say("block", "模块"), 14, "middle", SOFT)
    return d


def hard_swish(say: Say) -> dw.Drawing:
    """Both curves, and under them both slopes."""
    d = panel(560, say("Swish and hard-swish", "Swish 与 hard-swish"))
    x = np.linspace(-6, 6, 241)
    one = np.ones_like(x)
    soft, soft_cache = nm.swish(x)
    hard, hard_cache = nm.hard_swish(x)
    slopes = nm.swish_backward(one, soft_cache), nm.hard_swish_backward(one, hard_cache)

    def at(a: float) -> float:
        return 332 + 46 * float(a)

    def drawn(
        a: np.ndarray, b: np.ndarray, zero: float, unit: float, look: tuple[str, str]
    ) -> None:
        """A curve; its 0 lies at y = zero."""
        points = [(at(p), zero - unit * q) for p, q in zip(a, b, strict=True)]
        curve(d, points, look[0], 2.5, look[1])

    swish, ours = (SECOND, "7 4"), (STRONG, "")
    word(d, 24, 34, say("value", "函数值"), 16, bold=True)
    word(d, 24, 336, say("slope", "导数"), 16, bold=True)
    for zero, unit, levels in ((270, 40, (0, 2, 4)), (480, 100, (0, 1))):
        for level in levels:
            line(d, at(-6), zero - unit * level, at(6), zero - unit * level)
            word(d, at(-6) - 10, zero - unit * level + 5, level, 14, "end", SOFT)
    for a in (-6, -3, 0, 3, 6):
        said = str(a).replace("-", "\u2212")
        word(d, at(a), 544, said, 14, "middle", SOFT)
    for a in (-3, 3):
        line(d, at(a), 52, at(a), 522)
    low = soft <= 5.4
    drawn(x[low], hard[low], 270, 40, ours)
    drawn(x[low], soft[low], 270, 40, swish)
    drawn(x, slopes[0], 480, 100, swish)
    for first, last in ((-6, -3), (-3, 3), (3, 6)):
        inner = (x > first + 1e-9) & (x < last - 1e-9)
        drawn(x[inner], slopes[1][inner], 480, 100, ours)
    jump = say("jumps by 0.5", "突变 0.5")
    word(d, at(3) + 8, 346, jump, 15, color=STRONG)
    word(d, at(-3) - 8, 514, jump, 15, "end", STRONG)
    gap = np.abs(soft - hard).max()
    word(d, at(3) - 10, 142, say(f"{gap:.3f} apart", f"相差 {gap:.3f}"), 15, "end")
    for y, name, look in ((90, "hard-swish", ours), (118, "swish", swish)):
        curve(d, [(80, y), (120, y)], look[0], 2.5, look[1])
        word(d, 130, y + 5, name, 16)
    return d


def tail_before_after(say: Say) -> dw.Drawing:
    """The last stage of V3-Large, as it would be with V2's, and as it is; the work of each layer."""
    plan = nm.plan("v3-large")
    mean, dense = say("mean", "平均"), say("dense", "全连接")
    before = (
        ("1 × 1", "7 × 7 × 960", 49 * 160 * 960, POINTWISE),
        (say("depthwise 3 × 3", "深度卷积 3 × 3"), "7 × 7 × 960", 49 * 9 * 960, DEPTHWISE),
        ("1 × 1", "7 × 7 × 320", 49 * 960 * 320, POINTWISE),
        ("1 × 1", "7 × 7 × 1280", 49 * 320 * 1280, POINTWISE),
        (mean, "1280", 0, PLAIN),
        (dense, "1000", 1280 * 1000, DENSE),
    )
    looks = (("last", "1 × 1", POINTWISE), ("pool", mean, PLAIN), ("head", dense, DENSE),
             ("classifier", dense, DENSE))  # fmt: skip
    after = [
        (title, " × ".join(map(str, plan[name].output)), plan[name].macs, fill)
        for name, title, fill in looks
    ]
    d = panel(560, say("The tail before and after", "改前与改后的尾部"))
    for column, (title, layers) in enumerate(
        ((say("before", "改前"), before), (say("after", "改后"), after))
    ):
        x = 24 + 304 * column
        total = sum(work for _, _, work, _ in layers)
        word(d, x, 34, f"{title}{say(': ', '：')}{total:,}", 17, bold=True)
        word(d, x + 78, 70, "7 × 7 × 160", 15, "middle")
        for k, (name, shape, work, fill) in enumerate(layers):
            y = 96 + 76 * k
            arrow(d, (x + 78, y - 20), (x + 78, y - 2))
            box(d, x, y, 156, 54, fill)
            word(d, x + 78, y + 23, name, 15, "middle")
            word(d, x + 78, y + 44, shape, 15, "middle")
            if work:
                word(d, x + 166, y + 33, f"{work:,}", 15, color=SOFT)
    word(
        d, 320, 546, say("beside each layer its MACs", "每层旁边是它的 MAC 数"), 14, "middle", SOFT
    )
    return d


PICTURES = {
    "v3-block": v3_block,
    "gates": gates,
    "hard-swish": hard_swish,
    "tail-before-after": tail_before_after,
}

if __name__ == "__main__":
    write(PICTURES)
