"""Pointwise and standard convolutions, and dense layers, of bytes.

The microkernel is that of tiles/gemm.py with quads for elements: mr pixels by nr vectors of filters,
whose sums stay in registers; one step of K loads nr vectors of w, and of each pixel four channels, which
go to every lane.

    for t in range(turns):                     x_at[t]: where the next few quads of x lie
        for k in range(quads):                 w: [turns][quads][nr vectors of quads]
            for r in range(mr):
                for v in range(nr):
                    sum[r][v] = dot(sum[r][v], x[x_at[t]][r][k], w[t][k][v])

A table says where x is read, so the loop does not know whether it walks over the blocks of a map or
through a window; and a block in which some weight takes more than a signed byte stands there twice, with
two weights that together make it.  Only micropanels with such a weight walk on to the second time.
"""

from typing import Any

from ..isa import llvm
from ..isa.lanes import BYTES, LANES
from ..isa.llvm import INT32, INT64, after, load, loop
from ..isa.vector import offset_at
from ..runtime.parts import made, part, span
from ..runtime.work_item import descriptor, stage
from ..tiles.microkernel import microkernel, phase
from ..tuning import GRAIN, TILES
from .quads import INTS, broadcast, dot
from .requantise import (
    DOUBLE,
    EXACT,
    SINGLE,
    VECTORS,
    from_bias,
    requantised,
)
from .residual import residual
from .stores import planes, scattered

QUADS = LANES // 4  # in a pixel's part of a block: a turn of a product over maps


def walked(quads, pixel=None):
    """x_at: int32 byte offsets, one for each turn; x_pixel: bytes from pixel to pixel, if not known."""

    @phase("x" + " x_pixel" * (pixel is None) + " turns x_at w")
    def emit(builder, given, sums):
        nr, x_pixel = given.nr, given.x_pixel if pixel is None else pixel

        def turn(number, carried):
            there, *sums = carried
            at = builder.add(given.x_at, builder.mul(number, INT64(4)))
            here = builder.add(given.x, llvm.offset_at(builder, at))
            for k in range(quads):
                weights = [load(builder, INTS, there, (k * nr + v) * BYTES) for v in range(nr)]
                for r in range(given.mr):
                    place = after(builder, here, x_pixel, r)
                    quad = broadcast(builder, load(builder, INT32, place, 4 * k, align=1))
                    for v, weight in enumerate(weights, r * nr):
                        sums[v] = dot(builder, sums[v], quad, weight)
            return [after(builder, there, quads * nr * BYTES), *sums]

        return loop(builder, given.turns, [given.w, *sums], turn)[1:]

    return emit


def pointwise(mr, nr, rounding):
    """y = requantise(x @ w + bias), with a map added to it where there is one."""
    added = residual(DOUBLE if rounding == EXACT else rounding)
    walk, last = walked(QUADS, LANES), (added, scattered)
    return microkernel((mr, nr), from_bias(rounding), walk, requantised(rounding), *last)


def convolution(mr, nr, quads, rounding, pixel):
    """y = requantise(windows of x @ w + bias); pixels of y are neighbours."""
    walk = walked(quads, pixel)
    return microkernel((mr, nr), from_bias(rounding), walk, requantised(rounding), planes)


# --- stages ----------------------------------------------------------------------------------------

PRODUCT = descriptor(
    # places, bytes from block to block; tables of byte offsets: x's turns, y's and the added's pixels;
    # turns: table of how many each vector of filters takes
    "x turns x_at y y_plane y_at rows columns added added_plane added_at adding"
    # all micropanels, bytes of one vector of one; first .. last: the vectors of this call
    " w w_vector constants zero bottom top first last"
    # whole maps: how the pixels, and how the panels are shared out; panels of calls before this one
    " pixel_chunks panel_chunks panels_before"
    # bands: rows from band to band, rows in one, and rows that the first begins above the map
    " x_scratch y_scratch band tall above"
)
CONVOLUTION = descriptor(
    # x: bytes from window to window, along and down
    "x x_pixel x_row turns x_at w w_vector constants vectors zero bottom top"
    " y y_plane y_row rows columns band"
)
RGB = 6  # x_pixel of three channels, stride 2: how images begin


def _panel(vectors, rounding):
    """Some pixels, one micropanel."""
    rows = TILES[vectors]
    many, half, one = (pointwise(r, vectors, rounding) for r in (rows, rows // 2, 1))

    @part
    @made("panel", rounding, vectors)
    def panel(s, turns, x, w, constants, added, y_base, first, last, y_at, added_at):
        p = first
        while p < last:
            # what is left over is taken together with pixels done before: the same bytes again
            wide, some = last - p > rows // 2 and last - first >= rows, last - first >= rows // 2
            count = rows if wide else rows // 2 if some else 1
            p = min(p, last - count)
            given = (constants, x + p * LANES, turns, s.x_at, w, s.zero, s.bottom, s.top, added,
                     added_at + 4 * p, s.added_plane, s.adding, y_base, y_at + 4 * p,
                     s.y_plane)  # fmt: skip
            if wide:
                many(*given)
            elif some:
                half(*given)
            else:
                one(*given)
            p += count

    return panel


def _product(vectors, rounding):
    panel, constant = _panel(vectors, rounding), VECTORS[rounding] * BYTES

    @stage(PRODUCT)
    @made("product", rounding, vectors)
    def product(s, b, item):
        """The micropanels of `vectors` vectors."""
        x, y_base, y_at, added_at = s.x, s.y, s.y_at, s.added_at
        block, blocks = s.first, s.last
        if s.x_scratch or s.y_scratch:
            top = item * s.band - s.above
            low, high = max(0, top), min(s.rows, top + s.tall)
            first, last = 0, (high - low) * s.columns
            if s.x_scratch:
                x += b.scratch
                y_at, added_at = y_at + 4 * low * s.columns, added_at + 4 * low * s.columns
            else:
                x += low * s.columns * LANES
                y_base, y_at = b.scratch + y_base, y_at + 4 * (low - top) * s.columns
        else:
            chunk, piece = item // s.panel_chunks, item % s.panel_chunks
            first, last = span(s.rows * s.columns, chunk, s.pixel_chunks, GRAIN)
            if s.panel_chunks > 1:  # one micropanel only
                block += (piece - s.panels_before) * vectors
                if block < s.first or block >= s.last:
                    return
                blocks = block + vectors
        while block < blocks:
            turns = offset_at(s.turns + 4 * block)
            panel(s, turns, x, s.w + block * s.w_vector, s.constants + block * constant,
                  s.added + block * s.added_plane, y_base + block * s.y_plane,
                  first, last, y_at, added_at)  # fmt: skip
            block += vectors

    return product


def _row(vectors, quads, rounding, pixel):
    """One row of the output, one micropanel."""
    rows = TILES[vectors]
    many, one = (convolution(r, vectors, quads, rounding, pixel) for r in (rows, 1))
    known = pixel is not None

    @part
    @made("row", rounding, vectors, quads, pixel or 0)
    def row(s, x, w, constants, y):
        j = 0
        while j < s.columns:
            wide = s.columns >= rows
            j = min(j, s.columns - rows) if wide else j  # the last few once more
            here, there = x + j * s.x_pixel, y + j * LANES
            far = s.turns, s.x_at, w, s.zero, s.bottom, s.top, there, s.y_plane
            if wide:
                if known:
                    many(constants, here, *far)
                else:
                    many(constants, here, s.x_pixel, *far)
                j += rows
            else:
                if known:
                    one(constants, here, *far)
                else:
                    one(constants, here, s.x_pixel, *far)
                j += 1

    return row


def _convolution(quads, rounding, pixel):
    wide, narrow = (_row(v, quads, rounding, pixel) for v in (2, 1))
    constant = VECTORS[rounding] * BYTES

    @stage(CONVOLUTION)
    @made("convolution", rounding, quads, pixel or 0)
    def convolved(s, b, item):
        """A band of rows."""
        for i in range(item * s.band, min(s.rows, (item + 1) * s.band)):
            x = s.x + i * s.x_row
            for block in range(0, s.vectors, 2):
                w, constants = s.w + block * s.w_vector, s.constants + block * constant
                y = s.y + block * s.y_plane + i * s.y_row
                if block + 2 <= s.vectors:
                    wide(s, x, w, constants, y)
                else:
                    narrow(s, x, w, constants, y)

    return convolved


ROUNDINGS = (SINGLE, DOUBLE, EXACT)
products = {(rounding, v): _product(v, rounding) for rounding in ROUNDINGS for v in TILES}
_convolutions = {
    (rounding, *kind): _convolution(kind[0], rounding, kind[1] or None)
    for rounding in ROUNDINGS
    for kind in sorted({(1, 0), (1, RGB), (QUADS, 0)})
}


def convolutions(rounding: str, quads: int, x_pixel: int) -> Any:
    """Turns of QUADS over the blocks of maps, of single quads over images."""
    known = RGB if (quads, x_pixel) == (1, RGB) else 0
    return _convolutions[rounding, quads, known]
