"""Draws what lies where in memory, for docs/performance.md and docs/training-step.md.

python docs/pictures/book_memory.py.  Distances come out of the engine's own `Layout`.
"""

import drawsvg as dw
from panel import (
    BLUE,
    GREEN,
    ORANGE,
    PAPER,
    PINK,
    SECOND,
    SKY,
    SOFT,
    ZERO,
    Say,
    arrow,
    box,
    frame,
    panel,
    word,
    words,
    write,
)

from npmobilenet.engine.layout import Layout


def blocks(_say: Say) -> dw.Drawing:
    """A map as NumPy has it, and as the engine has it: blocks of channels among zeros."""
    lanes, rows, columns, channels = 4, 3, 4, 8
    layout = Layout(channels // lanes, rows, columns, (1, 1, 1, 1), 4 * lanes)
    colors, high = (BLUE, ORANGE), 36
    d = panel(
        690,
        "Blocks of channels with zeros around them",
        "(H, W, C): the channels of a pixel side by side",
    )
    text = "3 rows, 4 columns, 8 channels. A cell is a vector of 4 and says where it lies."
    word(d, 24, 58, text, 14)
    for i in range(rows):
        word(d, 76, 74 + i * high + 24, f"row {i}", 14, "end")
        for j in range(columns):
            for block in range(layout.blocks):
                at = (i * columns + j) * channels + block * lanes
                box(d, 86 + (2 * j + block) * 60, 74 + i * high, 60, high, colors[block], at, 16)
            frame(d, 86 + 120 * j, 74 + i * high, 120, high)
    lines = (
        "A window that walks over one block of channels steps over all the",
        "others, and at the border it has to ask where it is.",
    )
    words(d, 24, 212, lines, 15)

    word(
        d,
        24,
        286,
        "[block][row][column][4]: every block a small map, zeros around it",
        16,
        bold=True,
    )
    top, cell, gap = 336, 46, 40
    for block in range(layout.blocks):
        left = 24 + block * ((columns + 2) * cell + gap)
        for i in range(-1, rows + 1):
            for j in range(-1, columns + 1):
                inside = 0 <= i < rows and 0 <= j < columns
                at = block * layout.plane + layout.inside + i * layout.row + j * layout.vector
                fill, label = (colors[block], at // 4) if inside else (ZERO, "0")
                box(d, left + (j + 1) * cell, top + (i + 1) * high, cell, high, fill, label, 16)
        low, last = block * lanes, block * lanes + lanes - 1
        word(d, left, top - 12, f"block {block}: channels {low} to {last}", 15)
    frame(d, 24, top, 3 * cell, 3 * high, SECOND)
    below = top + 5 * high
    text = "The 3 × 3 window of the first pixel: among zeros, no question asked"
    word(d, 24, below + 30, text, 15, color=SECOND)
    ends = (
        (1, f"a pixel: one vector = {layout.vector} bytes"),
        (columns + 2, f"a row: {columns + 2} vectors = {layout.row} bytes"),
    )
    for number, (length, said) in enumerate(ends):
        y = below + 64 + 34 * number
        arrow(d, (24, y), (24 + length * cell, y), both=True)
        word(d, 24 + length * cell + 14, y + 5, said, 15)
    word(d, 24, below + 138, f"a block: {layout.plane} bytes", 15)
    return d


def stack(d: dw.Drawing, x: float, top: float, fill: str, halo: bool) -> None:
    """Three blocks of a map, one behind the other; a band of rows coloured."""
    cell, first, last = 12, 5, 8
    for block in (2, 1, 0):
        left, y = x + 9 * block, top - 9 * block
        box(d, left, y, 120, 14 * cell, PAPER)
        if halo:
            box(d, left, y + (first - 1) * cell, 120, (last - first + 2) * cell, SKY)
        box(d, left, y + first * cell, 120, (last - first) * cell, fill)


def fused_band(_say: Say) -> dw.Drawing:
    """Depthwise and pointwise of a band of rows, the result between them never in memory."""
    d = panel(
        720,
        "The fused band: depthwise, then pointwise, through a scratch in the cache",
        "One work item: a band of rows",
    )
    top = 110
    middle = top + 6.5 * 12
    stack(d, 24, top, BLUE, halo=True)
    for block in (2, 1, 0):
        box(d, 252 + 9 * block, middle - 18 - 9 * block, 120, 36, GREEN)
    stack(d, 474, top, PINK, halo=False)
    arrow(d, (166, middle), (248, middle))
    arrow(d, (394, middle), (470, middle))
    word(d, 206, middle - 12, "1", 18, "middle", bold=True)
    word(d, 432, middle - 12, "2", 18, "middle", bold=True)
    heads = ((24, "input map,", "in memory"), (252, "scratch of this", "thread, in its L2"),
             (474, "output map,", "in memory"))  # fmt: skip
    for x, *said in heads:
        words(d, x, 118 if x == 252 else 58, said, 15)
    lines = (
        "1  depthwise, all blocks: reads the band, and the rows above and below",
        "    that its windows see (light).",
        "2  pointwise with all of w, bias, activation, residual: reads the scratch",
        "    while it is in the cache. The next band is written over it.",
        "The output's zeros for the next layer are around it already.",
    )
    words(d, 24, 314, lines, 15)
    word(d, 24, 454, "What is written and read again between the layers of a block", 16, bold=True)
    first, last = ("map", BLUE, "memory"), ("map", PINK, "memory")
    whole = ("depthwise result, all rows", ORANGE, "memory")
    expanded = ("expanded, a band", GREEN, "scratch")
    waiting = ("depthwise, a band", GREEN, "scratch")
    chains = (
        ("apart", (first, whole, last)),
        ("fused", (first, waiting, last)),
        ("fused, with", (first, expanded, waiting, last)),
    )
    for number, (kind, chain) in enumerate(chains):
        x, y = 124, 474 + 78 * number
        word(d, 24, y + 25, kind, 15)
        if number == 2:
            word(d, 24, y + 45, "expansion", 15)
        for step, (name, fill, where) in enumerate(chain):
            width = 60 if name == "map" else 210 if fill == ORANGE else 144
            if step:
                arrow(d, (x, y + 20), (x + 26, y + 20))
                x += 28
            box(d, x, y, width, 40, fill, name, 15)
            word(d, x + width / 2, y + 58, where, 14, "middle", SOFT)
            x += width + 1
    return d


def stages_of_a_step(_say: Say) -> dw.Drawing:
    """A depthwise and a pointwise convolution in both passes: what lies in memory, what is made."""
    d = panel(550, "What a training step keeps", "Forwards")
    maps, kinds = ((24, "0"), (294, "1"), (564, "2")), ((94, "depthwise"), (364, "pointwise"))
    for x, name in maps:
        box(d, x, 60, 52, 60, BLUE, f"y{name}", 17)
    word(d, 24, 142, "in memory: y, the raw sums of each layer", 14, color=SOFT)
    for x, kind in kinds:
        box(d, x, 60, 182, 60, GREEN)
        word(d, x + 91, 84, "v = act(norm(y)),", 15, "middle")
        word(d, x + 91, 106, kind, 15, "middle")
        arrow(d, (x - 17, 90), (x - 2, 90))
        arrow(d, (x + 183, 90), (x + 198, 90))
    word(
        d, 24, 164, "in the cache: v; on the way the sums of y and y² for the norm", 14, color=SOFT
    )
    word(d, 24, 218, "Backwards", 16, bold=True)
    for x, name in maps:
        box(d, x, 240, 52, 56, BLUE, f"y{name}", 17)
        box(d, x, 304, 52, 92, PINK, f"du{name}", 17)
    for x, kind in kinds:
        word(d, x + 91, 232, kind, 15, "middle", SOFT)
        box(d, x, 240, 182, 36, GREEN, "v, made again from y", 15)
        box(d, x, 284, 182, 36, GREEN, "dy, from du and y", 15)
        box(d, x, 328, 182, 36, ORANGE, "dw and dv, from both", 15)
        word(d, x + 91, 388, "du = dv · slope", 15, "middle")
        arrow(d, (x + 198, 312), (x + 184, 312))
        arrow(d, (x - 17, 258), (x - 2, 258))
        arrow(d, (x - 2, 346), (x - 16, 346))
    lines = (
        "Blue and pink lie in memory and are written once; green and orange are",
        "some pixels at a time, in a thread's scratch.",
        "Each du is multiplied by its activation's slope when it is stored, and",
        "its sums Σ du and Σ du (y - centre) are taken: those of batch",
        "normalisation, which makes dy of it while it is read.",
    )
    words(d, 24, 440, lines, 15)
    return d


PICTURES = {"blocks": blocks, "fused-band": fused_band, "stages-of-a-step": stages_of_a_step}

if __name__ == "__main__":
    write(PICTURES)
