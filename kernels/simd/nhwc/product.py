"""Products over NHWC arrays: the channels of a pixel side by side, one pixel after the other.

c = a @ b where a is seen through two strides: a pointwise convolution and both its gradients, and a
standard convolution, whose windows are never copied out.  Arrays come as they are, so the distance from
pixel to pixel is known at run time only, and the matrix b is packed into a micropanel while it is used:
part by part, into a few KiB that stay in L1.

Bits do not depend on the number of threads: a sum is made by one thread, in an order that the shapes
fix, and what several threads add up is added in order afterwards.
"""

import numpy as np

from ...compiling import compiled, prange
from ..isa.lanes import BYTES, LANES
from ..isa.vector import address, element_at, load, set_element, store, transpose
from ..runtime.parts import part
from ..tiles.gemm import product
from ..tuning import NHWC_SHARES as SHARES
from ..tuning import NHWC_STRETCH as STRETCH
from ..tuning import TILES

VECTORS = 2
ROWS = TILES[VECTORS]
WIDE = VECTORS * LANES  # columns of a panel

_many, _one = product(ROWS, VECTORS), product(1, VECTORS)


@part
def _pack(b, down, right, depth, columns, panel):
    """panel[k, :] = b[k, :columns], and zeros: the other columns are nobody's memory."""
    for v in range(VECTORS):
        lanes, k = min(LANES, columns - v * LANES), 0
        if lanes == LANES and right == 4:
            while k < depth:
                store(panel + k * VECTORS * BYTES, load(b + k * down))
                k += 1
        elif lanes == LANES and down == 4:
            while k + LANES <= depth:
                transpose(b + 4 * k, right, panel + k * VECTORS * BYTES, VECTORS * BYTES)
                k += LANES
        while k < depth:
            for o in range(LANES):
                value = element_at(b + k * down + o * right) if o < lanes else np.float32(0)
                set_element(panel + k * VECTORS * BYTES + 4 * o, value)
            k += 1
        b += LANES * right
        panel += BYTES


@part
def _rows(a, down, right, depth, panel, more, rows, columns, c, c_down, corner):
    """`rows` rows of c = a @ panel, or added to c.

    A microkernel that would write beyond c, or a row of it again, writes into the corner, and what is
    wanted goes from there.
    """
    r = 0
    while r < rows:
        tall = ROWS if rows >= ROWS else 1
        again = max(0, r + tall - rows)
        inside = again == 0 and columns == WIDE
        x = a + (r - again) * down
        y, y_down = (c + r * c_down, c_down) if inside else (corner, WIDE * 4)
        if tall == ROWS:
            _many(x, down, right, depth, panel, more if inside else 0, y, y_down)
        else:
            _one(x, down, right, depth, panel, more if inside else 0, y, y_down)
        if not inside:
            for q in range(tall - again):
                for o in range(columns):
                    value = element_at(corner + 4 * ((q + again) * WIDE + o))
                    to = c + (r + q) * c_down + 4 * o
                    set_element(to, element_at(to) + value if more else value)
        r += tall - again


@compiled
def simd_product(a, down, right, blocks, stretches, b, b_down, b_right, depth, c):
    """c[0] + c[1] + ... = a @ b, every c[t] having a part of the sums.

    a, b flat; the next row is `down` elements away and the next column `right`.  c (T, R, O).
    blocks = (size, count, near, far): rows of a come in blocks of so many, `near` elements apart, and
    after `count` of them `far`.  stretches: the same for its columns, `depth` of them.
    """
    T, R, O = c.shape
    size, many_blocks, near, far = blocks
    length, many_stretches, hop, leap = stretches
    panels, total = (O + WIDE - 1) // WIDE, (depth + length - 1) // length
    rows_of_blocks = (R + size - 1) // size
    for item in prange(T * rows_of_blocks * panels):
        t, block = item // panels // rows_of_blocks, item // panels % rows_of_blocks
        o = item % panels * WIDE
        room = np.empty((length + ROWS) * WIDE, np.float32)
        panel, corner = address(room), address(room) + 4 * length * WIDE
        x = address(a) + 4 * (block % many_blocks * near + block // many_blocks * far)
        y = address(c) + 4 * ((t * R + block * size) * O + o)
        first, columns = t * total // T, min(WIDE, O - o)
        for s in range(first, (t + 1) * total // T):
            count = min(length, depth - s * length)
            w = address(b) + 4 * (s * length * b_down + o * b_right)
            _pack(w, 4 * b_down, 4 * b_right, count, columns, panel)
            seen = x + 4 * (s % many_stretches * hop + s // many_stretches * leap)
            given, shape = (
                (seen, 4 * down, 4 * right, count),
                (min(size, R - block * size), columns),
            )
            _rows(*given, panel, s - first, *shape, y, 4 * O, corner)
        room[0] = 0  # Numba gives it back where it is last named, and only its address was used


ALIKE = 2**40  # so many blocks, or stretches, that all are at the same distance


def matrix_product(a, down, right, b, b_down, b_right, depth, c):
    """c = a @ b for contiguous a and b, seen through the strides given, in elements."""
    rows, columns = c.shape
    # rows of a block: what is read and what is written for them should stay in L2
    size = max(4 * ROWS, 2**16 // max(columns, depth if right == 1 else STRETCH))
    shares = _shares(rows, columns, depth, STRETCH)
    items = -(-columns // WIDE) * shares
    size = min(size, max(ROWS, -(-rows * items // SHARES)))
    size = -(-rows // -(-rows // size))  # blocks of about one size, in whole ROWS
    size = -(-size // ROWS) * ROWS
    blocks, stretches = (size, ALIKE, size * down, 0), (STRETCH, ALIKE, STRETCH * right, 0)
    _summed(a, down, right, blocks, stretches, b, b_down, b_right, depth, shares, c)


def convolution(x, w, stride, dilation, y):
    """y (N, I, J, O) of x (N, H, W, M), padded, and w (K, L, M, O).

    The windows are the rows of a, those of one row of y a block.  Inside a window the elements of a row
    (or of a pixel, with dilation) are neighbours: they are the stretches of the sum.
    """
    (_, H, W, M), (_, I, J, O), (K, L) = x.shape, y.shape, w.shape[:2]
    (s, t), (d, e) = stride, dilation
    blocks = (J, I, s * W * M, H * W * M)
    stretches = (L * M, K, d * W * M, 0) if e == 1 else (M, L, e * M, d * W * M)
    c = y.reshape(-1, O)
    _summed(x, t * M, 1, blocks, stretches, w, O, 1, K * L * M, 1, c)


def convolution_filters(x, dy, stride, dilation, dw):
    """dw (K, L, M, O) of x (N, H, W, M), padded, and dy (N, I, J, O).

    Every place of the window is a product of its own, summed over all pixels, a stretch for each row of
    dy; without dilation those of one row of the window are neighbours and make one product.
    """
    (_, H, W, M), (_, I, J, O), (K, L) = x.shape, dy.shape, dw.shape[:2]
    (s, t), (d, e) = stride, dilation
    stretches, depth = (J, I, s * W * M, H * W * M), dy.size // O
    together = L if e == 1 else 1
    for u in range(K):
        for v in range(0, L, together):
            c = dw[u, v : v + together].reshape(-1, O)
            seen = x.reshape(-1)[(u * d * W + v * e) * M :]
            shares = _shares(len(c), O, depth, J)
            blocks = (len(c), ALIKE, 0, 0)
            _summed(seen, 1, t * M, blocks, stretches, dy, O, 1, depth, shares, c)


def _shares(rows, columns, depth, length):
    """In how many parts that threads can make at the same time the sums are cut."""
    stretches = -(-depth // length)
    if rows < ROWS:  # b is all that counts: it is read in the order in which it lies in memory
        return min(SHARES, stretches)
    if depth > 4 * rows:
        return max(1, min(SHARES // -(-columns // WIDE), stretches // 2))
    return 1


def _summed(a, down, right, blocks, stretches, b, b_down, b_right, depth, shares, c):
    """The product, and the sum of its shares in order."""
    out = c[None] if shares == 1 else np.empty((shares, *c.shape), c.dtype)
    flat = a.reshape(-1), b.reshape(-1)
    simd_product(flat[0], down, right, blocks, stretches, flat[1], b_down, b_right, depth, out)
    if shares > 1:
        out.sum(axis=0, out=c)
