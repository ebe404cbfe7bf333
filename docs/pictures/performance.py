"""Draws the pictures of docs/performance.md: python docs/pictures/performance.py

Where a picture shows an order in memory, the engine's own code has put the elements there: those in
the micropanels come out of `pack.panels`, distances out of `Layout`.  Picture and program cannot part.
"""

from itertools import pairwise

import numpy as np
from drawing import BLUE, FAINT, GREEN, GREY, ORANGE, PINK, SKY, Drawing, write
from numpy.typing import NDArray

from npmobilenet.engine import pack
from npmobilenet.engine.layout import Layout


def register_tile() -> Drawing:
    """6 pixels by 4 vectors: the sums stay, the weights and one element pass by."""
    rows, vectors = 6, 4
    d = Drawing(960, 470, "The microkernel of a product: 6 pixels by 4 vectors of sums")
    left, top, wide, high = 230, 140, 112, 40
    d.text(20, 30, "One step of the loop over K", bold=True, size=17)
    d.text(left, 70, f"row k of the micropanel: {vectors} loads")
    d.lines(20, 86, [f"x[·, k]: {rows} elements,", f"{rows} loads, each", "broadcast to all lanes"])
    for v in range(vectors):
        d.box(left + v * wide, 82, wide, 32, ORANGE, f"w[k, {v}]")
        d.arrow(left + (v + 0.5) * wide, 114, left + (v + 0.5) * wide, top - 2)
    for r in range(rows):
        y = top + r * high
        d.box(110, y, 64, high, GREEN, f"x[{r}, k]")
        d.arrow(176, y + high / 2, left - 2, y + high / 2)
        for v in range(vectors):
            d.box(left + v * wide, y, wide, high, BLUE, f"sum[{r}][{v}]")
    d.frame(left, top, vectors * wide, rows * high)
    right = left + vectors * wide + 24
    d.text(right, 156, f"{rows * vectors} registers", bold=True)
    d.lines(
        right,
        180,
        ["hold the sums during the", "whole loop: none is loaded", "or stored inside it"],
    )
    d.text(right, 262, "each step of K", bold=True)
    d.lines(
        right, 286,
        [f"{vectors} + {rows} = {vectors + rows} loads",
         f"{vectors} × {rows} = {vectors * rows} multiply-adds,", "each of a whole vector"],
    )  # fmt: skip
    d.text(right, 368, "around the loop", bold=True)
    d.lines(right, 392, ["before: sums = bias", "after: activation, residual,",
                         f"then {rows * vectors} stores"])  # fmt: skip
    d.text(left, top + rows * high + 30, "sum[r][v] += x[r, k] · w[k, v]", size=15)
    d.text(left, top + rows * high + 54, "one instruction each; v counts vectors", color=FAINT)
    return d


def packed_panel() -> Drawing:
    """A small matrix and the order in which its elements lie in memory, by the packer itself."""
    lanes, unroll, depth, filters = 2, 4, 3, 9
    vectors, full = pack.up(filters, lanes) // lanes, pack.up(depth, unroll)
    main, split, _ = pack.cut(vectors, (1, 2))
    w = np.arange(1, depth * filters + 1, dtype=np.float32).reshape(depth, filters)
    memory = pack.panels(w, lanes, unroll, main, split).astype(int)
    edges = [*range(0, split * lanes, main * lanes), split * lanes, vectors * lanes]
    panels, colors, cell = list(pairwise(edges)), (BLUE, GREEN, ORANGE), 42

    d = Drawing(1030, 580, "Micropanels: weights in the order in which they are read")
    d.text(20, 30, "w (K, O) as NumPy has it: row by row", bold=True, size=17)
    d.text(20, 52, "K = 3, O = 9, vectors of 2. A cell says where its element lies in memory.")
    for (a, b), color in zip(panels, colors, strict=True):
        places = np.arange(depth * filters).reshape(depth, filters)[:, a:b]
        grid(d, 90 + a * cell, 96, cell, color, places)
        last = min(b, filters) - 1
        words = f"{a} to {last}" if last > a else a
        d.text(90 + (a + last + 1) / 2 * cell, 86, words, "middle", 13)
    d.text(80, 86, "filters", "end", 13)
    for k in range(depth):
        d.text(80, 96 + k * cell + 26, f"k = {k}", "end", 13)
    d.lines(
        540, 112,
        ["With 2 vectors it wants, for each k, four", "elements of row k, then four of row k + 1,",
         "a whole row of w further on."],
    )  # fmt: skip

    d.text(20, 276, "the same weights as micropanels", bold=True, size=17)
    d.text(
        20, 298, "Each panel in one piece, top to bottom. A cell says where its element lies now."
    )
    start, at = 90.0, 0
    for number, ((a, b), color) in enumerate(zip(panels, colors, strict=True)):
        size = full * (b - a)
        places = np.where(memory[at : at + size] > 0, np.arange(at, at + size), -1)
        grid(d, start, 338, cell, color, places.reshape(full, b - a))
        d.text(start + (b - a) * cell / 2, 328, f"micropanel {number}", "middle", 13)
        start, at = start + (b - a) * cell + 26, at + size
    for k in range(full):
        d.text(80, 338 + k * cell + 26, f"k = {k}", "end", 13)
    d.lines(
        620, 356,
        ["The loop reads on and on: the next", "address is always the next element.", "",
         "K is filled up with zeros to whole turns of", "the loop (here 4 of K), the filters to whole",
         "vectors. Zeros add nothing. What is left", "over of the vectors is a narrower one."],
    )  # fmt: skip
    d.arrow(90, 338 + full * cell + 24, start - 26, 338 + full * cell + 24)
    d.text(90, 338 + full * cell + 48, "and so through all of them, each element once", color=FAINT)
    return d


def grid(d: Drawing, x: float, y: float, cell: float, fill: str, places: NDArray[np.int64]) -> None:
    """Cells with the places of their elements, in a frame; -1 is a zero that fills up."""
    for (i, j), place in np.ndenumerate(places):
        left, top = x + j * cell, y + i * cell
        if place < 0:
            d.box(left, top, cell, cell, GREY, "zero", size=12)
        else:
            d.box(left, top, cell, cell, fill, place)
    d.frame(x, y, places.shape[1] * cell, len(places) * cell)


def blocks() -> Drawing:
    """A map as NumPy has it, and as the engine has it: blocks of channels among zeros."""
    lanes, rows, columns, channels = 4, 3, 4, 8
    layout = Layout(channels // lanes, rows, columns, (1, 1, 1, 1), 4 * lanes)
    colors, cell = (BLUE, ORANGE), 54
    d = Drawing(1000, 580, "Blocks of channels with zeros around them")
    d.text(20, 30, "(H, W, C): the channels of a pixel side by side", bold=True, size=17)
    d.text(20, 52, "3 rows, 4 columns, 8 channels. A cell is a vector of 4 and says where it lies.")
    for i in range(rows):
        for j in range(columns):
            for block in range(layout.blocks):
                at = (i * columns + j) * channels + block * lanes
                d.box(90 + (2 * j + block) * cell, 70 + i * 40, cell, 40, colors[block], at)
            d.frame(90 + 2 * j * cell, 70 + i * 40, 2 * cell, 40)
    for i in range(rows):
        d.text(80, 70 + i * 40 + 25, f"row {i}", "end", 13)
    d.lines(
        560, 90,
        ["A window that walks over one block of", "channels steps over all the others, and at",
         "the border it has to ask where it is."],
    )  # fmt: skip

    d.text(
        20,
        236,
        "[block][row][column][4]: every block a small map, zeros around it",
        bold=True,
        size=17,
    )
    top, gap = 286, 70
    for block in range(layout.blocks):
        left = 90 + block * ((columns + 2) * cell + gap)
        for i in range(-1, rows + 1):
            for j in range(-1, columns + 1):
                inside = 0 <= i < rows and 0 <= j < columns
                at = block * layout.plane + layout.inside + i * layout.row + j * layout.vector
                fill, label = (colors[block], at // 4) if inside else (GREY, "zeros")
                d.box(left + (j + 1) * cell, top + (i + 1) * 40, cell, 40, fill, label,
                      size=13 if inside else 12)  # fmt: skip
        low, high = block * lanes, block * lanes + lanes - 1
        d.text(left, top - 10, f"block {block}: channels {low} to {high}", size=14)
    d.frame(90, top, 3 * cell, 3 * 40, "#c03030")
    d.text(90, top + 5 * 40 + 24, "3 × 3 window of the first pixel: among zeros, no question asked",
           color="#c03030")  # fmt: skip
    width, below = (columns + 2) * cell, top + 5 * 40 + 48
    d.arrow(90, below, 90 + width, below, both=True)
    d.text(90, below + 22, f"a row: {columns + 2} vectors = {layout.row} bytes", size=13)
    d.arrow(90 + width + gap, below, 90 + width + gap + cell, below, both=True)
    d.text(90 + width + gap, below + 22,
           f"a pixel: one vector; a block further: {layout.plane} bytes", size=13)  # fmt: skip
    return d


def fused_band() -> Drawing:
    """Depthwise and pointwise of a band of rows, the result between them never in memory."""
    d = Drawing(
        1000, 640, "The fused band: depthwise, then pointwise, through a scratch in the cache"
    )
    d.text(20, 30, "One work item: a band of rows", bold=True, size=17)
    cell, top = 13, 110

    def stack(x: float, fill: str, band: tuple[int, int], halo: int, title: str) -> None:
        """Three blocks of a map, one behind the other; the band's rows coloured."""
        d.text(x, top - 44, title, bold=True)
        for block in (2, 1, 0):
            left, y = x + 10 * block, top - 10 * block
            d.box(left, y, 12 * cell, 14 * cell, "#ffffff")
            first, last = band
            if halo:
                d.box(
                    left,
                    y + (first - halo) * cell,
                    12 * cell,
                    (last - first + 2 * halo) * cell,
                    SKY,
                )
            d.box(left, y + first * cell, 12 * cell, (last - first) * cell, fill)

    stack(40, BLUE, (5, 8), 1, "input map, in memory")
    stack(800, PINK, (5, 8), 0, "output map, in memory")
    y = top + 6.5 * cell
    d.text(310, top - 44, "scratch of this thread, in its L2", bold=True)
    for block in (2, 1, 0):
        d.box(400 + 10 * block, y - 30 - 10 * block, 12 * cell, 3 * cell, GREEN)
    d.arrow(224, y, 396, y)
    d.arrow(582, y, 796, y)
    d.lines(236, y + 22, ["1. depthwise,", "all blocks"], size=13)
    d.lines(592, y + 22, ["2. pointwise, all of w;", "bias, activation, residual"], size=13)
    d.lines(
        40, 330,
        ["band of rows, and the rows", "above and below that its", "windows see (light)"], size=13,
    )  # fmt: skip
    d.lines(
        340, 330,
        ["the depthwise result of the band alone:", "it is read while it is still in the cache,",
         "and the next band is written over it"], size=13,
    )  # fmt: skip
    d.lines(
        800, 330, ["the same rows; the next", "layer's zeros are around", "them already"], size=13
    )
    d.text(
        20, 426, "What is written and read again between the layers of a block", bold=True, size=17
    )
    first, last = ("map", BLUE, "memory"), ("map", PINK, "memory")
    whole = ("depthwise result, all rows", ORANGE, "memory")
    expanded = ("expanded, what a band sees", GREEN, "scratch")
    waiting = ("depthwise result, a band", GREEN, "scratch")
    chains = (
        ("apart", (first, whole, last)),
        ("fused", (first, waiting, last)),
        ("fused, with expansion", (first, expanded, waiting, last)),
    )
    for line, (words, chain) in enumerate(chains):
        x, y = 200.0, 446.0 + 62 * line
        d.text(20, y + 25, words)
        for number, (name, fill, where) in enumerate(chain):
            width = 70 if name == "map" else 220
            if number:
                d.arrow(x, y + 20, x + 34, y + 20)
                x += 36
            d.box(x, y, width, 40, fill, name)
            d.text(x + width / 2, y + 54, where, "middle", 11.5, FAINT)
            x += width + 2
    return d


PICTURES = {
    "register-tile": register_tile,
    "packed-panel": packed_panel,
    "blocks": blocks,
    "fused-band": fused_band,
}


if __name__ == "__main__":
    write(PICTURES)
