"""Draws the figures of docs/many-machines.md: python docs/pictures/book_machines.py.

measured/scaling.json is what `python -m benchmarks.scaling --save FILE` wrote on one machine: what two
ranks and two hosts were measured to do, and what its model predicts of more.
"""

import json
from math import log2
from pathlib import Path
from typing import Any

import drawsvg as dw
from panel import (
    DENSE,
    INK,
    NORM,
    POINTWISE,
    RULE,
    SECOND,
    SOFT,
    STRONG,
    THIRD,
    Say,
    box,
    curve,
    dot,
    line,
    panel,
    word,
    write,
)

from benchmarks.scaling import checked

MEASURED = Path(__file__).parent / "measured" / "scaling.json"
LINES = {1: (SECOND, "2 4"), 10: (THIRD, "8 4"), 100: (STRONG, "")}  # Gb/s
MODELS = ("v1", "v2", "v3-large")


def scaling(say: Say) -> dw.Drawing:
    """Three charts side by side: images a second by hosts, both scales powers of two."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    heading = say(
        "Images a second, times one host's: predicted, not measured",
        "每秒图像数（一台主机的倍数）：预测，而非实测",
    )
    d = panel(330, say("Scaling to 64 hosts, predicted", "扩展到 64 台主机的预测"), heading)
    for number, model in enumerate(MODELS):
        left = 60 + 200 * number

        def at(hosts: float, times: float, left: float = left) -> tuple[float, float]:
            return left + 26 * log2(hosts), 250 - 28 * log2(max(times, 1))

        for power in range(0, 7, 2):
            line(d, *at(2**power, 1), *at(2**power, 64))
            line(d, *at(1, 2**power), *at(64, 2**power))
            word(d, at(2**power, 1)[0], 272, f"{2**power}", 14, "middle", SOFT)
            if number == 0:
                word(d, left - 8, at(1, 2**power)[1] + 5, f"{2**power}", 14, "end", SOFT)
        word(d, left, 66, model.upper(), 15, bold=True)
        curve(d, [at(1, 1), at(64, 64)], RULE, 1.5)
        rows: list[dict[str, Any]] = [row for row in found["predicted"] if row["model"] == model]
        for row in rows:
            points = [at(n, t) for n, t in zip(row["hosts"], row["times"], strict=True)]
            curve(d, points, *(LINES[row["gbit"]][0], 2.5, LINES[row["gbit"]][1]))
        for run in found["ranks"]:
            if run["model"] == model:
                dot(d, *at(2, 2 * run["alone"] / run["step"]), 5, "#ffffff", INK)
    word(d, 350, 292, say("hosts", "主机数"), 14, "middle", SOFT)
    for number, (speed, (color, dash)) in enumerate(LINES.items()):
        x = 60 + 130 * number
        curve(d, [(x, 312), (x + 30, 312)], color, 2.5, dash)
        word(d, x + 38, 317, f"{speed} Gb/s", 14)
    dot(d, 462, 312, 5, "#ffffff", INK)
    word(d, 474, 317, say("two ranks here", "本机两个 rank"), 14)
    return d


def beside(say: Say) -> dw.Drawing:
    """A step of V1 on two hosts at 1 Gb/s, as the model has it: sums after computing and beside it."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    network, _, _, _ = checked(found)
    run = next(run for run in found["hosts"] if not run["rate"])
    sums = network.sums(run["bytes"], 2, 1e9)
    whole = run["compute"] + sum(sums)
    heading = say(
        "A step of V1 on two hosts at 1 Gb/s: sums after it, or beside it",
        "V1 的一步：两台主机，1 Gb/s；求和在计算之后，或与计算同时",
    )
    d = panel(262, say("Sums while others are computed", "边计算边求和"), heading)

    def row(y: float, begin: float) -> float:
        """One step; begin: when the first sum may begin, at least.  Returns its end."""
        parts = (0.0, run["forward"] * run["compute"], run["compute"])
        names = say("forward", "前向"), say("backward", "反向")
        for name, a, b, color in zip(names, parts, parts[1:], (NORM, POINTWISE), strict=False):
            box(d, 24 + 592 * a / whole, y, 592 * (b - a) / whole, 30, color, name)
        free = begin
        for number, (share, took) in enumerate(zip(run["ready"], sums, strict=True)):
            free = max(free, share * run["compute"])
            box(d, 24 + 592 * free / whole, y + 34, 592 * took / whole, 24, DENSE)
            if 592 * took / whole > 12:
                word(d, 24 + 592 * (free + took / 2) / whole, y + 51, number + 1, 14, "middle")
            free += took
        return max(free, run["compute"])

    for y, begin, name in (
        (72, run["compute"], say("after it", "之后")),
        (168, 0.0, say("beside it", "同时")),
    ):
        end = row(y, begin)
        word(d, 24, y - 8, f"{name}: {1e3 * end:.0f} ms")
    word(d, 24, 248, say("1, 2, ...: buckets of gradients", "1、2……：梯度桶"), 14, color=SOFT)
    return d


PICTURES = {"scaling": scaling, "beside": beside}

if __name__ == "__main__":
    write(PICTURES)
