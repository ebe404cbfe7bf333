"""Depthwise convolutions, forwards and backwards.

A work item is one block of channels of some images.  Each image is done in bands of rows: the band's
inputs are made in a scratch with zeros around them, so that no pixel has to ask for the border.

Backwards the band's dy is made in the scratch too, between columns of zeros.  Then

    dw[u, v] = sum_ij x[s i + u, s j + v] dy[i, j]
    dx[r, c] = sum of w[u, v] dy[(r - u) / s, (c - v) / s]      over the taps where s divides both

and both are done while everything is in the cache.  With stride 2 even rows of inputs have been seen
through even rows of the window only (docs/training-step.md): no product meets a zero.
"""

from ..isa.lanes import BYTES
from ..runtime.parts import add_to, made, part, span, zero
from ..runtime.work_item import descriptor, stage
from ..tiles import depthwise as tiles
from ..tuning import TRAIN_PIXELS
from .maps import GIVEN, GRADIENT, gradient, normalise_activate, seen
from .norm import BACKWARD_SUMS, COEFFICIENTS, FORWARD_SUMS, accumulate_moments, norm_backward

# padded: width of a row of x among its zeros; d_row: bytes of one of dy; panels: taps of each block
_WINDOW = seen("x") + "rows columns y_rows y_columns top left padded band images shares panels "
FORWARD = descriptor(_WINDOW + "bias y y_plane y_sums y_blocks")
BACKWARD = descriptor(_WINDOW + "d_row x_blocks g_shares " + GIVEN + GRADIENT)


@part
def _inputs(s, block, n, x, first, count):
    """Rows first .. first + count of the padded input, into the scratch."""
    y, c = s.x + block * s.x_plane, s.x_coefficients + block * COEFFICIENTS
    for i in range(first - s.top, first - s.top + count):
        if 0 <= i < s.rows:
            of, to = y + (n * s.rows + i) * s.columns * BYTES, x + s.left * BYTES
            zero(x, s.left)
            normalise_activate(of, to, s.columns, c, s.x_kind)
            zero(to + s.columns * BYTES, s.padded - s.left - s.columns)
        else:
            zero(x, s.padded)
        x += s.padded * BYTES


@part
def _dy(s, block, n, d, first, count, reach):
    """Rows first .. first + count of dy, zeros left and right of them and where there is no such row."""
    du, y = s.dy + block * s.y_plane, s.y + block * s.y_plane
    c, width = s.y_coefficients + block * COEFFICIENTS, s.d_row // BYTES
    for i in range(first, first + count):
        if 0 <= i < s.y_rows:
            at, to = (n * s.y_rows + i) * s.y_columns * BYTES, d + reach * BYTES
            zero(d, reach)
            norm_backward(du + at, y + at, to, s.y_columns, c, s.normal)
            zero(to + s.y_columns * BYTES, width - reach - s.y_columns)
        else:
            zero(d, width)
        d += s.d_row


def _forward(kernel, stride, pixels):
    many, one = (tiles.forward_bias(kernel, stride, p) for p in (pixels, 1))

    @stage(FORWARD)
    @made("forward", kernel, stride, pixels)
    def forward(s, b, item):
        """y of some images, one block, and its moments."""
        block, number = item // s.shares, item % s.shares
        first, last = span(s.images, number, s.shares, 1)
        w, bias = s.panels + block * kernel * kernel * BYTES, s.bias + block * BYTES
        sums = s.y_sums + (number * s.y_blocks + block) * FORWARD_SUMS
        line = s.padded * BYTES
        for n in range(first, last):
            for start in range(0, s.y_rows, s.band):
                rows = min(s.band, s.y_rows - start)
                _inputs(s, block, n, b.scratch, start * stride, (rows - 1) * stride + kernel)
                for i in range(rows):
                    x = b.scratch + i * stride * line
                    row = (n * s.y_rows + start + i) * s.y_columns
                    y, j = s.y + block * s.y_plane + row * BYTES, 0
                    while s.y_columns - j >= pixels:
                        many(bias, x + j * stride * BYTES, line, w, y + j * BYTES)
                        j += pixels
                    while j < s.y_columns:
                        one(bias, x + j * stride * BYTES, line, w, y + j * BYTES)
                        j += 1
                    if s.y_sums:
                        accumulate_moments(y, s.y_columns, sums, n == first and start + i == 0)

    return forward


def _along_a_row(microkernel, kind, pixels, steps):
    """A microkernel of a kind along a row; steps: bytes from pixel to pixel, of three addresses."""
    many, one = (microkernel(*kind, count) for count in (pixels, 1))
    x_step, w_step, y_step = steps

    @part
    @made(microkernel.__name__, *kind, pixels)
    def row(count, x, x_row, w, y):
        j = 0
        while count - j >= pixels:
            many(x + j * x_step, x_row, w + j * w_step, y + j * y_step)
            j += pixels
        while j < count:
            one(x + j * x_step, x_row, w + j * w_step, y + j * y_step)
            j += 1

    return row


def _backward(kernel, stride, pixels):
    far = stride * BYTES  # in x, from pixel to pixel of dy
    filters = _along_a_row(tiles.backward_filter, (kernel, stride), pixels, (far, BYTES, 0))
    inputs = [  # of rows of x by turns, `stride` pixels of it for each of dy
        _along_a_row(tiles.backward_input, (kernel, stride, first), pixels, (BYTES, 0, far))
        for first in range(stride)
    ]
    even, odd = inputs[0], inputs[-1]
    taps = kernel * kernel
    reach = (kernel - 1) // stride  # rows of dy above, and columns left, that saw an input too

    @stage(BACKWARD)
    @made("backward", kernel, stride, pixels)
    def backward(s, b, item):
        """dw and dx of some images, one block."""
        block, number = item // s.shares, item % s.shares
        w = s.panels + block * taps * BYTES
        g = s.g_shares + (number * s.x_blocks + block) * taps * BYTES
        line = s.padded * BYTES
        x = b.scratch
        d = x + (stride * s.band + kernel) * line
        dx = d + (s.band + 2 * kernel + 2) * s.d_row  # of a row, in groups of `stride`
        dv = dx + s.left % stride * BYTES
        own = dv + (s.columns + stride) * BYTES
        # groups that are zeros only, and all up to the last that is not
        skipped, end = s.left // stride, (s.left + s.columns + stride - 1) // stride
        zero(g, taps)
        if s.complete:
            zero(s.sums + (number * s.x_blocks + block) * BACKWARD_SUMS, 4)
        first, last = span(s.images, number, s.shares, 1)
        for n in range(first, last):
            for start in range(0, s.y_rows, s.band):
                rows = min(s.band, s.y_rows - start)
                low, high = min(s.rows, start * stride), min(s.rows, (start + rows) * stride)
                if start + rows == s.y_rows:
                    high = s.rows
                base = min((low + s.top) // stride - reach, start)  # the first row of dy in d
                until = max((high - 1 + s.top) // stride + 1, start + rows)
                _inputs(s, block, n, x, start * stride, (rows - 1) * stride + kernel)
                _dy(s, block, n, d, base, until - base, reach)
                for i in range(rows):
                    dy = d + (start + i - base) * s.d_row + reach * BYTES
                    zero(own, taps)
                    filters(s.y_columns, x + i * stride * line, line, dy, own)
                    add_to(g, own, taps)
                for i in range(low, high):
                    dy = d + ((i + s.top) // stride - base) * s.d_row + (reach + skipped) * BYTES
                    if (i + s.top) % stride:
                        odd(end - skipped, dy, s.d_row, w, dx)
                    else:
                        even(end - skipped, dy, s.d_row, w, dx)
                    pixels_before = (n * s.rows + i) * s.columns
                    gradient(s, dv, block, pixels_before * BYTES, s.columns, number, s.x_blocks)

    return backward


_KINDS = [(k, s, p) for k in (3, 5) for s in (1, 2) for p in TRAIN_PIXELS]
forward = {kind: _forward(*kind) for kind in _KINDS}
backward = {kind: _backward(*kind) for kind in _KINDS}
