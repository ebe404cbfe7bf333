"""The microkernel of all depthwise convolutions: neighbours of one row, LANES channels of each.

    for u in range(K):
        load what the pixels see of row u: (pixels - 1) * s + K vectors
        for v in range(K):
            for p in range(pixels):
                sum[p] += x[u, s*p + v] * w[u, v]

Neighbours see almost the same inputs: with K = 3, s = 1 and 7 pixels a row of 9 vectors is loaded where
21 are multiplied.  Channels never mix, so lanes never meet.  The map is surrounded by zeros in memory:
there is no border to ask for.

`slide` is the loop, once for the convolution and for the gradient of its input:

    forward           sum[p] += x[u, s p + v] w[u, v]
    backward_input    sum[s p + v % s] += dy[reach + p - v // s] w[u, v]     dx of s * pixels neighbours
    backward_filter   dw[u, v] += sum_p x[u, s p + v] dy[p]                  over pixels, not over taps

Distances between pixels and taps are one vector in blocked layout, known now; None stands for a
distance known at run time (x_pixel, w_tap, y_pixel: NHWC).
"""

from ..isa.lanes import BYTES
from ..isa.llvm import after, constant, load_vector, multiply_add, prefetch, store_vector, times
from .epilogue import activated, from_bias, from_zero, pixels_of
from .microkernel import microkernel, phase


def vectors(builder, start, distance, count, first=0):
    """`count` vectors, `distance` bytes apart, from the one numbered `first`."""
    if isinstance(distance, int):
        return [load_vector(builder, start, (first + q) * distance) for q in range(count)]
    starts = [after(builder, start, times(builder, distance, first + q)) for q in range(count)]
    return [load_vector(builder, each) for each in starts]


def slide(builder, sums, inputs, taps, meets):
    """One row of the window: tap v of it multiplies input q into sum `at` for (at, q) in meets(v)."""
    for v, tap in enumerate(taps):
        for at, q in meets(v):
            sums[at] = multiply_add(builder, inputs[q], tap, sums[at])
    return sums


def seen(kernel, stride, pixels):
    """How many inputs of a row so many neighbours see."""
    return (pixels - 1) * stride + kernel


def forward_rows(kernel, stride, pixels, *, nhwc=False, ahead=False):
    """x: the first input that the first pixel sees; rows x_row bytes apart.

    x_plane (where `ahead`): what the same pixels of the next block will see is asked for.
    """
    names = "x x_row" + " x_plane" * ahead + " x_pixel" * nhwc + " w" + " w_tap" * nhwc

    @phase(names)
    def emit(builder, given, accumulators):
        x_pixel, w_tap = (given.x_pixel, given.w_tap) if nhwc else (BYTES, BYTES)
        (sums,) = accumulators

        def meets(v):
            return [(p, stride * p + v) for p in range(pixels)]

        for u in range(kernel):
            row = after(builder, given.x, times(builder, given.x_row, u) if u else 0)
            inputs = vectors(builder, row, x_pixel, seen(kernel, stride, pixels))
            taps = vectors(builder, given.w, w_tap, kernel, u * kernel)
            sums = slide(builder, sums, inputs, taps, meets)
        for u in range(stride if ahead else 0):
            row = builder.add(given.x, given.x_plane)
            row = after(builder, row, times(builder, given.x_row, u) if u else 0)
            for q in range(0, stride * pixels * BYTES, 64):
                prefetch(builder, row, q)
        return [sums]

    return emit


def backward_rows(kernel, stride, first, pixels):
    """The gradients of stride * pixels neighbours in a row of the padded input.

    They have been seen through rows first, first + stride, ... of the window.  d: the gradient of the
    output whose window begins there; that of the row above has seen them through the next of these
    rows, and so on; columns are alike.
    """
    reach = (kernel - 1) // stride  # outputs to the left that have seen the first of them

    @phase("d d_row w")
    def emit(builder, given, accumulators):
        (sums,) = accumulators

        def meets(v):
            return [(stride * p + v % stride, reach + p - v // stride) for p in range(pixels)]

        for above, u in enumerate(range(first, kernel, stride)):
            row = builder.sub(given.d, times(builder, given.d_row, above))
            inputs = vectors(builder, row, BYTES, pixels + reach, -reach)
            taps = vectors(builder, given.w, BYTES, kernel, u * kernel)
            sums = slide(builder, sums, inputs, taps, meets)
        return [sums]

    return emit


# --- the microkernels ------------------------------------------------------------------------------


def forward(kernel, stride, pixels):
    """y = activation(depthwise(x, w) + bias) at inference; y: pixels one vector apart."""
    rows = forward_rows(kernel, stride, pixels, ahead=True)
    return microkernel(from_bias(1, pixels, same=True), rows, activated, pixels_of())


def forward_bias(kernel, stride, pixels):
    """y = depthwise(x, w) + bias: training."""
    rows = forward_rows(kernel, stride, pixels)
    return microkernel(from_bias(1, pixels, same=True), rows, pixels_of())


def forward_nhwc(kernel, stride, pixels):
    """y = depthwise(x, w); distances between pixels, and between taps, as arguments."""
    rows = forward_rows(kernel, stride, pixels, nhwc=True)
    return microkernel(from_zero(1, pixels), rows, pixels_of(nhwc=True))


def backward_input(kernel, stride, first, pixels):
    """dx: neighbours, from a column that is a multiple of the stride."""
    rows = backward_rows(kernel, stride, first, pixels)
    return microkernel(from_zero(1, stride * pixels), rows, pixels_of())


def backward_filter(kernel, stride, pixels, *, nhwc=False):
    """dw[u, v] += sum_p x[u, s p + v] dy[p]; taps of dw, and pixels of x and dy, as in `forward_rows`."""

    @phase("x x_row" + " x_pixel" * nhwc + " dy" + " dy_pixel" * nhwc + " dw" + " dw_tap" * nhwc)
    def emit(builder, given, _):
        x_pixel, dy_pixel, dw_tap = (
            (given.x_pixel, given.dy_pixel, given.dw_tap) if nhwc else (BYTES,) * 3
        )
        slopes = vectors(builder, given.dy, dy_pixel, pixels)
        for u in range(kernel):
            row = after(builder, given.x, times(builder, given.x_row, u) if u else 0)
            inputs = vectors(builder, row, x_pixel, seen(kernel, stride, pixels))
            for v in range(kernel):
                tap = after(builder, given.dw, times(builder, dw_tap, u * kernel + v))
                # two sums: each waits for its own last addition only
                sums = [load_vector(builder, tap), constant(0)]
                for p in range(pixels):
                    sums[p % 2] = multiply_add(
                        builder, inputs[stride * p + v], slopes[p], sums[p % 2]
                    )
                store_vector(builder, builder.fadd(*sums) if pixels > 1 else sums[0], tap)

    return microkernel(emit)
