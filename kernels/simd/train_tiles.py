"""The register tiles of training: three products, and the windows of a depthwise convolution.

    product    y = x @ w + b         rows x vectors numbers of y stay in registers for the whole of K;
                                     dx = dy @ wᵀ is the same with transposed weights
    outer      g += xᵀ @ d           lanes of x times vectors of d, in registers for all pixels
    window     y = depthwise(x, w)   as at inference
    turned     dx[s i + u] += d[i] w[u]      the gradient of the window's input
    taps       g[u, v] += x d        the gradient of the window's weights

All maps lie in blocks of LANES channels: a pixel of a block is one vector, its neighbour the next one.
"""

from numba import types
from numba.extending import intrinsic

from .lanes import BYTES, LANES, TILES
from .vector import (
    INT64,
    constant,
    counted,
    load_number,
    load_vector,
    multiply_add,
    spread,
    store_vector,
)
from .window import row_seen

STEPS = 4  # of K in one turn of the product's loop


def outer_rows(vectors):
    """How the lanes of a block of x are shared among tiles of so many vectors."""
    tiles = -(-LANES // TILES[vectors])
    return tuple((n + 1) * LANES // tiles - n * LANES // tiles for n in range(tiles))


def product_tile(rows, vectors):
    """tile(x, x_plane, turns, w, bias, y, y_plane): rows x vectors of y = x @ w + bias.

    turns: K / STEPS.  w: a panel [K][vectors * LANES].  Rows of x and y are neighbours.
    """

    @intrinsic
    def tile(typing, x, x_plane, turns, w, bias, y, y_plane):
        def generate(context, builder, signature, arguments):
            x, x_plane, turns, w, bias, y, y_plane = arguments
            first = [load_vector(builder, bias, v * BYTES) for v in range(vectors)]
            mask = LANES // STEPS - 1
            leap = builder.sub(x_plane, INT64(BYTES - 4 * STEPS))

            def turn(number, carried):
                here, panel, *sums = carried
                for k in range(STEPS):
                    weights = [
                        load_vector(builder, panel, (k * vectors + v) * BYTES)
                        for v in range(vectors)
                    ]
                    for r in range(rows):
                        value = spread(builder, load_number(builder, here, r * BYTES + 4 * k))
                        for v in range(vectors):
                            at = r * vectors + v
                            sums[at] = multiply_add(builder, value, weights[v], sums[at])
                last = builder.icmp_signed("==", builder.and_(number, INT64(mask)), INT64(mask))
                here = builder.add(here, builder.select(last, leap, INT64(4 * STEPS)))
                return [here, builder.add(panel, INT64(STEPS * vectors * BYTES)), *sums]

            _, _, *sums = counted(builder, turns, [x, w, *(first * rows)], turn)
            for v in range(vectors):
                place = builder.add(y, builder.mul(y_plane, INT64(v))) if v else y
                for r in range(rows):
                    store_vector(builder, sums[r * vectors + v], place, r * BYTES)
            return context.get_dummy_value()

        i = types.int64
        return types.void(i, i, i, i, i, i, i), generate

    return tile


def outer_tile(rows, vectors):
    """tile(x, d, d_plane, count, before, before_row, g, g_row): g = before + sum_p x[p] d[p].

    x: address of the first of `rows` lanes of one block; d: of the first of `vectors` blocks; count
    pixels.  A row of g is `vectors` vectors; rows lie g_row bytes apart, those of `before` before_row,
    so that one row of zeros can be all of them.
    """

    @intrinsic
    def tile(typing, x, d, d_plane, count, before, before_row, g, g_row):
        def generate(context, builder, signature, arguments):
            x, d, d_plane, count, before, before_row, g, g_row = arguments
            starts = [builder.mul(d_plane, INT64(v)) for v in range(vectors)]
            sums = [
                load_vector(
                    builder, builder.add(before, builder.mul(before_row, INT64(r))), v * BYTES
                )
                for r in range(rows)
                for v in range(vectors)
            ]

            def pixel(number, carried):
                here, there, *sums = carried
                wide = [load_vector(builder, builder.add(there, start)) for start in starts]
                for r in range(rows):
                    value = spread(builder, load_number(builder, here, 4 * r))
                    for v in range(vectors):
                        at = r * vectors + v
                        sums[at] = multiply_add(builder, value, wide[v], sums[at])
                return [builder.add(here, INT64(BYTES)), builder.add(there, INT64(BYTES)), *sums]

            _, _, *sums = counted(builder, count, [x, d, *sums], pixel)
            for r in range(rows):
                row = builder.add(g, builder.mul(g_row, INT64(r)))
                for v in range(vectors):
                    store_vector(builder, sums[r * vectors + v], row, v * BYTES)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 8), generate

    return tile


def window_tile(kernel, stride, pixels):
    """tile(x, x_row, w, bias, y): `pixels` neighbours of a depthwise convolution, LANES channels.

    x: the first input that the first pixel sees; rows x_row bytes apart.
    """

    @intrinsic
    def tile(typing, x, x_row, w, bias, y):
        def generate(context, builder, signature, arguments):
            x, x_row, w, bias, y = arguments
            sums = [load_vector(builder, bias)] * pixels
            for u in range(kernel):
                seen = row_seen(builder, x, x_row, u, (pixels - 1) * stride + kernel)
                for v in range(kernel):
                    tap = load_vector(builder, w, (u * kernel + v) * BYTES)
                    for p in range(pixels):
                        sums[p] = multiply_add(builder, seen[stride * p + v], tap, sums[p])
            for p, value in enumerate(sums):
                store_vector(builder, value, y, p * BYTES)
            return context.get_dummy_value()

        i = types.int64
        return types.void(i, i, i, i, i), generate

    return tile


def turned_tile(kernel, stride, first, pixels):
    """tile(d, d_row, w, dx): the gradients of stride * pixels neighbours in a row of the padded input.

    They have been seen through rows first, first + stride, ... of the window.  d: the gradient of the
    output whose window begins there; that of the row above has seen them through the next of these
    rows, and so on; columns are alike.  dx: neighbours, from a column that is a multiple of the stride.
    """
    reach = (kernel - 1) // stride  # outputs to the left that have seen the first of them

    @intrinsic
    def tile(typing, d, d_row, w, dx):
        def generate(context, builder, signature, arguments):
            d, d_row, w, dx = arguments
            sums = [constant(0)] * (stride * pixels)
            for above, u in enumerate(range(first, kernel, stride)):
                row = builder.sub(d, builder.mul(d_row, INT64(above)))
                seen = [
                    load_vector(builder, row, (q - reach) * BYTES) for q in range(pixels + reach)
                ]
                for v in range(kernel):
                    tap = load_vector(builder, w, (u * kernel + v) * BYTES)
                    for p in range(pixels):
                        at, output = stride * p + v % stride, reach + p - v // stride
                        sums[at] = multiply_add(builder, seen[output], tap, sums[at])
            for p, value in enumerate(sums):
                store_vector(builder, value, dx, p * BYTES)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 4), generate

    return tile


def taps_tile(kernel, stride, pixels):
    """tile(x, x_row, d, g): g[u, v] += sum_p x[u, s p + v] d[p]."""

    @intrinsic
    def tile(typing, x, x_row, d, g):
        def generate(context, builder, signature, arguments):
            x, x_row, d, g = arguments
            slopes = [load_vector(builder, d, p * BYTES) for p in range(pixels)]
            for u in range(kernel):
                seen = row_seen(builder, x, x_row, u, (pixels - 1) * stride + kernel)
                for v in range(kernel):
                    place = (u * kernel + v) * BYTES
                    # two sums: each waits for its own last addition only
                    sums = [load_vector(builder, g, place), constant(0)]
                    for p in range(pixels):
                        sums[p % 2] = multiply_add(
                            builder, seen[stride * p + v], slopes[p], sums[p % 2]
                        )
                    total = builder.fadd(*sums) if pixels > 1 else sums[0]
                    store_vector(builder, total, g, place)
            return context.get_dummy_value()

        i = types.int64
        return types.void(i, i, i, i), generate

    return tile
