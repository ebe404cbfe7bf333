"""Depthwise convolutions over plain arrays, NHWC, and the gradient of their filters.

As in plain.py the distance from pixel to pixel is a number known at run time, and bits do not depend on
the number of threads.
"""

import numpy as np
from numba import types
from numba.extending import intrinsic

from ..compiling import compiled, prange
from .lanes import LANES
from .pieces import filled
from .plain import SHARES
from .product import loop
from .vector import INT64, address, constant, load_vector, multiply_add, store_vector
from .window import PIXELS


def window_tile(kernel, stride, pixels):
    """The intrinsic for a square kernel, a stride along the row, and so many pixels of it.

    tile(x, x_row, x_pixel, w, w_tap, y, y_pixel): addresses, and distances in bytes.
    """

    @intrinsic
    def tile(typing, x, x_row, x_pixel, w, w_tap, y, y_pixel):
        def generate(context, builder, signature, arguments):
            x, x_row, x_pixel, w, w_tap, y, y_pixel = arguments
            sums = [constant(0)] * pixels
            for u in range(kernel):
                row = builder.add(x, builder.mul(x_row, INT64(u)))
                seen = _vectors(builder, row, x_pixel, (pixels - 1) * stride + kernel)
                first = builder.add(w, builder.mul(w_tap, INT64(u * kernel)))
                for v, tap in enumerate(_vectors(builder, first, w_tap, kernel)):
                    for p in range(pixels):
                        sums[p] = multiply_add(builder, seen[stride * p + v], tap, sums[p])
            for p, value in enumerate(sums):
                store_vector(builder, value, builder.add(y, builder.mul(y_pixel, INT64(p))))
            return context.get_dummy_value()

        return types.void(*[types.int64] * 7), generate

    return tile


def _vectors(builder, place, distance, count):
    places = [builder.add(place, builder.mul(distance, INT64(q))) for q in range(count)]
    return [load_vector(builder, place) for place in places]


def filter_tile(kernel):
    """The intrinsic for what one row of dy adds to the gradient of square filters.

    tile(x, x_row, x_step, x_pixel, dy, dy_pixel, pixels, dw, dw_tap): x_step: bytes from one window to
    the next, x_pixel: inside a window.
    """

    @intrinsic
    def tile(typing, x, x_row, x_step, x_pixel, dy, dy_pixel, pixels, dw, dw_tap):
        def generate(context, builder, signature, arguments):
            x, x_row, x_step, x_pixel, dy, dy_pixel, pixels, dw, dw_tap = arguments
            taps = range(kernel * kernel)
            places = [builder.add(dw, builder.mul(dw_tap, INT64(tap))) for tap in taps]

            def turn(_, here, there, now):
                (sums,) = now
                gradient = load_vector(builder, there)
                seen = []
                for u in range(kernel):
                    row = builder.add(here, builder.mul(x_row, INT64(u)))
                    seen += _vectors(builder, row, x_pixel, kernel)
                sums = [
                    multiply_add(builder, s, gradient, t) for s, t in zip(seen, sums, strict=True)
                ]
                return builder.add(here, x_step), [sums]

            sums = [[constant(0) for _ in taps]]
            (sums,) = loop(builder, sums, pixels, dy_pixel, x, dy, turn)[1]
            for place, value in zip(places, sums, strict=True):
                store_vector(builder, builder.fadd(load_vector(builder, place), value), place)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), generate

    return tile


many, one = None, None  # what the templates below leave open


def forward(x, w, stride, y):
    """Depthwise convolution; each thread owns whole rows.  At least LANES channels."""
    N, I, J, M = y.shape
    H, W = x.shape[1:3]
    s, t = stride
    for row in prange(N * I):
        above = address(x) + 4 * M * W * (row // I * H + s * (row % I))
        place = address(y) + 4 * M * J * row
        j = 0
        while j < J:
            wide = J >= PIXELS
            if wide:
                j = min(
                    j, J - PIXELS
                )  # the last few once more: the same numbers, by the same thread
            m = 0
            while m < M:
                m = min(m, M - LANES)  # so with channels
                left, out = above + 4 * (t * j * M + m), place + 4 * (j * M + m)
                if wide:
                    many(left, 4 * M * W, 4 * M, address(w) + 4 * m, 4 * M, out, 4 * M)
                else:
                    one(left, 4 * M * W, 4 * M, address(w) + 4 * m, 4 * M, out, 4 * M)
                m += LANES
            j += PIXELS if wide else 1


def shares(x, dy, stride, partial):
    """Its filters' gradient, in as many fixed shares of dy's rows as `partial` has places, all 0."""
    N, I, J, M = dy.shape
    H, W = x.shape[1:3]
    s, t = stride
    parts, blocks = len(partial), (M + LANES - 1) // LANES
    taps = partial.shape[1]
    for unit in prange(parts * blocks):
        share, m = unit // blocks, unit % blocks * LANES
        again = max(0, m + LANES - M)  # the last block begins before its time: see below
        out = address(partial) + 4 * (share * taps * blocks * LANES + m)
        for row in range(share * N * I // parts, (share + 1) * N * I // parts):
            above = address(x) + 4 * (M * W * (row // I * H + s * (row % I)) + m - again)
            gradient = address(dy) + 4 * (M * J * row + m - again)
            many(above, 4 * M * W, 4 * M * t, 4 * M, gradient, 4 * M, J, out, 4 * blocks * LANES)


_FORWARD = {
    (k, t): compiled(
        filled(
            forward,
            f"simd_window_{k}_{t}",
            many=window_tile(k, t, PIXELS),
            one=window_tile(k, t, 1),
        )
    )
    for k in (3, 5)
    for t in (1, 2)
}
_SHARES = {k: compiled(filled(shares, f"simd_filters_{k}", many=filter_tile(k))) for k in (3, 5)}


def fits(taps, channels, stride, dilation):
    """Whether there are tiles for such a depthwise convolution."""
    square = taps[0] == taps[1] and taps[0] in (3, 5)
    return square and stride[1] in (1, 2) and tuple(dilation) == (1, 1) and channels >= LANES


def depthwise(x, w, stride, y):
    """y (N, I, J, M) of x (N, H, W, M), padded, and w (K, K, M)."""
    _FORWARD[len(w), stride[1]](x, w, stride, y)


def depthwise_filters(x, dy, stride, dw):
    """dw (K, K, M) of x (N, H, W, M), padded, and dy (N, I, J, M)."""
    K, _, M = dw.shape
    blocks = -(-M // LANES)
    rows = dy.shape[0] * dy.shape[1]
    parts = min(rows, max(-(-SHARES // blocks), rows // 256))
    partial = np.zeros((parts, K * K, blocks * LANES), dw.dtype)
    _SHARES[K](x, dy, stride, partial)
    total = partial.sum(axis=0) if parts > 1 else partial[0]
    again = blocks * LANES - M  # the last block holds these channels of the one before as well
    dw.reshape(K * K, M)[:, : M - LANES] = total[:, : M - LANES]
    dw.reshape(K * K, M)[:, M - LANES :] = total[:, M - LANES + again :]
