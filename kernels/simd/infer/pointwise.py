"""Pointwise convolutions and dense layers: y = activation(x @ w + bias) + added.

A work item is some pixels of a map and some micropanels; or a band of rows, of which one end is in the
member's scratch:

    x_scratch    x is the band that a depthwise convolution has left there
    y_scratch    y is what the windows of a band will see: an expansion that is never whole in memory

A stage calls one routine for the micropanels of its main width, and one for the rest.
"""

from ..isa.lanes import BYTES
from ..runtime.parts import made, part, span
from ..runtime.work_item import descriptor, stage
from ..tiles import gemm
from ..tuning import GRAIN, PANEL_LINES_AHEAD, TILES, UNROLL

PRODUCT = descriptor(
    # places, and bytes from block to block; y_at: table of byte offsets of y's pixels
    "x x_plane y y_plane y_at rows columns added added_plane added_at"
    # all micropanels; turns of the loop over K; first .. last: the vectors of this call
    " w bias turns activation first last"
    # whole maps: how the pixels, and how the panels are shared out; panels of calls before this one
    " pixel_chunks panel_chunks panels_before"
    # bands: rows from band to band, rows in one, and rows that the first begins above the map
    " x_scratch y_scratch band tall above",
    floats="low high",
)


def _panel(vectors):
    """Some pixels, one micropanel."""
    rows = TILES[vectors]
    many, half, one = (gemm.pointwise(r, vectors) for r in (rows, rows // 2, 1))

    @part
    @made("panel", vectors)
    def panel(s, x, w, bias, added, added_at, y, y_at, first, last):
        p, ahead = first, w + s.turns * UNROLL * vectors * BYTES
        epilogue = s.activation, s.low, s.high, added
        while p < last:
            # what is left over is taken together with pixels done before: the same elements again,
            # by the same thread, and fewer microkernels
            wide, some = last - p > rows // 2 and last - first >= rows, last - first >= rows // 2
            count = rows if wide else rows // 2 if some else 1
            p = min(p, last - count)
            given = (bias, x + p * BYTES, s.x_plane, s.turns, w, ahead, *epilogue,
                     added_at + 4 * p, s.added_plane, y, y_at + 4 * p, s.y_plane)  # fmt: skip
            if wide:
                many(*given)
                ahead += s.turns * 64 * PANEL_LINES_AHEAD
            elif some:
                half(*given)
            else:
                one(*given)
            p += count

    return panel


def _product(vectors):
    panel = _panel(vectors)

    @stage(PRODUCT)
    @made("product", vectors)
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
                x += low * s.columns * BYTES
                y_base, y_at = b.scratch + y_base, y_at + 4 * (low - top) * s.columns
        else:
            chunk, piece = item // s.panel_chunks, item % s.panel_chunks
            pixels = s.rows * s.columns
            first, last = span(pixels, chunk, s.pixel_chunks, GRAIN)
            if s.panel_chunks > 1:  # one micropanel only
                block += (piece - s.panels_before) * vectors
                if block < s.first or block >= s.last:
                    return
                blocks = block + vectors
        while block < blocks:
            w, bias = s.w + block * s.turns * UNROLL * BYTES, s.bias + block * BYTES
            added = s.added + block * s.added_plane if s.added else 0
            panel(s, x, w, bias, added, added_at, y_base + block * s.y_plane, y_at, first, last)
            block += vectors

    return product


products = {v: _product(v) for v in TILES}
