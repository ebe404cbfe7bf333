"""Draws MobileNetV1 for chapter 7 of the book: python docs/pictures/book_v1.py."""

import tomllib
from math import prod
from pathlib import Path

import drawsvg as dw
from panel import (
    ACTIVATION,
    DENSE,
    DEPTHWISE,
    NORM,
    POINTWISE,
    SECOND,
    SOFT,
    STANDARD,
    Say,
    arrow,
    box,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.models.layers import Layer

TABLES = Path(nm.__file__).parent / "evidence/tables/v1.toml"


def macs(layer: Layer) -> int:
    """Of one layer; 0 for those that have none."""
    return layer.macs


def weights(layer: Layer) -> int:
    """Numbers in its filters."""
    return prod(layer.arrays["weight"]) if "weight" in layer.arrays else 0


def shape_of(shape: tuple[int, ...]) -> str:
    """As it is written in every chapter."""
    return " × ".join(map(str, shape))


def v1_block(say: Say) -> dw.Drawing:
    """The second block, layer by layer, with the shapes between."""
    plan = nm.plan("v1")
    heading = say(
        "V1's second block: filter each channel, then mix", "V1 的第二个模块：先逐通道滤波，再混合"
    )
    d = panel(356, say("A block of MobileNetV1", "MobileNetV1 的一个模块"), heading)
    halves = (
        ("depthwise", say("depthwise 3 × 3", "深度卷积 3 × 3"), DEPTHWISE),
        ("pointwise", say("pointwise 1 × 1", "逐点卷积 1 × 1"), POINTWISE),
    )
    word(d, 24, 68, shape_of(plan["blocks.2.depthwise"].input), 16)
    for row, (name, title, fill) in enumerate(halves):
        layer, y = plan[f"blocks.2.{name}"], 88 + 134 * row
        start = y - 14 if row == 0 else y - 36
        arrow(d, *[(530, start - 45), (530, start)] * row, (66, start), (66, y + 26), (98, y + 26))
        box(d, 100, y, 190, 52, fill)
        stride = say(", stride 2", "，步长 2") if name == "depthwise" else ""
        word(d, 195, y + 22, title, 16, "middle")
        work = say(f"{weights(layer):,} weights", f"{weights(layer):,} 个权重")
        word(d, 195, y + 42, work + stride, 14, "middle")
        arrow(d, (291, y + 26), (318, y + 26))
        box(d, 320, y, 130, 52, NORM, say("batch norm", "批归一化"), 16)
        arrow(d, (451, y + 26), (478, y + 26))
        box(d, 480, y, 100, 52, ACTIVATION, "ReLU", 16)
        word(d, 195, y + 72, f"{layer.macs:,} MACs", 14, "middle", SOFT)
        shape = shape_of(layer.output)
        if row == 0:
            word(d, 320, y + 90, shape, 16, "middle")
        else:
            arrow(d, (530, y + 53), (530, y + 88))
            word(d, 530, y + 112, shape, 16, "middle")
    return d


def v1_rows(say: Say) -> dw.Drawing:
    """Every row as a bar: as wide as it has channels, as high as its map."""
    plan = nm.plan("v1")
    heading = say("A bar a row: as wide as its channels,", "每行一条：宽是通道数，")
    d = panel(520, say("The rows of MobileNetV1", "MobileNetV1 的各行"), heading)
    text = say("as high as its map (stem and 13 blocks)", "高是特征图的边长（第一层和 13 个模块）")
    word(d, 24, 54, text, 16, bold=True)
    rows = [plan["stem"]] + [plan[f"blocks.{k}.pointwise"] for k in range(1, 14)]
    y = 72.0
    for k, layer in enumerate(rows):
        side, _, channels = layer.output
        height = 0.5 * side
        place = max(22.0, height + 6)
        middle = y + place / 2 + 5
        name = say(f"block {k}", f"模块 {k}") if k else say("stem", "第一层")
        word(d, 24, middle, name, 14)
        before = plan[f"blocks.{k}.depthwise"].input[0] if k else plan.resolution
        if before != side:
            word(d, 164, middle, say("stride 2", "步长 2"), 14, "end", SOFT)
        width = 0.3 * channels
        box(d, 176, y + (place - height) / 2, width, height, POINTWISE if k else STANDARD)
        word(d, 186 + width, middle, shape_of(layer.output), 14)
        y += place
    return d


def v1_where_the_work_is(say: Say) -> dw.Drawing:
    """Two bars of length one: MACs and weights by kind of layer; shares beside the paper's Table 2."""
    plan = nm.plan("v1")
    tables = {table["name"]: table for table in tomllib.loads(TABLES.read_text())["tables"]}
    kinds = (
        ("conv", say("standard 3 × 3", "标准卷积 3 × 3"), STANDARD),
        ("depthwise", say("depthwise 3 × 3", "深度卷积 3 × 3"), DEPTHWISE),
        ("pointwise", say("pointwise 1 × 1", "逐点卷积 1 × 1"), POINTWISE),
        ("dense", say("dense", "全连接"), DENSE),
    )
    printed = tables["2"]["rows"]
    d = panel(330, say("Where V1's work and weights are", "V1 的计算与权重在哪里"))
    counted = ((say("MACs", "MAC"), macs), (say("weights", "权重"), weights))
    for row, (title, what) in enumerate(counted):
        total = sum(what(layer) for layer in plan.layers)
        y, x, right = 44 + 72 * row, 24.0, 316 + 170 * row
        word(d, 24, y - 12, f"{title}{say(': ', '：')}{total:,}", 16, bold=True)
        word(d, right, 188, title, 15, "end", bold=True)
        word(d, right + 78, 188, say("paper", "论文"), 15, "end", SOFT)
        for k, (kind, _, fill) in enumerate(kinds):
            share = sum(what(layer) for layer in plan.layers if layer.kind == kind) / total
            box(d, x, y, 592 * share, 36, fill)
            if share > 0.1:
                word(d, x + 296 * share, y + 24, f"{share:.2%}", 16, "middle")
            x += 592 * share
            word(d, right, 216 + 28 * k, f"{share:.2%}", 15, "end")
            (paper,) = (cells[1 + row] for cells in printed if cells[-1]["parts"] == [kind])
            wrong = paper != f"{share:.2%}"
            word(d, right + 78, 216 + 28 * k, paper, 15, "end", SECOND if wrong else SOFT, wrong)
    for k, (_, name, fill) in enumerate(kinds):
        box(d, 24, 202 + 28 * k, 18, 18, fill)
        word(d, 52, 216 + 28 * k, name, 15)
    return d


PICTURES = {
    "v1-block": v1_block,
    "v1-rows": v1_rows,
    "v1-where-the-work-is": v1_where_the_work_is,
}

if __name__ == "__main__":
    write(PICTURES)
