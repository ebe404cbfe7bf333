"""Depthwise convolutions, forwards and backwards.

A unit is one block of channels of some images.  Each image is done in bands of rows: the band's inputs
are made in a scratch with zeros around them, so that no pixel has to ask for the border.

Backwards the band's dy is made in the scratch too, between columns of zeros.  Then

    dw[u, v] = sum_ij x[s i + u, s j + v] dy[i, j]
    dx[r, c] = sum of w[u, v] dy[(r - u) / s, (c - v) / s]      over the taps where s divides both

and both are done while everything is in the cache.  With stride 2 an input in an even row has been seen
through the even rows of the window only: a quarter of the products is left, and none meets a zero.
"""

from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES
from .pieces import filled, part, share
from .train_maps import activated, masked, measured, merged, through, zero
from .train_tiles import taps_tile, turned_tile, window_tile
from .train_unit import BACKWARD_SUMS, COEFFICIENTS, FORWARD_SUMS, unit
from .vector import add, load, store


@part
def _inputs(s, block, n, x, first, count):
    """Rows first .. first + count of the padded input, into the scratch."""
    line = s.padded * BYTES
    y = s.x + block * s.x_plane + n * s.rows * s.columns * BYTES
    c = s.x_coefficients + block * COEFFICIENTS
    right = s.padded - s.left - s.columns
    for q in range(count):
        i = first + q - s.top
        if 0 <= i < s.rows:
            zero(x, s.left)
            activated(y + i * s.columns * BYTES, x + s.left * BYTES, s.columns, c,
                      s.x_kind, s.x_low, s.x_high)  # fmt: skip
            zero(x + (s.left + s.columns) * BYTES, right)
        else:
            zero(x, s.padded)
        x += line


@part
def _slopes(s, block, n, d, first, count, reach):
    """Rows first .. first + count of dy, zeros left and right of them and where there is no such row."""
    at = n * s.image * BYTES
    dy, y = s.dy + block * s.dy_plane + at, s.y + block * s.y_plane + at
    c = s.y_coefficients + block * COEFFICIENTS
    width = s.d_row // BYTES
    for i in range(first, first + count):
        if 0 <= i < s.y_rows:
            zero(d, reach)
            o = i * s.y_columns * BYTES
            through(dy + o, y + o, d + reach * BYTES, BYTES, s.y_columns, c, s.plain)
            zero(d + (reach + s.y_columns) * BYTES, width - reach - s.y_columns)
        else:
            zero(d, width)
        d += s.d_row


# what the templates below leave open
kernel, stride, pixels, many, one, even, odd = 0, 0, 0, None, None, None, None


def turned_row(d, d_row, w, dx, groups):
    """The gradients of one row of the padded input, `stride` of them for each pixel of d."""
    j = 0
    while groups - j >= pixels:
        many(d + j * BYTES, d_row, w, dx + j * stride * BYTES)
        j += pixels
    while j < groups:
        one(d + j * BYTES, d_row, w, dx + j * stride * BYTES)
        j += 1


def window_forward(stage, bases, number):
    """y of some images, one block, and the sums of y and its square."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, group = number // s.chunks, number % s.chunks
    images = share(s.images, group, s.chunks, 1), share(s.images, group + 1, s.chunks, 1)
    w = s.panels + block * kernel * kernel * BYTES
    bias = s.bias + block * BYTES if s.bias else s.zeros
    sums = s.y_sums + (group * s.y_blocks + block) * FORWARD_SUMS
    line = s.padded * BYTES
    for n in range(images[0], images[1]):
        for start in range(0, s.y_rows, s.band):
            rows = min(s.band, s.y_rows - start)
            _inputs(s, block, n, b.scratch, start * stride, (rows - 1) * stride + kernel)
            for i in range(rows):
                x = b.scratch + i * stride * line
                y = s.y + block * s.y_plane
                y += (n * s.image + (start + i) * s.y_columns) * BYTES
                j = 0
                while s.y_columns - j >= pixels:
                    many(x + j * stride * BYTES, line, w, bias, y + j * BYTES)
                    j += pixels
                while j < s.y_columns:
                    one(x + j * stride * BYTES, line, w, bias, y + j * BYTES)
                    j += 1
                if s.y_sums:
                    fresh = n == images[0] and start + i == 0
                    measured(y, s.y_columns, sums, fresh)


def window_backward(stage, bases, number):
    """dw and dx of some images, one block."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, group = number // s.chunks, number % s.chunks
    images = share(s.images, group, s.chunks, 1), share(s.images, group + 1, s.chunks, 1)
    taps = kernel * kernel
    w = s.panels + block * taps * BYTES
    g = s.g_shares + (group * s.x_blocks + block) * taps * BYTES
    c = s.x_coefficients + block * COEFFICIENTS
    sums = s.dx_sums + (group * s.x_blocks + block) * BACKWARD_SUMS
    line = s.padded * BYTES
    x = b.scratch
    d = x + (stride * s.band + kernel) * line
    reach = (kernel - 1) // stride  # rows of dy above, and columns left, that saw an input too
    grouped = d + (s.band + 2 * kernel + 2) * s.d_row
    dv = grouped + s.left % stride * BYTES
    row = dv + (s.columns + stride) * BYTES  # the taps' gradients of one row
    # inputs of a row in groups of `stride`: those that are zeros only, and where the others end
    skipped, end = s.left // stride, (s.left + s.columns + stride - 1) // stride
    zero(g, taps)
    if s.closes:
        zero(sums, 4)
    for n in range(images[0], images[1]):
        for start in range(0, s.y_rows, s.band):
            rows = min(s.band, s.y_rows - start)
            from_ = min(s.rows, start * stride)
            to = s.rows if start + rows == s.y_rows else min(s.rows, (start + rows) * stride)
            _inputs(s, block, n, x, start * stride, (rows - 1) * stride + kernel)
            base = min((from_ + s.top) // stride - reach, start)  # the first row of dy in d
            until = max((to - 1 + s.top) // stride + 1, start + rows)
            _slopes(s, block, n, d, base, until - base, reach)
            for i in range(rows):
                near = x + i * stride * line
                slope = d + (start + i - base) * s.d_row + reach * BYTES
                zero(row, taps)
                j = 0
                while s.y_columns - j >= pixels:
                    many(near + j * stride * BYTES, line, slope + j * BYTES, row)
                    j += pixels
                while j < s.y_columns:
                    one(near + j * stride * BYTES, line, slope + j * BYTES, row)
                    j += 1
                for q in range(0, taps * BYTES, BYTES):
                    store(g + q, add(load(g + q), load(row + q)))
            for i in range(from_, to):
                slope = d + ((i + s.top) // stride - base) * s.d_row + reach * BYTES
                slope += skipped * BYTES
                if (i + s.top) % stride:
                    odd(slope, s.d_row, w, grouped, end - skipped)
                else:
                    even(slope, s.d_row, w, grouped, end - skipped)
                at = (n * s.rows + i) * s.columns * BYTES
                du = s.dx + block * s.dx_plane + at
                if s.closes:
                    masked(dv, s.x + block * s.x_plane + at, du, s.columns, c,
                           s.x_kind, s.x_low, s.x_high, s.adds, sums)  # fmt: skip
                else:
                    merged(dv, du, s.columns, s.adds)


def _forward(kernel, stride, pixels):
    many, one = (window_tile(kernel, stride, p) for p in (pixels, 1))
    sizes = {"kernel": kernel, "stride": stride, "pixels": pixels}
    name = f"forward_{kernel}_{stride}_{pixels}"
    return unit(filled(window_forward, name, many=many, one=one, **sizes))


def _backward(kernel, stride, pixels):
    many, one = (taps_tile(kernel, stride, p) for p in (pixels, 1))
    sizes = {"kernel": kernel, "stride": stride, "pixels": pixels}

    def row(first):
        many, one = (turned_tile(kernel, stride, first, p) for p in (pixels, 1))
        name = f"turned_{kernel}_{stride}_{first}_{pixels}"
        return part(filled(turned_row, name, many=many, one=one, **sizes))

    even = row(0)
    rows = {"even": even, "odd": row(1) if stride == 2 else even}
    name = f"backward_{kernel}_{stride}_{pixels}"
    return unit(filled(window_backward, name, many=many, one=one, **rows, **sizes))


SIZES = (7, 4)  # pixels of a tile: MobileNets' maps are multiples of 7, or powers of two
forward = {(k, s, p): _forward(k, s, p) for k in (3, 5) for s in (1, 2) for p in SIZES}
backward = {(k, s, p): _backward(k, s, p) for k in (3, 5) for s in (1, 2) for p in SIZES}
