"""Draws how a product is computed, for docs/performance.md: python docs/pictures/book_fast.py.

The engine's own code has put the elements where the pictures show them: those in the micropanels come
out of `pack.panels`.  Picture and program cannot part.
"""

from itertools import pairwise

import drawsvg as dw
import numpy as np
from numpy.typing import NDArray
from panel import (
    BLUE,
    GREEN,
    ORANGE,
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

from npmobilenet.engine import pack


def register_tile(_say: Say) -> dw.Drawing:
    """6 pixels by 4 vectors: the sums stay, the weights and one element pass by."""
    rows, vectors = 6, 4
    title = "The microkernel of a product: 6 pixels by 4 vectors of sums"
    d = panel(560, title, "One step of the loop over K")
    left, top, wide, high = 136, 134, 116, 40
    word(d, left, 62, f"row k of the micropanel: {vectors} loads", 15)
    words(d, 24, 84, (f"x[·, k]: {rows}", "elements,", "each broadcast"), 14)
    for v in range(vectors):
        box(d, left + v * wide, 74, wide, 34, ORANGE, f"w[k, {v}]", 16)
        arrow(d, (left + (v + 0.5) * wide, 109), (left + (v + 0.5) * wide, top - 2))
    for r in range(rows):
        y = top + r * high
        box(d, 24, y, 78, high, GREEN, f"x[{r}, k]", 16)
        arrow(d, (103, y + high / 2), (left - 2, y + high / 2))
        for v in range(vectors):
            box(d, left + v * wide, y, wide, high, BLUE, f"sum[{r}][{v}]", 16)
    frame(d, left, top, vectors * wide, rows * high)
    word(d, 24, 406, "sum[r][v] += x[r, k] · w[k, v]", 17, bold=True)
    word(d, 320, 406, "one instruction each; v: a vector", 15, color=SOFT)
    lines = (
        f"{rows * vectors} registers hold the sums during the loop: none is loaded or stored in it.",
        f"Each step of K: {vectors} + {rows} = {vectors + rows} loads, {vectors} × {rows} = "
        f"{vectors * rows} multiply-adds of whole vectors.",
        "Before the loop: sums = bias.",
        f"After it: activation, residual, then {rows * vectors} stores.",
    )
    for number, text in enumerate(lines):
        word(d, 24, 444 + 30 * number, text, 14)
    return d


def packed_panel(_say: Say) -> dw.Drawing:
    """A small matrix and the order in which its elements lie in memory, by the packer itself."""
    lanes, unroll, depth, filters = 2, 4, 3, 9
    vectors, full = pack.up(filters, lanes) // lanes, pack.up(depth, unroll)
    main, split, _ = pack.cut(vectors, (1, 2))
    w = np.arange(1, depth * filters + 1, dtype=np.float32).reshape(depth, filters)
    memory = pack.panels(w, lanes, unroll, main, split).astype(int)
    edges = [*range(0, split * lanes, main * lanes), split * lanes, vectors * lanes]
    panels, colors, cell = list(pairwise(edges)), (BLUE, GREEN, ORANGE), 42

    d = panel(
        730,
        "Micropanels: weights in the order in which they are read",
        "w (K, O) as NumPy has it: row by row",
    )
    word(d, 24, 58, "K = 3, O = 9, vectors of 2. A cell says where its element lies in memory.", 14)
    for (a, b), color in zip(panels, colors, strict=True):
        places = np.arange(depth * filters).reshape(depth, filters)[:, a:b]
        cells(d, 90 + a * cell, 98, cell, color, places)
        last = min(b, filters) - 1
        said = f"{a} to {last}" if last > a else str(a)
        word(d, 90 + (a + last + 1) / 2 * cell, 88, said, 14, "middle")
    word(d, 80, 88, "filters", 14, "end")
    for k in range(depth):
        word(d, 80, 98 + k * cell + 26, f"k = {k}", 14, "end")
    lines = (
        "With 2 vectors the loop wants, for each k, four elements of row k,",
        "then four of row k + 1, a whole row of w further on.",
    )
    words(d, 24, 256, lines, 15)

    word(d, 24, 322, "The same weights as micropanels", 16, bold=True)
    text = "Each panel in one piece, top to bottom. A cell says where its element lies now."
    word(d, 24, 348, text, 14)
    start, at = 90.0, 0
    for number, ((a, b), color) in enumerate(zip(panels, colors, strict=True)):
        size = full * (b - a)
        places = np.where(memory[at : at + size] > 0, np.arange(at, at + size), -1)
        cells(d, start, 388, cell, color, places.reshape(full, b - a))
        word(d, start + (b - a) * cell / 2, 378, f"panel {number}", 14, "middle")
        start, at = start + (b - a) * cell + 26, at + size
    for k in range(full):
        word(d, 80, 388 + k * cell + 26, f"k = {k}", 14, "end")
    below = 388 + full * cell
    arrow(d, (90, below + 22), (start - 26, below + 22))
    word(d, 90, below + 46, "and so through all of them, each element once", 14, color=SOFT)
    further = (
        "The loop reads on and on: the next address is always the next element.",
        "K is filled up with zeros to whole turns of the loop (here 4 of K), the",
        "filters to whole vectors. Zeros add nothing. What is left over of the",
        "vectors is a narrower panel.",
    )
    words(d, 24, below + 86, further, 15)
    return d


def cells(
    d: dw.Drawing, x: float, y: float, cell: float, fill: str, places: NDArray[np.int64]
) -> None:
    """Cells with the places of their elements, in a frame; -1 is a zero that fills up."""
    for (i, j), place in np.ndenumerate(places):
        left, top = x + j * cell, y + i * cell
        if place < 0:
            box(d, left, top, cell, cell, ZERO, "zero", 14)
        else:
            box(d, left, top, cell, cell, fill, place, 16)
    frame(d, x, y, places.shape[1] * cell, len(places) * cell)


PICTURES = {"register-tile": register_tile, "packed-panel": packed_panel}

if __name__ == "__main__":
    write(PICTURES)
