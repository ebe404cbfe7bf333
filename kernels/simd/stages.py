"""The steps of a network, each for one unit of its work: a band of pixels, or some of the channels.

A map lies in blocks of LANES channels, each a small picture [H][W][LANES] of its own, with the zeros
around it that its reader's window wants.  The record `s` says where everything is, counted from the
addresses in `b`; both are told in unit.py.  A stage may be two units in a row: the window of a band
and then its product, a depthwise convolution and then the mean of its channels.
"""

import math

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from .lanes import BYTES, LANES, TILES
from .product import AHEAD, STEPS, convolution_tile, product_tile
from .unit import unit, units
from .vector import (
    add,
    fma,
    load,
    maximum,
    minimum,
    mul,
    number_at,
    offset_at,
    set_number,
    splat,
    store,
)
from .window import PIXELS, depthwise_tile

GRAIN = 6  # pixels: work is not cut finer

part = njit(nogil=True, fastmath={"contract"}, error_model="numpy")

# --- products --------------------------------------------------------------------------------------


@part
def share(total, piece, pieces, grain):
    """First of a piece of `total`, in whole grains; the last piece ends with total."""
    return min(total, (piece * ((total + grain - 1) // grain) // pieces) * grain)


def _panel(vectors):
    """Pixels first .. last - 1 of one panel of so many vectors."""
    rows = TILES[vectors]
    many, half, one = (product_tile(r, vectors) for r in (rows, rows // 2, 1))

    @part
    def panel(s, x, x_plane, w, bias, add_to, add_at, y, at, first, last):
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

    return panel


vectors, panel = 0, None  # what the template below leaves open


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


products = {v: units(product, f"product_{v}", vectors=v, panel=_panel(v)) for v in TILES}


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


def _row(vectors):
    rows = TILES[vectors]
    many, one = convolution_tile(rows, vectors), convolution_tile(1, vectors)

    @part
    def row(s, x, segment_at, w, bias, y, at):
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

    return row


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


# --- windows ---------------------------------------------------------------------------------------


@part
def _band(s, b, number):
    """Blocks, input, output and rows of a unit: all blocks of a band, or one block of it."""
    if s.scratch_plane > 0:  # into the scratch, out of memory or of what was computed for this band
        row, block, blocks, y, y_plane = number * s.band, 0, s.blocks, b.scratch, s.scratch_plane
        x = b.scratch + s.x if s.sees_band else b.memory + s.x + row * s.stride * s.x_row
    else:
        bands = (s.rows + s.band - 1) // s.band
        row, block = number % bands * s.band, number // bands
        blocks, y_plane = block + 1, s.y_plane
        y = b.memory + s.y + block * s.y_plane + row * s.columns * BYTES
        x = b.memory + s.x + row * s.stride * s.x_row
    return block, blocks, x, y, y_plane, min(s.band, s.rows - row)


kernel, stride, many, one = 0, 0, None, None  # what the template below leaves open


def window(stage, bases, number):
    """Depthwise convolution of some rows, PIXELS at a time."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, blocks, base, y, y_plane, count = _band(s, b, number)
    while block < blocks:
        x = base + block * s.x_plane
        w = b.weights + s.w + block * kernel * kernel * BYTES
        bias = b.weights + s.bias + block * BYTES
        for i in range(count):
            j = 0
            while j < s.columns:
                if s.columns >= PIXELS:
                    j = min(j, s.columns - PIXELS)  # the last few once more
                    many(x + j * stride * BYTES, s.x_row, s.x_plane, w, bias,
                         s.activation, s.low, s.high, y + (i * s.columns + j) * BYTES)  # fmt: skip
                    j += PIXELS
                else:
                    one(x + j * stride * BYTES, s.x_row, s.x_plane, w, bias,
                        s.activation, s.low, s.high, y + (i * s.columns + j) * BYTES)  # fmt: skip
                    j += 1
            x += stride * s.x_row
        y += y_plane
        block += 1


windows = {
    (k, s): units(
        window,
        f"window_{k}_{s}",
        kernel=k,
        stride=s,
        many=depthwise_tile(k, s, PIXELS),
        one=depthwise_tile(k, s, 1),
    )
    for k in (3, 5)
    for s in (1, 2)
}


@unit
def any_window(stage, bases, number):
    """Any other kernel and stride: the formula, a vector at a time."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, blocks, base, y, y_plane, count = _band(s, b, number)
    while block < blocks:
        x = base + block * s.x_plane
        w, bias = (
            b.weights + s.w + block * s.kernel * s.kernel * BYTES,
            b.weights + s.bias + block * BYTES,
        )
        for i in range(count):
            for j in range(s.columns):
                total = load(bias)
                corner = x + s.stride * (i * s.x_row + j * BYTES)
                for u in range(s.kernel):
                    for v in range(s.kernel):
                        tap = load(w + (u * s.kernel + v) * BYTES)
                        total = fma(load(corner + u * s.x_row + v * BYTES), tap, total)
                if s.activation == 1:
                    gate = add(total, splat(np.float32(3)))
                    gate = minimum(splat(np.float32(6)), maximum(splat(np.float32(0)), gate))
                    total = mul(mul(total, gate), splat(np.float32(1 / 6)))
                else:
                    total = minimum(splat(s.high), maximum(splat(s.low), total))
                store(y + (i * s.columns + j) * BYTES, total)
        y += y_plane
        block += 1


# --- pooling, squeeze-and-excite -------------------------------------------------------------------


@part
def _mean(x, rows, columns, y):
    """Of one block; each row is summed by itself first, so that long sums lose no digits."""
    total = splat(np.float32(0))
    for i in range(rows):
        row = splat(np.float32(0))
        for j in range(columns):
            row = add(row, load(x + (i * columns + j) * BYTES))
        total = add(total, row)
    store(y, mul(total, splat(np.float32(1 / (rows * columns)))))


@unit
def mean(stage, bases, number):
    """The mean of one block of y, which this unit has just written."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    _mean(
        b.memory + s.y + number * s.y_plane, s.rows, s.columns, b.memory + s.pooled + number * BYTES
    )


@unit
def pool(stage, bases, number):
    """The mean of one block of x; at the end of the trunk a row of the head's input."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    y = (b.shared + b.image * BYTES if s.to_head else b.memory) + s.y + number * s.y_plane
    _mean(b.memory + s.x + number * s.x_plane, s.rows, s.columns, y)


@unit
def scale(stage, bases, number):
    """The channels of one panel of gates, which this unit has just computed, times their gates."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    last = s.split // s.main  # panels of the main width
    width = s.main if number < last else s.vectors - s.split
    first = s.main * number if number < last else s.split
    for block in range(first, first + width):
        gate = load(b.memory + s.y + block * s.y_plane)
        place = b.memory + s.scaled + block * s.scaled_plane
        for p in range(s.length):
            store(place + p * BYTES, mul(gate, load(place + p * BYTES)))


# --- what no tile does -----------------------------------------------------------------------------


@unit
def activate(stage, bases, number):
    """One block in place: 0 sigmoid, 1 swish, 2 hard sigmoid of slope `low`."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    for p in range(s.rows * s.columns):
        pixel = b.memory + s.x + number * s.x_plane + offset_at(b.tables + s.y_at + 4 * p)
        for place in range(pixel, pixel + BYTES, 4):
            x = number_at(place)
            if s.activation == 2:
                y = x * s.low + np.float32(0.5)
                y = min(max(y, np.float32(0)), np.float32(1)) if y == y else y
            else:
                e = np.float32(math.exp(-abs(x)))
                y = (np.float32(1) if x >= 0 else e) / (np.float32(1) + e)
                y = x * y if s.activation == 1 else y
            set_number(place, y)


@unit
def picture(stage, bases, number):
    """A band of an image's rows, as they came, into memory with zeros around."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    count = s.columns * s.channels
    for i in range(number * s.band, min(s.rows, (number + 1) * s.band)):
        x = b.images + 4 * (b.image * s.rows + i) * count
        y = b.memory + s.y + i * s.x_row
        whole = count // LANES * LANES
        for q in range(0, whole, LANES):
            store(y + 4 * q, load(x + 4 * q))
        for q in range(whole, count):
            set_number(y + 4 * q, number_at(x + 4 * q))


@unit
def unblock(stage, bases, number):
    """Some pixels of x into the results, their channels side by side again."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    pixels = s.rows * s.columns
    for p in range(number * s.band, min(pixels, (number + 1) * s.band)):
        x = b.memory + s.x + offset_at(b.tables + s.y_at + 4 * p)
        y = b.results + 4 * (b.image * pixels + p) * s.channels
        for c in range(s.channels):
            set_number(y + 4 * c, number_at(x + c // LANES * s.x_plane + c % LANES * 4))


others = (convolution, border, any_window, mean, pool, scale, activate, picture, unblock)
