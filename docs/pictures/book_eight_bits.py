"""Draws chapter 15 of the book: python docs/pictures/book_eight_bits.py.

Ranges are those of the shipped network `flowers`.  What is right and what is as in floats was measured by
`python -m benchmarks.eight_bits --json`, whose output is measured/eight-bits.json.
"""

import json
from math import log10
from pathlib import Path
from typing import Any

import drawsvg as dw
from panel import (
    BLUE,
    DEPTHWISE,
    INK,
    ORANGE,
    PLAIN,
    RULE,
    SECOND,
    SOFT,
    Say,
    box,
    curve,
    line,
    panel,
    word,
    write,
)

import npmobilenet as nm
from npmobilenet.quantization import channel_ranges

MEASURED = Path(__file__).parent / "measured" / "eight-bits.json"
BLOCKS = ("blocks.1.depthwise", "blocks.2.depthwise", "blocks.3.depthwise")
GREATEST = 127  # integer of a weight


def ranges(say: Say) -> dw.Drawing:
    """Each channel's largest weight, as trained and as folded, and the step of one scale for all."""
    model = nm.load("flowers")
    found = channel_ranges(model.plan, model.params)
    heading = say(
        "The largest weight of each channel: trained, and folded",
        "各通道最大的权重：训练后与折叠后",
    )
    d = panel(430, say("Ranges of channels", "各通道的范围"), heading)

    def height(value: float) -> float:
        return 330 - 72 * (log10(value) + 1.5)

    for value in (0.1, 1, 10, 100):
        line(d, 64, height(value), 616, height(value))
        word(d, 56, height(value) + 5, f"{value:g}", 14, "end", SOFT)
    x = 76.0
    for name in BLOCKS:
        trained, folded = found[name]
        step = folded.max() / GREATEST
        wide = 552 / (sum(len(found[n][0]) for n in BLOCKS) + 5)
        for before, after in zip(trained, folded, strict=True):
            lost = after < step / 2
            fill = PLAIN if lost else (ORANGE if after > 10 else DEPTHWISE)
            top = height(after)
            box(d, x + 1, top, wide - 2, 366 - top, fill)
            line(d, x, height(before), x + wide, height(before), INK)
            x += wide
        left = x - wide * len(folded)
        curve(d, [(left - 2, height(step)), (x + 2, height(step))], SECOND, 2.5, "7 4")
        label = name.split(".")[1]
        word(d, (left + x) / 2, 388, say(f"block {label}", f"模块 {label}"), 15, "middle")
        x += 2 * wide
    line(d, 64, 366, 616, 366, INK)
    curve(d, [(76, 409), (104, 409)], SECOND, 2.5, "7 4")
    word(d, 112, 414, say("one step, of one scale for all", "共用一个比例时的一步"), 14)
    line(d, 350, 409, 366, 409, INK)
    word(d, 374, 414, say("trained", "训练后"), 14)
    box(d, 460, 401, 12, 15, ORANGE)
    word(d, 480, 414, say("variance near 0", "方差接近 0"), 14)
    return d


def steps(say: Say) -> dw.Drawing:
    """What each way of rounding leaves of three networks: the share of images named as in floats."""
    rows = json.loads(MEASURED.read_text(encoding="utf-8"))["rows"]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    shares = {(r["network"], r["step"]): r["same"] / r["images"] for r in rows}
    shown = (
        ("a scale a channel", say("8 bits, a scale a channel", "8 位，每通道一个比例")),
        ("a scale a tensor", say("8 bits, one scale", "8 位，只有一个比例")),
        ("a scale a tensor, bias corrected", say("... bias corrected", "……加偏置校正")),
        ("a scale a tensor, equalised", say("... equalised", "……加均衡")),
        ("a scale a tensor, equalised, bias corrected", say("... both", "……两者都加")),
        ("4 bits, a scale a channel", say("4 bits, a scale a channel", "4 位，每通道一个比例")),
        (
            "4 bits, a scale a channel, bias corrected",
            say("... bias corrected", "……加偏置校正"),
        ),
        ("4 bits, a scale a tensor", say("4 bits, one scale", "4 位，只有一个比例")),
    )
    heading = say("Named as in floats, of 100 images", "每 100 张图中与浮点网络答案相同的张数")
    d = panel(112 + 42 * len(shown), say("What is left", "剩下多少"), heading)
    for k, name in enumerate(networks):
        left = 236 + 132 * k
        first, _, second = name.partition(", ")
        word(d, left, 62, first, 14, bold=True)
        if second:
            word(d, left, 80, second, 14, color=SOFT)
        for j, (step, _) in enumerate(shown):
            share = shares[name, step]
            y = 96 + 42 * j
            box(d, left, y, 84, 24, PLAIN, edge=RULE)
            if share:
                box(d, left, y, 84 * share, 24, BLUE)
            word(d, left + 90, y + 18, f"{100 * share:.0f}", 15)
    for j, (_, title) in enumerate(shown):
        word(d, 226, 114 + 42 * j, title, 14, "end")
    return d


PICTURES: dict[str, Any] = {"channel-ranges": ranges, "eight-bits": steps}

if __name__ == "__main__":
    write(PICTURES)
