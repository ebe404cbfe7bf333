"""Stages in which a depthwise window does the work: into the scratch, for the product that follows, or
into memory.
"""

from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES
from .pieces import filled, part
from .product import HARD_SWISH
from .unit import unit
from .vector import fma, hard_swish, load, maximum, minimum, splat, store
from .window import PIXELS, depthwise_tile


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
    (k, s): unit(
        filled(
            window,
            f"window_{k}_{s}",
            kernel=k,
            stride=s,
            many=depthwise_tile(k, s, PIXELS),
            one=depthwise_tile(k, s, 1),
        )
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
                if s.activation == HARD_SWISH:
                    total = hard_swish(total)
                else:
                    total = minimum(splat(s.high), maximum(splat(s.low), total))
                store(y + (i * s.columns + j) * BYTES, total)
        y += y_plane
        block += 1
