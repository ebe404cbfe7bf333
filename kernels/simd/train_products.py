"""Convolutions as matrix products, forwards and backwards: pointwise, standard and dense.

A unit is a share of the pixels, and of that a part of the output's (backwards: the input's) channels.
The shares follow from the shapes alone, so that sums over shares are the same for any number of
threads.  A share is done a few pixels at a time: their inputs (backwards: their gradients too) are
made once in a scratch that stays in the second cache, and multiplied with every panel of weights.
"""

from numba import carray  # type: ignore[attr-defined]

from ..units import compiled_unit
from .lanes import BYTES, LANES, TILES
from .pieces import filled, part, share
from .train_maps import gated, masked, measured, merged, through, zero
from .train_tiles import STEPS, outer_rows, outer_tile, product_tile
from .train_unit import BACKWARD_SUMS, COEFFICIENTS, FORWARD_SUMS, unit
from .train_vector import INVOKED, invoke
from .train_windows import add_windows, picture_windows, windows

rows, several, many, few, one = 0, 0, None, None, None  # what this template leaves open


def panel(x, x_plane, count, turns, w, bias, y, y_plane):
    """`count` pixels of one panel."""
    p = 0
    while count - p >= rows:
        many(x + p * BYTES, x_plane, turns, w, bias, y + p * BYTES, y_plane)
        p += rows
    while count - p >= several:
        few(x + p * BYTES, x_plane, turns, w, bias, y + p * BYTES, y_plane)
        p += several
    while p < count:
        one(x + p * BYTES, x_plane, turns, w, bias, y + p * BYTES, y_plane)
        p += 1


def _panel(vectors):
    rows = TILES[vectors]
    several = max(2, rows // 2)
    many, few, one = (product_tile(r, vectors) for r in (rows, several, 1))
    tiles = {"rows": rows, "several": several, "many": many, "few": few, "one": one}
    return compiled_unit(filled(panel, f"panel_{vectors}", **tiles), INVOKED)


large, small, higher, lower = 0, 0, None, None  # and this one


def outer(x, d, d_plane, count, before, before_row, g, g_row):
    """All lanes of a block of x, in as few tiles as there are registers for, of one or two sizes."""
    r = 0
    while r < LANES:
        from_, to = before + r * before_row, g + r * g_row
        if (LANES - r) % small == 0:
            lower(x + 4 * r, d, d_plane, count, from_, before_row, to, g_row)
            r += small
        else:
            higher(x + 4 * r, d, d_plane, count, from_, before_row, to, g_row)
            r += large


def _outer(vectors):
    sizes = outer_rows(vectors)
    large, small = max(sizes), min(sizes)
    higher, lower = outer_tile(large, vectors), outer_tile(small, vectors)
    tiles = {"large": large, "small": small, "higher": higher, "lower": lower}
    return compiled_unit(filled(outer, f"outer_{vectors}", **tiles), INVOKED)


panels = {v: _panel(v) for v in TILES}
outers = {v: _outer(v) for v in TILES}


@part
def _of_panel(panel, main, split, vectors):
    """First vector of a panel, and how many it has."""
    first = panel * main
    return (first, main) if first < split else (split, vectors - split)


inputs = None  # what this template leaves open: how a pixel's inputs are made


def forward(stage, bases, number):
    """y = x @ w + b for a share of the pixels and some panels, and the sums of y and y²."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    chunk, piece = number // s.parts, number % s.parts
    first = share(s.pixels, chunk, s.chunks, s.grain)
    last = share(s.pixels, chunk + 1, s.chunks, s.grain)
    panels = s.split // s.main + (1 if s.vectors > s.split else 0)
    low, high = piece * panels // s.parts, (piece + 1) * panels // s.parts
    x, x_plane = b.scratch, (s.tile + 1) * BYTES
    turns = s.height // STEPS
    p = first
    while p < last:
        count = min(s.tile, last - p)
        inputs(s, b, x, x_plane, p, count)
        for panel in range(low, high):
            block, width = _of_panel(panel, s.main, s.split, s.vectors)
            w = s.panels + block * turns * STEPS * BYTES
            bias = s.bias + block * BYTES if s.bias else s.zeros
            y = s.y + block * s.y_plane + p * BYTES
            code = s.many if block < s.split else s.rest
            invoke(code, x, x_plane, count, turns, w, bias, y, s.y_plane)
            if s.y_sums:
                for v in range(width):
                    sums = s.y_sums + (chunk * s.y_blocks + block + v) * FORWARD_SUMS
                    measured(y + v * s.y_plane, count, sums, p == first)
        p += count


@part
def _slopes(s, d, d_plane, first, count):
    """dy of some pixels, all blocks, into the scratch."""
    for block in range(s.y_blocks):
        through(
            s.dy + block * s.dy_plane + first * BYTES, s.y + block * s.y_plane + first * BYTES,
            d + block * d_plane, BYTES, count, s.y_coefficients + block * COEFFICIENTS, s.plain,
        )  # fmt: skip


@part
def _weights(s, chunk, x, x_plane, d, d_plane, count, low, high, fresh):
    """g += xᵀ d of some pixels, rows of blocks low .. high of x.

    Into a share of its own, in the order of the panels; or, if there is only one, to where it belongs.
    """
    before, before_row = s.zeros, 0
    block = 0
    while block < s.vectors:
        width = s.main if block < s.split else s.vectors - s.split
        code = s.many if block < s.split else s.rest
        if s.direct:
            g, row = s.g + block * BYTES, s.filters * 4
        else:
            g, row = s.g_shares + chunk * s.g_share + block * s.g_rows * BYTES, width * BYTES
        for k in range(low, high):
            to = g + k * LANES * row
            if not fresh:
                before, before_row = to, row
            invoke(code, x + (k - low) * x_plane, d + block * d_plane, d_plane, count,
                   before, before_row, to, row)  # fmt: skip
        block += width


@part
def _turned(s, block, d, plane, count, dv):
    """dv = d wᵀ of one panel, the one that begins with this block; gives its vectors."""
    turns = (s.filters + STEPS - 1) // STEPS
    width = s.turned_main if block < s.turned_split else s.turned_vectors - s.turned_split
    code = s.turned_many if block < s.turned_split else s.turned_rest
    invoke(
        code, d, plane, count, turns, s.turned + block * turns * STEPS * BYTES, s.zeros, dv, plane
    )
    return width


@part
def _pixels(s, number):
    """Of a unit of the backward pass: share, its pixels, first and last block of x."""
    chunk, piece = number // s.parts, number % s.parts
    panels = s.turned_split // s.turned_main + (1 if s.turned_vectors > s.turned_split else 0)
    low, _ = _of_panel(piece * panels // s.parts, s.turned_main, s.turned_split, s.turned_vectors)
    if piece == s.parts - 1:
        high = s.turned_vectors
    else:
        high, _ = _of_panel(
            (piece + 1) * panels // s.parts, s.turned_main, s.turned_split, s.turned_vectors
        )
    first = share(s.pixels, chunk, s.chunks, s.grain)
    return chunk, first, share(s.pixels, chunk + 1, s.chunks, s.grain), low, high


@part
def _whole(s, b, x, x_plane, first, count):
    gated(s, x, x_plane, first, count, 0, s.x_blocks)


pointwise_forward = unit(filled(forward, "pointwise_forward", inputs=_whole))


@unit
def pointwise_backward(stage, bases, number):
    """dw = xᵀ dy and dx = dy wᵀ for a share of the pixels and some of the input's channels."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    chunk, first, last, low, high = _pixels(s, number)
    d, plane = b.scratch, (s.tile + 1) * BYTES
    x = d + s.y_blocks * plane
    dv = x + (high - low) * plane
    if s.closes:
        for k in range(low, high):
            zero(s.dx_sums + (chunk * s.x_blocks + k) * BACKWARD_SUMS, 4)
    p = first
    while p < last:
        count = min(s.tile, last - p)
        _slopes(s, d, plane, p, count)
        gated(s, x, plane, p, count, low, high)
        block = low
        while block < high:
            width = _turned(s, block, d, plane, count, dv)
            for v in range(width):
                k = block + v
                to = s.dx + k * s.dx_plane + p * BYTES
                if s.closes:
                    masked(dv + v * plane, s.x + k * s.x_plane + p * BYTES, to, count,
                           s.x_coefficients + k * COEFFICIENTS, s.x_kind, s.x_low, s.x_high, s.adds,
                           s.dx_sums + (chunk * s.x_blocks + k) * BACKWARD_SUMS)  # fmt: skip
                else:
                    merged(dv + v * plane, to, count, s.adds)
            block += width
        _weights(s, chunk, x, plane, d, plane, count, low, high, p == first)
        p += count


# --- standard convolutions: x seen through windows -------------------------------------------------

picture_forward = unit(filled(forward, "picture_forward", inputs=picture_windows))
windows_forward = unit(filled(forward, "windows_forward", inputs=windows))


@unit
def picture_backward(stage, bases, number):
    """dw of a standard convolution of the picture, whose own gradient nobody wants."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    chunk, first, last, _, _ = _pixels(s, number)
    d, plane = b.scratch, (s.tile + 1) * BYTES
    x = d + s.y_blocks * plane
    p = first
    while p < last:
        count = min(s.tile, last - p)
        _slopes(s, d, plane, p, count)
        picture_windows(s, b, x, plane, p, count)
        _weights(s, chunk, x, plane, d, plane, count, 0, s.g_rows // LANES, p == first)
        p += count


@unit
def windows_backward(stage, bases, number):
    """dw and dx of a standard convolution of a map, for the images of a share."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    chunk, first, last, _, _ = _pixels(s, number)
    d, plane = b.scratch, (s.tile + 1) * BYTES
    x = d + s.y_blocks * plane
    size = s.rows * s.columns
    image, images = first // s.image, (last - first) // s.image
    if not s.adds:
        for k in range(s.x_blocks):
            zero(s.dx + k * s.dx_plane + image * size * BYTES, images * size)
    p = first
    while p < last:
        count = min(s.tile, last - p)
        _slopes(s, d, plane, p, count)
        windows(s, b, x, plane, p, count)
        _weights(s, chunk, x, plane, d, plane, count, 0, s.g_rows // LANES, p == first)
        block = 0
        while block < s.turned_vectors:  # x is no longer needed: the gradient of windows over it
            block += _turned(s, block, d, plane, count, x + block * plane)
        add_windows(s, x, plane, p, count)
        p += count
