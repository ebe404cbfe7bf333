"""Depthwise convolutions over NHWC arrays, and the gradient of their filters.

As in product.py the distance from pixel to pixel is known at run time only, and bits do not depend on the
number of threads.
"""

import numpy as np

from ...compiling import compiled, prange
from ..isa.lanes import LANES
from ..isa.vector import address
from ..runtime.parts import made
from ..tiles import depthwise as tiles
from ..tuning import NHWC_SHARES as SHARES
from ..tuning import PIXELS


def _forward(kernel, t):
    """For a square kernel, and a stride along the row."""
    many, one = (tiles.forward_nhwc(kernel, t, pixels) for pixels in (PIXELS, 1))

    @compiled
    @made("simd_forward", kernel, t)
    def forward(x, w, s, y):
        """y of x and w, rows s apart; each thread owns whole rows.  At least LANES channels."""
        N, I, J, M = y.shape
        H, W = x.shape[1:3]
        for row in prange(N * I):
            above = address(x) + 4 * M * W * (row // I * H + s * (row % I))
            to, taps, j = address(y) + 4 * M * J * row, address(w), 0
            count = PIXELS if J >= PIXELS else 1
            while j < J:
                j = min(
                    j, J - count
                )  # the last few once more: the same elements, by the same thread
                m = 0
                while m < M:
                    m = min(m, M - LANES)  # so with channels
                    left, out = above + 4 * (t * j * M + m), to + 4 * (j * M + m)
                    if count > 1:
                        many(left, 4 * M * W, 4 * M, taps + 4 * m, 4 * M, out, 4 * M)
                    else:
                        one(left, 4 * M * W, 4 * M, taps + 4 * m, 4 * M, out, 4 * M)
                    m += LANES
                j += count

    return forward


def _backward_filter(kernel, t):
    many, one = (tiles.backward_filter(kernel, t, pixels, nhwc=True) for pixels in (PIXELS, 1))

    @compiled
    @made("simd_backward_filter", kernel, t)
    def backward(x, dy, s, partial):
        """dw in as many fixed shares of dy's rows as `partial` (shares, K K, M) has, all 0."""
        N, I, J, M = dy.shape
        H, W = x.shape[1:3]
        shares, taps = partial.shape[:2]
        blocks = (M + LANES - 1) // LANES
        for item in prange(shares * blocks):
            share, m = item // blocks, item % blocks * LANES
            again = max(0, m + LANES - M)  # the last block begins before its time: see below
            out_tap = 4 * blocks * LANES
            out = address(partial) + share * taps * out_tap + 4 * m
            for row in range(share * N * I // shares, (share + 1) * N * I // shares):
                above = address(x) + 4 * (M * W * (row // I * H + s * (row % I)) + m - again)
                slopes, j = address(dy) + 4 * (M * J * row + m - again), 0
                while J - j >= PIXELS:
                    left, slope = above + 4 * t * j * M, slopes + 4 * j * M
                    many(left, 4 * M * W, 4 * M, slope, 4 * M, out, out_tap)
                    j += PIXELS
                while j < J:
                    left, slope = above + 4 * t * j * M, slopes + 4 * j * M
                    one(left, 4 * M * W, 4 * M, slope, 4 * M, out, out_tap)
                    j += 1

    return backward


_KINDS = [(k, t) for k in (3, 5) for t in (1, 2)]
_FORWARD = {kind: _forward(*kind) for kind in _KINDS}
_BACKWARD_FILTER = {kind: _backward_filter(*kind) for kind in _KINDS}


def fits(taps, channels, stride, dilation):
    """Whether there are microkernels for such a depthwise convolution."""
    square = taps[0] == taps[1] and taps[0] in (3, 5)
    return square and stride[1] in (1, 2) and tuple(dilation) == (1, 1) and channels >= LANES


def depthwise(x, w, stride, y):
    """y (N, I, J, M) of x (N, H, W, M), padded, and w (K, K, M)."""
    _FORWARD[len(w), stride[1]](x, w, stride[0], y)


def depthwise_filters(x, dy, stride, dw):
    """dw (K, K, M) of x (N, H, W, M), padded, and dy (N, I, J, M)."""
    K, _, M = dw.shape
    blocks = -(-M // LANES)
    rows = dy.shape[0] * dy.shape[1]
    parts = min(rows, max(-(-SHARES // blocks), rows // 256))
    partial = np.zeros((parts, K * K, blocks * LANES), dw.dtype)
    _BACKWARD_FILTER[K, stride[1]](x, dy, stride[0], partial)
    total = partial.sum(axis=0) if parts > 1 else partial[0]
    flat = dw.reshape(K * K, M)
    flat[:, : M - LANES] = total[:, : M - LANES]
    flat[:, M - LANES :] = total[:, -LANES:]  # the last block may begin among the one before
