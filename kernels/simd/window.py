"""The register tile of a depthwise convolution: PIXELS neighbours of one row, LANES channels of each.

    for u in range(K):
        load the inputs of row u that the pixels see: (PIXELS - 1) * s + K vectors
        for v in range(K):
            for p in range(PIXELS):
                sum[p] += x[u, s*p + v] * w[u, v]

Neighbours see almost the same inputs: with K = 3, s = 1 and 7 pixels a row of 9 vectors is loaded
where 21 are multiplied.  Channels never mix, so lanes never meet.  The map is surrounded by zeros in
memory: there is no border to ask for.
"""

from numba import types
from numba.extending import intrinsic

from .lanes import BYTES
from .product import activate
from .vector import INT64, load_vector, multiply_add, prefetch, store_vector

PIXELS = 7


def row_seen(builder, x, x_row, u, count):
    """The first `count` vectors of row u."""
    row = builder.add(x, builder.mul(x_row, INT64(u))) if u else x
    return [load_vector(builder, row, q * BYTES) for q in range(count)]


def depthwise_tile(kernel, stride, pixels):
    """The intrinsic for a square kernel, a stride and so many pixels.

    tile(x, x_row, w, bias, activation, low, high, y): x: address of the window's first input of the
    first pixel, pixels one vector apart, rows x_row bytes; w: kernel * kernel vectors; y: pixels one
    vector apart.
    """

    @intrinsic
    def tile(typing, x, x_row, x_plane, w, bias, activation, low, high, y):
        def generate(context, builder, signature, arguments):
            x, x_row, x_plane, w, bias, activation, low, high, y = arguments
            sums = [load_vector(builder, bias)] * pixels
            for u in range(kernel):
                seen = row_seen(builder, x, x_row, u, (pixels - 1) * stride + kernel)
                for v in range(kernel):
                    tap = load_vector(builder, w, (u * kernel + v) * BYTES)
                    for p in range(pixels):
                        sums[p] = multiply_add(builder, seen[stride * p + v], tap, sums[p])
            for u in range(stride):  # what the same pixels of the next block will see
                row = builder.add(builder.add(x, x_plane), builder.mul(x_row, INT64(u)))
                for q in range(0, stride * pixels * BYTES, 64):
                    prefetch(builder, row, q)
            (sums,) = activate(builder, [sums], activation, low, high)
            for p, value in enumerate(sums):
                store_vector(builder, value, y, p * BYTES)
            return context.get_dummy_value()

        i, f = types.int64, types.float32
        return types.void(i, i, i, i, i, i, f, f, i), generate

    return tile
