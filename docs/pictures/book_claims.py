"""Draws chapter 14 of the book: python docs/pictures/book_claims.py."""

from collections import Counter

import drawsvg as dw
from panel import ACTIVATION, DEPTHWISE, SKY, YELLOW, Say, box, panel, word, write

from npmobilenet.evidence.claims import VERDICTS, check

NAMES = {
    "tutorial-a": ("tutorial a", "教程 a"),
    "tutorial-b": ("tutorial b", "教程 b"),
    "tutorial-c": ("tutorial c", "教程 c"),
    "tutorial-d": ("tutorial d", "教程 d"),
    "tutorial-e": ("tutorial e", "教程 e"),
    "course": ("a course", "一门课程"),
    "v1": ("V1's paper", "V1 论文"),
    "v2": ("V2's paper", "V2 论文"),
    "v3": ("V3's paper", "V3 论文"),
    "keras": ("Keras", "Keras"),
    "tf": ("TensorFlow", "TensorFlow"),
    "torchvision": ("torchvision", "torchvision"),
    "paddle": ("PaddleClas", "PaddleClas"),
    "eight-bits": ("eight bits", "八位整数"),
}
COLORS = dict(zip(VERDICTS, (ACTIVATION, YELLOW, SKY, DEPTHWISE), strict=True))
SAID = dict(zip(VERDICTS, ("对", "对一半", "看情况", "错"), strict=True))
ROW, LEFT, UNIT = 30, 130, 25


def verdicts(say: Say) -> dw.Drawing:
    """A bar for each source, as long as it has claims, cut by verdict."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    for checked in check():
        counts[checked.claim.source][checked.finding.verdict] += 1
    d = panel(
        110 + ROW * len(NAMES),
        say("What was claimed, by source and verdict", "各个来源的说法与评判"),
        say("Claims by source and verdict", "各个来源的说法与评判"),
    )
    x = LEFT
    for verdict, color in COLORS.items():
        box(d, x, 50, 18, 18, color)
        word(d, x + 26, 64, say(verdict, SAID[verdict]), 14)
        x += 116
    for row, (name, words) in enumerate(NAMES.items()):
        y = 86 + ROW * row
        word(d, LEFT - 10, y + 17, say(*words), 14, "end")
        at = LEFT
        for verdict, color in COLORS.items():
            number = counts[name][verdict]
            if number:
                box(d, at, y, UNIT * number, 24, color, number, 14)
            at += UNIT * number
    return d


PICTURES = {"verdicts": verdicts}

if __name__ == "__main__":
    write(PICTURES)
