"""Stages of a network in which products do the work, each for one unit: a band of pixels, some channels.

A map lies in blocks of LANES channels, each a small picture [H][W][LANES] of its own, with the zeros
around it that its reader's window wants.  The record `s` says where everything is, counted from the
addresses in `b`; both are defined in unit.py.  A stage may be several units in a row: the window of a
band (stage_windows.py) and then its product.
"""

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES, TILES
from .pieces import filled, part, share
from .product import AHEAD, STEPS, convolution_tile, product_tile
from .unit import unit
from .vector import splat, store

GRAIN = 6  # pixels: work is not cut finer


# what the templates below leave open
vectors, rows, many, half, one, panel = 0, 0, None, None, None, None


def panel_pixels(s, x, x_plane, w, bias, add_to, add_at, y, at, first, last):
    """Pixels first .. last - 1 of one panel of so many vectors."""
    p, ahead = first, w + s.turns * STEPS * vectors * BYTES
    while p < last:
        # what is left over is taken together with pixels done before: the same numbers again,
        # by the same thread, and fewer kinds of tiles
        if last - p > rows // 2 and last - first >= rows:
            p = min(p, last - rows)
            many(x + p * BYTES, x_plane, s.turns, w, ahead, bias, s.wide_activation,
                 s.wide_low, s.wide_high, add_to, add_at + 4 * p, s.added_plane, y, at + 4 * p,
                 s.y_plane)  # fmt: skip
            p += rows
            ahead += s.turns * 64 * AHEAD
        elif last - first >= rows // 2:
            p = min(p, last - rows // 2)
            half(x + p * BYTES, x_plane, s.turns, w, ahead, bias, s.wide_activation,
                 s.wide_low, s.wide_high, add_to, add_at + 4 * p, s.added_plane, y, at + 4 * p,
                 s.y_plane)  # fmt: skip
            p += rows // 2
        else:
            one(x + p * BYTES, x_plane, s.turns, w, ahead, bias, s.wide_activation,
                s.wide_low, s.wide_high, add_to, add_at + 4 * p, s.added_plane, y, at + 4 * p,
                s.y_plane)  # fmt: skip
            p += 1


def product(stage, bases, number):
    """y = act(x @ w + bias) + added for some pixels and some panels.

    from_band: x is the band that a window has left in the scratch.  into_band: y is what the windows
    of a band will see, in the scratch.
    """
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    pixels = s.rows * s.columns
    at, add_at = b.tables + s.y_at, b.tables + s.added_at
    # the panels of this width: before the split if they are the main ones, else after it
    block, blocks = (0, s.split) if s.main == vectors else (s.split, s.vectors)
    y_base, x, x_plane = b.memory + s.y, b.memory + s.x, s.x_plane
    if s.from_band:
        shift = number * s.band * s.columns
        x, x_plane = b.scratch, s.scratch_plane
        first, last = 0, min(s.band * s.columns, pixels - shift)
        at, add_at = at + 4 * shift, add_at + 4 * shift
    elif s.into_band:
        top = number * s.stride_rows - s.above  # the first row that the band's windows see
        low, high = max(0, top), min(s.height, top + s.tall)
        y_base = b.scratch + s.y
        x += low * s.columns * BYTES
        first, last = 0, (high - low) * s.columns
        at += 4 * (low - top) * s.columns
    else:
        chunk, piece = number // s.panel_chunks, number % s.panel_chunks
        first = share(pixels, chunk, s.pixel_chunks, GRAIN)
        last = share(pixels, chunk + 1, s.pixel_chunks, GRAIN)
        if s.panel_chunks > 1:  # one panel only: the main ones first, then the others
            mine = piece - (0 if s.main == vectors else s.split // s.main)
            if mine < 0 or block + mine * vectors >= blocks:
                return
            block += mine * vectors
            blocks = block + vectors
    while block < blocks:
        w = b.weights + s.wide + block * s.turns * STEPS * BYTES
        bias = b.weights + s.wide_bias + block * BYTES
        y = y_base + block * s.y_plane
        add_to = b.memory + s.added + block * s.added_plane if s.added >= 0 else 0
        panel(s, x, x_plane, w, bias, add_to, add_at, y, at, first, last)
        block += vectors


def _product(vectors):
    rows = TILES[vectors]
    many, half, one = (product_tile(r, vectors) for r in (rows, rows // 2, 1))
    sizes = {"vectors": vectors, "rows": rows}
    panel = filled(panel_pixels, f"panel_{vectors}", many=many, half=half, one=one, **sizes)
    return unit(filled(product, f"product_{vectors}", vectors=vectors, panel=part(panel)))


products = {v: _product(v) for v in TILES}


@unit
def border(stage, bases, number):
    """Zeros around what a band sees of the map that is now computed for it."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    top = number * s.stride_rows - s.above
    zero = splat(np.float32(0))
    for block in range(s.vectors):
        for i in range(s.tall):
            row = b.scratch + s.y + block * s.y_plane + i * s.x_row
            whole = top + i < 0 or top + i >= s.height
            for q in range(0, s.x_row if whole else s.left, BYTES):
                store(row + q, zero)
            for q in range(s.x_row - s.right, s.x_row, BYTES):
                store(row + q, zero)


def convolution_row(s, x, segment_at, w, bias, y, at):
    """One row of the output, one panel."""
    j = 0
    while j < s.columns:
        if s.columns >= rows:
            j = min(j, s.columns - rows)
            many(x + j * s.x_step, s.x_step, s.segments, segment_at, s.length, w, bias,
                 s.wide_activation, s.wide_low, s.wide_high, 0, 0, 0, y, at + 4 * j,
                 s.y_plane)  # fmt: skip
            j += rows
        else:
            one(x + j * s.x_step, s.x_step, s.segments, segment_at, s.length, w, bias,
                s.wide_activation, s.wide_low, s.wide_high, 0, 0, 0, y, at + 4 * j,
                s.y_plane)  # fmt: skip
            j += 1


def _row(vectors):
    rows = TILES[vectors]
    many, one = (convolution_tile(r, vectors) for r in (rows, 1))
    name = f"convolution_row_{vectors}"
    return part(filled(convolution_row, name, rows=rows, many=many, one=one))


_wide_row, _narrow_row = _row(2), _row(1)


@unit
def convolution(stage, bases, number):
    """A band of rows of a standard convolution."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    depth = s.segments * s.length * BYTES
    for i in range(number * s.band, min(s.rows, (number + 1) * s.band)):
        x, at = b.memory + s.x + i * s.stride * s.x_row, b.tables + s.y_at + 4 * i * s.columns
        for block in range(0, s.vectors, 2):
            w, bias = b.weights + s.wide + block * depth, b.weights + s.wide_bias + block * BYTES
            y = b.memory + s.y + block * s.y_plane
            if block + 2 <= s.vectors:
                _wide_row(s, x, b.tables + s.segment_at, w, bias, y, at)
            else:
                _narrow_row(s, x, b.tables + s.segment_at, w, bias, y, at)
