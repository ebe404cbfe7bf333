"""Draws how bytes are multiplied, for docs/integers-engine.md: python docs/pictures/book_integers.py.

Where the taps lie comes from the packer (`placements`), the order of bytes from the arithmetic of their
places.  Picture and program cannot part.
"""

import drawsvg as dw
from panel import (
    BLUE,
    GREEN,
    ORANGE,
    SOFT,
    YELLOW,
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

from npmobilenet.kernels.simd.integer.window import placements

TAPS = "abcde"


def quads(_say: Say) -> dw.Drawing:
    """Four pixels in memory, in order as quads, and the taps of two outputs that meet them."""
    channels, cell = 4, 34
    colors = (BLUE, GREEN, ORANGE, YELLOW)
    d = panel(510, "Quads: four pixels of one channel in a lane", "In memory: pixel after pixel")
    for p in range(4):
        left = 24 + p * (channels * cell + 12)
        for c in range(channels):
            box(d, left + c * cell, 52, cell, cell, colors[p], f"{'pqrs'[c]}{p}", 14)
        word(d, left + channels * cell / 2, 106, f"pixel {p}", 14, "middle")
    arrow(d, (92, 116), (92, 146))
    word(d, 112, 137, "one load, one instruction to put them in order", 14, color=SOFT)
    word(d, 24, 172, "In the register: a lane for each channel", 16, bold=True)
    for c in range(channels):
        left = 24 + c * (4 * cell + 12)
        for p in range(4):
            box(d, left + p * cell, 186, cell, cell, colors[p], f"{'pqrs'[c]}{p}", 14)
        frame(d, left, 186, 4 * cell, cell)
        word(d, left + 2 * cell, 240, f"channel {'pqrs'[c]}", 14, "middle")
    word(d, 24, 282, "A row a b c of a 3 × 3 filter, stride 1, as two quads of taps", 16, bold=True)
    for shift, taps in enumerate(placements(3, 1)):
        y = 298 + shift * 54
        for t, tap in enumerate(taps[0]):
            found = f"{TAPS[tap]}" if tap >= 0 else "0"
            box(d, 24 + t * cell, y, cell, cell, ZERO if tap < 0 else "#ffffff", found, 16)
        frame(d, 24, y, 4 * cell, cell)
        sums = " + ".join(f"{TAPS[tap]}·p{t}" for t, tap in enumerate(taps[0]) if tap >= 0)
        word(d, 184, y + 22, f"output {shift} += {sums}", 15)
    lines = (
        "Each is one instruction for all channels of the register.",
        "Two outputs share a load: 3 × 3 filters take 3 multiplying instructions",
        "and 1.5 loads for a vector of outputs.  Of their 12 products 9 count.",
        "A 5 × 5 row is two quads, and four outputs share them.",
    )
    words(d, 24, 432, lines, 14)
    return d


PICTURES = {"quads": quads}

if __name__ == "__main__":
    write(PICTURES)
