"""Draws MobileNetV1 for chapter 7 of the book: python docs/pictures/book_v1.py."""

from math import prod

import drawsvg as dw
from panel import (
    ACTIVATION,
    DENSE,
    DEPTHWISE,
    INK,
    NORM,
    POINTWISE,
    SOFT,
    STANDARD,
    Say,
    arrow,
    box,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.models.layers import Layer
from npmobilenet.models.rows import MOBILENET_V1


def macs(layer: Layer) -> int:
    """Of one layer; 0 for those that have none."""
    return layer.macs


def weights(layer: Layer) -> int:
    """Numbers in its filters."""
    return prod(layer.arrays["weight"]) if "weight" in layer.arrays else 0


def v1_block(say: Say) -> dw.Drawing:
    """The second block, layer by layer, with the shapes between."""
    plan = nm.plan("v1")
    d = panel(860, 260, say("A block of MobileNetV1", "MobileNetV1 的一个模块"))
    halves = (
        (
            "depthwise",
            say("depthwise 3 × 3", "深度卷积 3 × 3"),
            DEPTHWISE,
            say("stride 2", "步长 2"),
        ),
        ("pointwise", say("pointwise 1 × 1", "逐点卷积 1 × 1"), POINTWISE, ""),
    )
    x = 40.0
    shape = plan["blocks.2.depthwise"].input
    word(d, x, 120, f"{shape[0]} × {shape[1]}", 14)
    word(d, x, 140, f"× {shape[2]}", 14)
    x += 80
    for name, title, fill, note in halves:
        layer = plan[f"blocks.2.{name}"]
        arrow(d, (x - 2, 125), (x + 14, 125))
        box(d, x + 16, 80, 130, 90, fill, title, 14)
        if note:
            word(d, x + 81, 152, note, 12, "middle")
        word(d, x + 81, 64, f"{layer.macs:,} MAC", 13, "middle", SOFT)
        word(
            d,
            x + 81,
            192,
            say(f"{weights(layer):,} weights", f"{weights(layer):,} 个权重"),
            13,
            "middle",
            SOFT,
        )
        box(d, x + 154, 80, 46, 90, NORM, say("norm", "归一化"), 12)
        box(d, x + 208, 80, 46, 90, ACTIVATION, "ReLU", 12)
        arrow(d, (x + 256, 125), (x + 274, 125))
        out = layer.output
        word(d, x + 280, 120, f"{out[0]} × {out[1]}", 14)
        word(d, x + 280, 140, f"× {out[2]}", 14)
        x += 354
    word(
        d,
        40,
        34,
        say(
            "The second block: filter each channel, then mix them",
            "第二个模块：先逐通道滤波，再混合通道",
        ),
        16,
        bold=True,
    )
    word(
        d,
        40,
        236,
        say(
            "norm: batch normalisation, with γ and β for each channel",
            "归一化：批归一化，每个通道有 γ 和 β",
        ),
        13,
        color=SOFT,
    )
    return d


def v1_rows(say: Say) -> dw.Drawing:
    """Every row as a bar: as wide as it has channels, as high as its map."""
    plan = nm.plan("v1")
    d = panel(860, 420, say("The rows of MobileNetV1", "MobileNetV1 的各行"))
    word(
        d,
        30,
        34,
        say(
            "A bar a row: as wide as its channels, as high as its map",
            "每行一条：宽是通道数，高是特征图的边长",
        ),
        16,
        bold=True,
    )
    names = ["stem", *(f"blocks.{k}.pointwise" for k in range(1, len(MOBILENET_V1.rows) + 1))]
    y = 52.0
    for k, name in enumerate(names):
        side, _, channels = plan[name].output
        height = 10 + 0.28 * side
        stride = 2 if k == 0 else MOBILENET_V1.rows[k - 1].s
        fill = STANDARD if k == 0 else POINTWISE
        box(d, 190, y, 0.5 * channels, height, fill, edge=INK)
        title = say("stem", "第一层") if k == 0 else say(f"block {k}", f"模块 {k}")
        word(d, 30, y + height / 2 + 5, title, 13)
        word(
            d,
            178,
            y + height / 2 + 5,
            say("stride 2", "步长 2") if stride == 2 else "",
            12,
            "end",
            SOFT,
        )
        word(d, 200 + 0.5 * channels, y + height / 2 + 5, f"{side} × {side} × {channels}", 13)
        y += height + 5
    return d


def v1_where_the_work_is(say: Say) -> dw.Drawing:
    """Two bars of length one: MACs and weights by kind of layer."""
    plan = nm.plan("v1")
    kinds = (
        ("conv", say("standard 3 × 3", "标准 3 × 3"), STANDARD),
        ("depthwise", say("depthwise 3 × 3", "深度 3 × 3"), DEPTHWISE),
        ("pointwise", say("pointwise 1 × 1", "逐点 1 × 1"), POINTWISE),
        ("dense", say("dense", "全连接"), DENSE),
    )
    d = panel(860, 230, say("Where V1's work and weights are", "V1 的计算与权重在哪里"))
    rows = ((say("MACs", "MAC"), macs, 60), (say("weights", "权重"), weights, 130))
    for title, what, y in rows:
        total = sum(what(layer) for layer in plan.layers)
        word(d, 30, y + 24, title, 15, bold=True)
        x = 120.0
        for kind, _, fill in kinds:
            share = sum(what(layer) for layer in plan.layers if layer.kind == kind) / total
            box(d, x, y, 700 * share, 36, fill)
            if share > 0.1:
                word(d, x + 350 * share, y + 24, f"{share:.2%}", 14, "middle")
            x += 700 * share
        parts = [
            f"{name} {sum(what(q) for q in plan.layers if q.kind == kind) / total:.2%}"
            for kind, name, _ in kinds
        ]
        word(d, 120, y - 8, " · ".join(parts), 12, color=SOFT)
    x = 120.0
    for _, name, fill in kinds:
        box(d, x, 192, 16, 16, fill)
        word(d, x + 22, 205, name, 13)
        x += 160
    line(d, 820, 52, 820, 172)
    return d


PICTURES = {
    "v1-block": v1_block,
    "v1-rows": v1_rows,
    "v1-where-the-work-is": v1_where_the_work_is,
}

if __name__ == "__main__":
    write(PICTURES)
