"""Draws MobileNetV2 for chapter 8 of the book: python docs/pictures/book_v2.py."""

import drawsvg as dw
import numpy as np
from panel import (
    ACTIVATION,
    DEPTHWISE,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STANDARD,
    STRONG,
    Say,
    arrow,
    box,
    curve,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.evidence.spiral import DIMENSIONS, embeddings, points, share_lost


def spiral(say: Say) -> dw.Drawing:
    """The spiral before, and after n dimensions, ReLU and the best linear way back."""
    d = panel(1000, 260, say("A spiral through n dimensions and ReLU", "螺线经过 n 维和 ReLU"))
    word(
        d,
        24,
        32,
        say("A plane through ReLU in n dimensions, and back", "平面经过 n 维的 ReLU，再变回来"),
        16,
        bold=True,
    )
    plane = points()
    scale = 70 / np.abs(plane).max()

    def trace(x: float, spots: np.ndarray, lost: np.ndarray) -> None:
        for begin in range(0, len(spots) - 1, 4):
            part = spots[begin : begin + 5]
            color = "#b0afa9" if lost[begin] else SECOND
            curve(d, [(x + scale * a, 140 + scale * b) for a, b in part], color, 2)

    trace(90, plane, np.zeros(len(plane), bool))
    word(d, 90, 238, say("before", "原来"), 13, "middle")
    for k, n in enumerate(DIMENSIONS):
        matrix = embeddings(n)[0]
        wide, _ = nm.relu(plane @ matrix)
        lost = (wide > 0).sum(axis=1) < 2
        back = wide @ np.linalg.lstsq(wide, plane, rcond=None)[0]
        x = 254 + 164 * k
        trace(x, back, lost)
        share = round(100 * share_lost(embeddings(n)))
        word(d, x, 238, say(f"n = {n}: {share} % lost", f"n = {n}：丢失 {share} %"), 13, "middle")
    word(d, 976, 32, say("grey: can no longer be told apart", "灰色：再也分不开"), 13, "end", SOFT)
    return d


def thin_wide_thin(say: Say) -> dw.Drawing:
    """V2's third block to scale."""
    plan = nm.plan("v2")
    d = panel(860, 330, say("Thin, wide, wide, thin", "窄、宽、宽、窄"))
    word(
        d,
        30,
        34,
        say("V2's third block, channels to scale", "V2 的第三个模块，通道数按比例"),
        16,
        bold=True,
    )
    filtered = say("depthwise 3 × 3, ReLU6", "深度卷积 3 × 3，ReLU6")
    middle = 430
    steps = (
        (say("input", "输入"), plan["blocks.3.expand"].input, STRONG),
        (
            say("expand 1 × 1, ReLU6", "扩展 1 × 1，ReLU6"),
            plan["blocks.3.expand"].output,
            POINTWISE,
        ),
        (filtered, plan["blocks.3.depthwise"].output, DEPTHWISE),
        (say("project 1 × 1, linear", "投影 1 × 1，线性"), plan["blocks.3.project"].output, STRONG),
    )
    for k, (title, shape, fill) in enumerate(steps):
        width, y = 2.4 * shape[-1], 64 + 64 * k
        box(d, middle - width / 2, y, width, 28, fill)
        word(d, 30, y + 19, title, 14)
        word(d, 640, y + 19, " × ".join(map(str, shape)), 14)
        if k:
            arrow(d, (middle, y - 34), (middle, y - 3))
    arrow(d, (middle - 31, 78), (240, 78), (240, 296), (middle - 12, 296), color=SECOND, width=2)
    word(d, 30, 301, say("residual: the input is added", "残差：加上输入"), 13, color=SECOND)
    word(d, middle, 302, "+", 20, "middle", SECOND, bold=True)
    return d


def v2_block_and_resnet(say: Say) -> dw.Drawing:
    """Where each is wide, and which convolution filters there."""
    d = panel(860, 330, say("V2's block and ResNet's bottleneck", "V2 的模块与 ResNet 的瓶颈"))
    ours = (
        say("1 × 1, ReLU6", "1 × 1，ReLU6"),
        say("depthwise 3 × 3, ReLU6", "深度卷积 3 × 3，ReLU6"),
        say("1 × 1, linear", "1 × 1，线性"),
    )
    resnet = (
        say("1 × 1, ReLU", "1 × 1，ReLU"),
        say("standard 3 × 3, ReLU", "标准卷积 3 × 3，ReLU"),
        say("1 × 1, added, then ReLU", "1 × 1，相加之后 ReLU"),
    )
    thin, wide = (24, 144, 144, 24), (256, 64, 64, 256)
    sides = (
        (215, "MobileNetV2", thin, ours, (POINTWISE, DEPTHWISE, POINTWISE), 1.6),
        (
            645,
            say("ResNet's bottleneck", "ResNet 的瓶颈"),
            wide,
            resnet,
            (POINTWISE, STANDARD, POINTWISE),
            0.9,
        ),
    )
    for x, title, channels, names, fills, scale in sides:
        word(d, x, 34, title, 16, "middle", bold=True)
        for k, count in enumerate(channels):
            y, width = 56 + 70 * k, scale * count
            box(d, x - width / 2, y, width, 22, ACTIVATION if k in (1, 2) else "#dddcd6")
            word(d, x - width / 2 - 8, y + 16, count, 13, "end")
            if k < 3:
                arrow(d, (x, y + 24), (x, y + 68))
                box(d, x + 14, y + 32, 168, 26, fills[k], names[k], 12, edge=RULE)
    word(
        d,
        430,
        316,
        say("bars: channels, each block to its own scale", "条：通道数，两个模块各按自己的比例"),
        13,
        "middle",
        SOFT,
    )
    return d


PICTURES = {
    "spiral": spiral,
    "thin-wide-thin": thin_wide_thin,
    "v2-block-and-resnet": v2_block_and_resnet,
}

if __name__ == "__main__":
    write(PICTURES)
