"""The microkernel of all depthwise convolutions: neighbours of one row, LANES channels of each.

    for u in range(K):
        load what the pixels see of row u: (pixels - 1) * s + K vectors
        for v in range(K):
            for p in range(pixels):
                sum[p] += x[u, s*p + v] * w[u, v]

The map is surrounded by zeros in memory: there is no border to ask for.

`slide` is the loop, once for the convolution and for the gradient of its input:

    forward           sum[p] += x[u, s p + v] w[u, v]
    backward_input    sum[s p + v % s] += dy[reach + p - v // s] w[u, v]     dx of s * pixels neighbours
    backward_filter   dw[u, v] += sum_p x[u, s p + v] dy[p]                  over pixels, not over taps

From pixel to pixel and from tap to tap it is one vector; where a map is NHWC, arguments say how far.
"""

from ..isa.lanes import BYTES
from ..isa.llvm import VECTOR, after, constant, load, load_vectors, multiply_add, prefetch, store
from .epilogue import activated, from_bias, from_zero, pixels
from .microkernel import microkernel, phase


def slide(builder, sums, inputs, taps, meets):
    """One row of the window: tap v of it multiplies input q into sum `at` for (at, q) in meets(v)."""
    for v, tap in enumerate(taps):
        for at, q in meets(v):
            sums[at] = multiply_add(builder, inputs[q], tap, sums[at])


def seen(kernel, stride, count):
    """How many inputs of a row so many neighbours see."""
    return (count - 1) * stride + kernel


def forward_rows(kernel, stride, *, nhwc=False, ahead=False):
    """x: the first input that the first pixel sees.

    x_plane (where `ahead`): what the same pixels of the next block will see is asked for.
    """

    @phase("x x_row" + " x_plane" * ahead + " x_pixel" * nhwc + " w" + " w_tap" * nhwc)
    def emit(builder, given, sums):
        x_pixel, w_tap = (given.x_pixel, given.w_tap) if nhwc else (BYTES, BYTES)

        def meets(v):
            return [(p, stride * p + v) for p in range(given.mr)]

        for u in range(kernel):
            row = after(builder, given.x, given.x_row, u)
            inputs = load_vectors(builder, row, x_pixel, seen(kernel, stride, given.mr))
            taps = load_vectors(builder, given.w, w_tap, kernel, u * kernel)
            slide(builder, sums, inputs, taps, meets)
        for u in range(stride if ahead else 0):
            row = after(builder, builder.add(given.x, given.x_plane), given.x_row, u)
            for q in range(0, stride * given.mr * BYTES, 64):
                prefetch(builder, row, q)
        return sums

    return emit


def backward_rows(kernel, stride, first):
    """The gradients of `stride` neighbours for each pixel in a row of the padded input.

    They have been seen through rows first, first + stride, ... of the window.  d: the gradient of the
    output whose window begins there; that of the row above has seen them through the next of these
    rows, and so on; columns are alike.
    """
    reach = (kernel - 1) // stride  # outputs to the left that have seen the first of them

    @phase("d d_row w")
    def emit(builder, given, sums):
        count = given.mr // stride

        def meets(v):
            return [(stride * p + v % stride, reach + p - v // stride) for p in range(count)]

        for above, u in enumerate(range(first, kernel, stride)):
            row = after(builder, given.d, given.d_row, -above)
            inputs = load_vectors(builder, row, BYTES, count + reach, -reach)
            taps = load_vectors(builder, given.w, BYTES, kernel, u * kernel)
            slide(builder, sums, inputs, taps, meets)
        return sums

    return emit


# --- the microkernels ------------------------------------------------------------------------------


def forward(kernel, stride, count):
    """y = activation(depthwise(x, w) + bias) of so many pixels, one vector apart: inference."""
    rows = forward_rows(kernel, stride, ahead=True)
    return microkernel((count, 1), from_bias, rows, activated, pixels())


def forward_bias(kernel, stride, count):
    """y = depthwise(x, w) + bias: training."""
    return microkernel((count, 1), from_bias, forward_rows(kernel, stride), pixels())


def forward_nhwc(kernel, stride, count):
    """y = depthwise(x, w); distances between pixels, and between taps, as arguments."""
    rows = forward_rows(kernel, stride, nhwc=True)
    return microkernel((count, 1), from_zero, rows, pixels(nhwc=True))


def backward_input(kernel, stride, first, count):
    """dx: neighbours, from a column that is a multiple of the stride."""
    rows = backward_rows(kernel, stride, first)
    return microkernel((stride * count, 1), from_zero, rows, pixels())


def backward_filter(kernel, stride, count, *, nhwc=False):
    """dw[u, v] += sum_p x[u, s p + v] dy[p]; taps of dw, and pixels of x and dy, as in `forward_rows`."""

    @phase("x x_row" + " x_pixel" * nhwc + " dy" + " dy_pixel" * nhwc + " dw" + " dw_tap" * nhwc)
    def emit(builder, given, _):
        x_pixel, dy_pixel, dw_tap = BYTES, BYTES, BYTES
        if nhwc:
            x_pixel, dy_pixel, dw_tap = given.x_pixel, given.dy_pixel, given.dw_tap
        slopes = load_vectors(builder, given.dy, dy_pixel, count)
        for u in range(kernel):
            row = after(builder, given.x, given.x_row, u)
            inputs = load_vectors(builder, row, x_pixel, seen(kernel, stride, count))
            for v in range(kernel):
                tap = after(builder, given.dw, dw_tap, u * kernel + v)
                # two sums: each waits for its own last addition only
                sums = [load(builder, VECTOR, tap), constant(0)]
                for p, slope in enumerate(slopes):
                    sums[p % 2] = multiply_add(builder, inputs[stride * p + v], slope, sums[p % 2])
                store(builder, builder.fadd(*sums) if count > 1 else sums[0], tap)

    return microkernel((count, 1), emit)
