"""Draws chapter 11 of the book: python docs/pictures/book_time.py.

Times are one machine's, two cores of an AMD EPYC of family 26, model 2, on 28 November 2026, and lie in
measured/: roofline-v1.json has the machine and the seconds of `npmobilenet roofline v1 --json`, which may
stand there whole, pytorch-v1.json is what the Python block of docs/book/11-time.md prints for v1.  All
other numbers are counted here.
"""

import json
from math import log10
from pathlib import Path
from typing import Any

import drawsvg as dw
from panel import (
    ACTIVATION,
    DENSE,
    DEPTHWISE,
    INK,
    NORM,
    PLAIN,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STANDARD,
    THIRD,
    Say,
    box,
    curve,
    dot,
    line,
    panel,
    short,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.cost.roofline import layer_bytes, layer_flops

MEASURED = Path(__file__).parent / "measured"
Point = tuple[float, float]


def measured(name: str) -> Any:
    """What a command has printed."""
    return json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8"))


def macs_and_time(say: Say) -> dw.Drawing:
    """Two bars of length one by kind of layer: what is multiplied, and how long it takes."""
    took = measured("pytorch-v1")
    plan = nm.plan("v1")
    kinds = (
        ("conv", "3 x 3", say("standard 3 × 3", "标准卷积 3 × 3"), STANDARD),
        ("depthwise", "depthwise", say("depthwise 3 × 3", "深度卷积 3 × 3"), DEPTHWISE),
        ("pointwise", "1 x 1", say("pointwise 1 × 1", "逐点卷积 1 × 1"), POINTWISE),
        ("batch_norm", "BatchNorm2d", say("batch norm", "批归一化"), NORM),
        ("activation", "ReLU", "ReLU", ACTIVATION),
        ("global_pool", "AdaptiveAvgPool2d", say("mean", "平均"), PLAIN),
        ("dense", "Linear", say("dense", "全连接"), DENSE),
    )
    work = [sum(q.macs for q in plan.layers if q.kind == kind) for kind, *_ in kinds]
    times = [took[name] for _, name, *_ in kinds]
    heading = say(
        "V1 by MACs, and by time in PyTorch on one core", "V1 的 MAC 与 PyTorch 单核的时间"
    )
    d = panel(440, say("MACs and time", "MAC 与时间"), heading)
    bars = (
        (say("MACs", "MAC"), work, f"{sum(work):,}"),
        (say("time", "时间"), times, f"{sum(times):.1f} ms"),
    )
    for row, (title, values, total) in enumerate(bars):
        y, x, right = 76 + 76 * row, 24.0, 370 + 230 * row
        word(d, 24, y - 10, f"{title}{say(': ', '：')}{total}", 16)
        word(d, right, 236, title, 15, "end", bold=True)
        for k, ((*_, fill), value) in enumerate(zip(kinds, values, strict=True)):
            share = value / sum(values)
            if value:
                box(d, x, y, 592 * share, 38, fill)
            if share > 0.07:
                word(d, x + 296 * share, y + 25, f"{share:.0%}", 15, "middle")
            x += 592 * share
            word(d, right, 262 + 26 * k, f"{share:.1%}", 15, "end")
            if row == 1:
                word(d, right - 90, 262 + 26 * k, f"{value:.2f} ms", 15, "end", SOFT)
    for k, (*_, name, fill) in enumerate(kinds):
        box(d, 24, 248 + 26 * k, 18, 18, fill)
        word(d, 52, 262 + 26 * k, name, 15)
    return d


def mark(d: dw.Drawing, kind: str, x: float, y: float, fill: str) -> None:
    """Each kind has a shape of its own too."""
    corners = {
        "depthwise": ((-5, -5), (5, -5), (5, 5), (-5, 5)),
        "batch_norm": ((0, -7), (6, 5), (-6, 5)),
        "activation": ((0, 7), (6, -5), (-6, -5)),
        "dense": ((0, -7), (7, 0), (0, 7), (-7, 0)),
        "conv": ((-7, -2.5), (-2.5, -7), (2.5, -7), (7, -2.5), (7, 2.5), (2.5, 7), (-2.5, 7), (-7, 2.5)),
    }  # fmt: skip
    if kind not in corners:
        dot(d, x, y, 6, fill, INK)
        return
    flat = [short(number) for a, b in corners[kind] for number in (x + a, y + b)]
    d.append(dw.Lines(*flat, close=True, fill=fill, stroke=INK))


def roofline(say: Say) -> dw.Drawing:
    """V1's layers below what this machine can multiply and carry; both scales are powers of ten."""
    found = measured("roofline-v1")
    peak = round(found["machine"]["peak"] / 1e9)
    speeds = {size: round(speed / 1e9) for size, speed in found["machine"]["bandwidths"]}
    seconds = {layer["name"]: layer["seconds"] for layer in found["layers"]}
    heading = say("V1's layers on a machine's roofline", "V1 的各层与一台机器的 roofline")
    d = panel(560, say("A roofline", "Roofline"), heading)

    def at(flops_a_byte: float, gflops: float) -> Point:
        return 86 + 170 * (log10(flops_a_byte) + 1), 420 - 108 * log10(gflops)

    for value in (0.1, 1, 10, 100):
        line(d, *at(value, 1), *at(value, 1000))
        word(d, at(value, 1)[0], 442, f"{value:g}", 14, "middle", SOFT)
    for value in (1, 10, 100, 1000):
        line(d, *at(0.1, value), *at(130, value))
        word(d, 78, at(0.1, value)[1] + 5, f"{value:g}", 14, "end", SOFT)
    word(d, 24, 62, say("GFLOP a second", "每秒 GFLOP"), 14, color=SOFT)
    word(
        d,
        340,
        466,
        say("flops for each byte carried", "每搬运一个字节的 flop 数"),
        15,
        "middle",
        SOFT,
    )
    slopes = (
        (2**20, THIRD, "", say("caches", "缓存"), (0.6, -8, -2, "end")),
        (2**28, SECOND, "7 4", say("memory", "内存"), (1.2, 12, 14, "start")),
    )
    for size, color, dash, where, (x, right, down, anchor) in slopes:
        speed = speeds[size]
        curve(d, [at(0.1, 0.1 * speed), at(peak / speed, peak), at(130, peak)], color, 2.2, dash)
        near = at(x, x * speed)
        word(d, near[0] + right, near[1] + down, f"{speed} GB/s {where}", 15, anchor, color)
    word(d, at(130, peak)[0], at(130, peak)[1] - 8, f"{peak} GFLOP/s", 15, "end", INK)
    looks = {
        "conv": (say("standard", "标准卷积"), STANDARD),
        "depthwise": (say("depthwise", "深度卷积"), DEPTHWISE),
        "pointwise": (say("pointwise", "逐点卷积"), POINTWISE),
        "batch_norm": (say("batch norm", "批归一化"), NORM),
        "activation": ("ReLU", ACTIVATION),
        "dense": (say("dense", "全连接"), DENSE),
    }
    for layer in nm.plan("v1").layers:
        if layer.kind in looks:
            flops = layer_flops(layer, 1)
            gflops = flops / seconds[layer.name] / 1e9
            mark(d, layer.kind, *at(flops / layer_bytes(layer, 1), gflops), looks[layer.kind][1])
    for k, (kind, (name, fill)) in enumerate(looks.items()):
        x, y = 40 + 200 * (k % 3), 500 + 32 * (k // 3)
        mark(d, kind, x, y, fill)
        word(d, x + 16, y + 5, name, 15)
    line(d, 24, 478, 616, 478, RULE)
    return d


PICTURES = {"macs-and-time": macs_and_time, "roofline": roofline}

if __name__ == "__main__":
    write(PICTURES)
