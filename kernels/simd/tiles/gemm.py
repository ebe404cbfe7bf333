"""The microkernel of all matrix products: MR x NR accumulators stay in registers for the whole of K.

    for k in range(K):                                    b_k: NR loads
        for r in range(MR):                               a_rk: one element, broadcast to every lane
            for v in range(NR):
                sum[r][v] += a[r, k] * b[k, v]            one instruction, nothing but registers

`walk` is the loop, once for all; what differs is how a and b lie in memory, which each of these says:

    blocked    a is a map in blocks of LANES channels, a[k // LANES][r][k % LANES]; b a micropanel
               [K][NR vectors], in the very order it is read: pointwise convolutions
    windowed   the same, a seen through the windows of a standard convolution, none of which is ever
               copied out (im2col): `segments` stretches of `length` neighbouring elements
    strided    a through two strides, b a micropanel: NHWC arrays as they come
    outer      a transposed: its rows are the lanes of one block, K runs over pixels, and b is a map too:
               the gradient of weights, g += x^T d

tuning.TILES has MR and NR; docs/microkernels.md has the contracts.  Nothing is checked.
"""

from ..isa import llvm
from ..isa.lanes import BYTES, LANES
from ..isa.llvm import FLOAT, INT64, after, load, load_vectors, loop, multiply_add, prefetch
from ..tuning import PANEL_LINES_AHEAD, ROW_BYTES_AHEAD, UNROLL
from . import epilogue
from .epilogue import activated, from_bias, residual, scattered
from .microkernel import microkernel, phase


def walk(builder, given, turns, a, b, sums, a_step, *, a_row, unroll=1, b_vector=BYTES, also=None):
    """`turns` times `unroll` steps of K: sums + a @ b; gives where b ended, and the sums.

    a_step: bytes to a of the next turn, or a function (turn, a) that gives it; a_row: bytes from row to
    row of a, whose steps of K are neighbours; b_vector: from vector to vector of b, a micropanel if they
    are neighbours.  also(turn, b): what a turn does beside (prefetch).
    """
    mr, nr = given.mr, given.nr
    b_k = nr * BYTES if isinstance(b_vector, int) else BYTES

    def turn(number, carried):
        here, there, *sums = carried
        for k in range(unroll):
            weights = load_vectors(builder, there, b_vector, nr, k * nr)
            for r in range(mr):
                known = isinstance(a_row, int)
                row, offset = (here, r * a_row) if known else (after(builder, here, a_row, r), 0)
                value = llvm.broadcast_element(builder, load(builder, FLOAT, row, offset + 4 * k))
                for v, weight in enumerate(weights, r * nr):
                    sums[v] = multiply_add(builder, value, weight, sums[v])
        if also:
            also(number, there)
        here = a_step(number, here) if callable(a_step) else after(builder, here, a_step)
        return [here, after(builder, there, b_k, unroll), *sums]

    _, there, *sums = loop(builder, turns, [a, b, *sums], turn)
    return there, sums


def blocked(unroll=UNROLL, ahead=False):
    """turns: K / unroll.  ahead: address of the micropanel that is needed next, asked for meanwhile."""

    @phase("x x_plane turns w" + " ahead" * ahead)
    def emit(builder, given, sums):
        def fetch(number, there):
            if given.mr == 1:  # a single row reads each micropanel once: it asks for its own
                for line in range(0, unroll * given.nr * BYTES, 64):
                    prefetch(builder, there, ROW_BYTES_AHEAD + line)
            else:
                place = builder.add(given.ahead, builder.mul(number, INT64(64 * PANEL_LINES_AHEAD)))
                for line in range(PANEL_LINES_AHEAD):
                    prefetch(builder, place, 64 * line)

        def next_a(number, here):  # `unroll` channels further, which may be in the next block
            if unroll == LANES:
                return builder.add(here, given.x_plane)
            mask = INT64(LANES // unroll - 1)
            last = builder.icmp_signed("==", builder.and_(number, mask), mask)
            leap = builder.sub(given.x_plane, INT64(BYTES - 4 * unroll))
            return builder.add(here, builder.select(last, leap, INT64(4 * unroll)))

        return walk(
            builder, given, given.turns, given.x, given.w, sums, next_a, a_row=BYTES,
            unroll=unroll, also=fetch if ahead else None,
        )[1]  # fmt: skip

    return emit


@phase("x x_pixel segments segment_at length w")
def windowed(builder, given, sums):
    """x_pixel: bytes from window to window; segment_at: address of int32 byte offsets of the segments."""

    def segment(number, carried):
        there, *sums = carried
        at = builder.add(given.segment_at, builder.mul(number, INT64(4)))
        here = builder.add(given.x, llvm.offset_at(builder, at))
        there, sums = walk(builder, given, given.length, here, there, sums, 4, a_row=given.x_pixel)
        return [there, *sums]

    return loop(builder, given.segments, [given.w, *sums], segment)[1:]


@phase("a a_row a_k depth panel")
def strided(builder, given, sums):
    """a_row, a_k: bytes from row to row and along K; depth: K."""
    a, b = given.a, given.panel
    return walk(builder, given, given.depth, a, b, sums, given.a_k, a_row=given.a_row)[1]


@phase("x d d_plane count")
def outer(builder, given, sums):
    """x: address of the first of mr lanes of a block; d: of the first of nr blocks; count: pixels."""
    a, b, plane = given.x, given.d, given.d_plane
    return walk(builder, given, given.count, a, b, sums, BYTES, a_row=4, b_vector=plane)[1]


# --- the microkernels ------------------------------------------------------------------------------


def pointwise(mr, nr):
    """y = activation(x @ w + bias) + added: a pointwise convolution at inference."""
    return microkernel((mr, nr), from_bias, blocked(ahead=True), activated, residual, scattered)


def convolution(mr, nr):
    """y = activation(windows of x @ w + bias): a standard convolution at inference."""
    return microkernel((mr, nr), from_bias, windowed, activated, scattered)


def pointwise_bias(mr, nr, unroll):
    """y = x @ w + bias of a scratch: training, forwards, and dx = d @ w^T with transposed weights."""
    return microkernel((mr, nr), from_bias, blocked(unroll), epilogue.planes)


def outer_product(mr, nr):
    """g = before + x^T d."""
    return microkernel((mr, nr), epilogue.from_rows, outer, epilogue.rows)


def product(mr, nr):
    """c = a @ panel, or added to c: NHWC."""
    return microkernel((mr, nr), epilogue.fetching_rows, strided, epilogue.rows_added)
