"""Draws MobileNetV2 for chapter 8 of the book: python docs/pictures/book_v2.py."""

import drawsvg as dw
import numpy as np
from numpy.typing import NDArray
from panel import (
    DEPTHWISE,
    PLAIN,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STANDARD,
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

LOST = "#a3a29b"


def spiral(say: Say) -> dw.Drawing:
    """The spiral before, and after n dimensions, ReLU and the best linear way back."""
    heading = say(
        "A plane, through n dimensions and ReLU, and back", "平面经过 n 维和 ReLU，再变回来"
    )
    d = panel(470, say("A spiral through n dimensions and ReLU", "螺线经过 n 维和 ReLU"), heading)
    plane = points()
    scale = 74 / np.abs(plane).max()

    def trace(x: float, y: float, spots: NDArray[np.float64], lost: NDArray[np.bool_]) -> None:
        """Thick where points can be told apart, thin and grey where not."""
        for begin in range(0, len(spots) - 1, 4):
            part = spots[begin : begin + 5]
            look = (LOST, 1.5) if lost[begin] else (SECOND, 2.5)
            curve(d, [(x + scale * a, y + scale * b) for a, b in part], *look)

    trace(116, 138, plane, np.zeros(len(plane), bool))
    word(d, 116, 240, say("before", "原来"), 15, "middle", bold=True)
    for k, n in enumerate(DIMENSIONS, start=1):
        matrix = embeddings(n)[0]
        wide, _ = nm.relu(plane @ matrix)
        lost = (wide > 0).sum(axis=1) < 2
        back = wide @ np.linalg.lstsq(wide, plane, rcond=None)[0]
        x, y = 116 + 204 * (k % 3), 138 + 186 * (k // 3)
        trace(x, y, back, lost)
        share = f"{100 * share_lost(embeddings(n)):.{0 if n < 10 else 1}f}"
        text = say(f"n = {n}: {share} % lost", f"n = {n}：丢失 {share} %")
        word(d, x, y + 102, text, 15, "middle", bold=True)
    text = say("thin and grey: points that can no longer be told apart", "细灰线：再也分不开的点")
    word(d, 320, 456, text, 14, "middle", SOFT)
    return d


def thin_wide_thin(say: Say) -> dw.Drawing:
    """V2's third block to scale."""
    plan = nm.plan("v2")
    heading = say("V2's third block, channels to scale", "V2 的第三个模块，通道数按比例")
    d = panel(400, say("Thin, wide, wide, thin", "窄、宽、宽、窄"), heading)
    middle = 400
    first = plan["blocks.3.expand"].input
    layers = (
        (say("expand", "扩展"), say("1 × 1, ReLU6", "1 × 1，ReLU6"), "expand", POINTWISE),
        (say("depthwise", "深度卷积"), say("3 × 3, ReLU6", "3 × 3，ReLU6"), "depthwise", DEPTHWISE),
        (say("project", "投影"), say("1 × 1, linear", "1 × 1，线性"), "project", POINTWISE),
    )

    def bar(y: float, shape: tuple[int, ...]) -> None:
        width = 2.7 * shape[-1]
        box(d, middle - width / 2, y, width, 34, PLAIN)
        word(d, middle, y + 23, " × ".join(map(str, shape)) if shape[-1] > 99 else shape[-1], 15,
             "middle")  # fmt: skip

    bar(54, first)
    word(d, middle + 44, 77, f"{first[0]} × {first[1]} × {first[2]}", 15)
    for k, (title, note, name, fill) in enumerate(layers):
        y = 54 + 86 * k
        arrow(d, (middle, y + 35), (middle, y + 84))
        box(d, 24, y + 40, 150, 42, fill)
        word(d, 99, y + 58, title, 15, "middle")
        word(d, 99, y + 76, note, 14, "middle")
        bar(y + 86, plan[f"blocks.3.{name}"].output)
    last = plan["blocks.3.project"].output
    word(d, middle + 44, 335, f"{last[0]} × {last[1]} × {last[2]}", 15)
    arrow(d, (middle - 34, 71), (190, 71), (190, 370), (middle - 14, 370), color=SECOND, width=2.2)
    arrow(d, (middle, 347), (middle, 360))
    word(d, middle, 377, "+", 22, "middle", SECOND, bold=True)
    word(d, middle + 20, 376, say("residual: input added", "残差：加上输入"), 15, color=SECOND)
    return d


def v2_block_and_resnet(say: Say) -> dw.Drawing:
    """Where each is wide, and which convolution filters there."""
    d = panel(430, say("V2's block and ResNet's bottleneck", "V2 的模块与 ResNet 的瓶颈"))
    ours = (
        ("1 × 1", "ReLU6", POINTWISE),
        (say("depthwise 3 × 3", "深度卷积 3 × 3"), "ReLU6", DEPTHWISE),
        ("1 × 1", say("linear, then add", "线性，再相加"), POINTWISE),
    )
    resnet = (
        ("1 × 1", "ReLU", POINTWISE),
        (say("standard 3 × 3", "标准卷积 3 × 3"), "ReLU", STANDARD),
        ("1 × 1", say("add, then ReLU", "相加，再 ReLU"), POINTWISE),
    )
    sides = (
        (136, "MobileNetV2", (24, 144, 144, 24), ours, 1.4),
        (456, say("ResNet's bottleneck", "ResNet 的瓶颈"), (256, 64, 64, 256), resnet, 0.8),
    )
    for x, title, channels, names, scale in sides:
        word(d, x + 24, 34, title, 17, "middle", bold=True)
        for k, count in enumerate(channels):
            y, width = 54 + 96 * k, scale * count
            box(d, x - width / 2, y, width, 28, PLAIN, count, 15)
            if k < 3:
                arrow(d, (x, y + 29), (x, y + 94))
                name, note, fill = names[k]
                box(d, x + 12, y + 38, 142, 44, fill, edge=RULE)
                word(d, x + 83, y + 56, name, 15, "middle")
                word(d, x + 83, y + 75, note, 14, "middle")
    text = say("bars: channels, each block to its own scale", "条：通道数，两个模块各按自己的比例")
    word(d, 320, 410, text, 15, "middle", SOFT)
    return d


PICTURES = {
    "spiral": spiral,
    "thin-wide-thin": thin_wide_thin,
    "v2-block-and-resnet": v2_block_and_resnet,
}

if __name__ == "__main__":
    write(PICTURES)
