"""Standard convolutions as products: the inputs of each pixel's window, side by side in the scratch.

The picture's channels lie side by side, so a row of a window is one stretch of numbers.  A map lies in
blocks of channels: its windows are whole vectors, in the order tap, block.
"""

import numpy as np

from .lanes import BYTES
from .pieces import part
from .train_maps import activated, zero
from .train_unit import COEFFICIENTS
from .vector import add, load, splat, store


@part
def picture_windows(s, b, x, x_plane, first, count):
    """Windows of the padded picture, (kernel * segment numbers for each pixel) in blocks."""
    blocks = s.g_rows * 4 // BYTES
    line = blocks * BYTES + BYTES  # a row is written in whole vectors, past its end
    rows = x + (blocks + 1) * x_plane
    width, size = s.y_columns, s.image
    nothing = splat(np.float32(0))
    for p in range(first, first + count):
        n, q = p // size, p % size
        at = s.picture + n * s.picture_image + q // width * s.stride * s.picture_row
        at += q % width * s.stride_columns * s.channels * 4
        to = rows + (p - first) * line
        for u in range(s.kernel):
            c = 0
            while c < s.segment:
                store(to + 4 * (u * s.segment + c), load(at + 4 * c))
                c += BYTES // 4
            at += s.picture_row
        store(to + 4 * s.kernel * s.segment, nothing)
    for p in range(count):
        for k in range(blocks):
            store(x + k * x_plane + p * BYTES, load(rows + p * line + k * BYTES))


@part
def windows(s, b, x, x_plane, first, count):
    """Windows of a map: for tap, for block, the pixels' vectors."""
    width, size = s.y_columns, s.image
    for u in range(s.kernel):
        for v in range(s.kernel_columns):
            for k in range(s.x_blocks):
                c = s.x_coefficients + k * COEFFICIENTS
                to = x + ((u * s.kernel_columns + v) * s.x_blocks + k) * x_plane
                for p in range(first, first + count):
                    n, q = p // size, p % size
                    i = q // width * s.stride + u - s.top
                    j = q % width * s.stride_columns + v - s.left
                    if 0 <= i < s.rows and 0 <= j < s.columns:
                        y = s.x + k * s.x_plane + ((n * s.rows + i) * s.columns + j) * BYTES
                        activated(y, to, 1, c, s.x_kind, s.x_low, s.x_high)
                    else:
                        zero(to, 1)
                    to += BYTES


@part
def add_windows(s, x, x_plane, first, count):
    """The other way round: dx += the windows' gradients, each where its input was."""
    width, size = s.y_columns, s.image
    for u in range(s.kernel):
        for v in range(s.kernel_columns):
            for k in range(s.x_blocks):
                of = x + ((u * s.kernel_columns + v) * s.x_blocks + k) * x_plane
                for p in range(first, first + count):
                    n, q = p // size, p % size
                    i = q // width * s.stride + u - s.top
                    j = q % width * s.stride_columns + v - s.left
                    if 0 <= i < s.rows and 0 <= j < s.columns:
                        dx = s.dx + k * s.dx_plane + ((n * s.rows + i) * s.columns + j) * BYTES
                        store(dx, add(load(dx), load(of)))
                    of += BYTES
