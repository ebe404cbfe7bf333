"""The microkernel of all matrix products: MR x NR accumulators stay in registers for the whole of K.

    for k in range(K):                                    b_k: NR loads
        for r in range(MR):                               a_rk: one element, broadcast to every lane
            for v in range(NR):
                sum[r][v] += a[r, k] * b[k, v]            one instruction, nothing but registers

A product that adds to memory needs a load and a store for every multiply-add.  Here a step of K loads
MR + NR times and multiplies MR * NR times, 14 x 2 being 28 multiply-adds for 16 loads.  A core can start
as many of the one as of the other.

`walk` is the loop, once for all; what differs is how a and b lie in memory, which each of these says:

    blocked    a is a map in blocks of LANES channels: pixel r, channel k is at
               a[k // LANES][r][k % LANES]; b a micropanel [K][NR vectors], in the very order it is
               read.  Pointwise convolutions.
    windowed   the same product, a seen through the windows of a standard convolution: no window is ever
               copied out (im2col).  A window is `segments` stretches of `length` neighbouring elements
    strided    a through two strides, b a micropanel: NHWC arrays as they come
    outer      a transposed: its rows are the lanes of one block, K runs over pixels, and b is a map too.
               The gradient of weights, g += x^T d

Contract: MR x NR as tuning.TILES says for this CPU's registers; edge cases by smaller MR, or by doing
pixels twice; K is a multiple of the unroll, filled up with zeros in b; nothing is checked.
"""

from ..isa.lanes import BYTES, LANES
from ..isa.llvm import (
    INT32,
    INT64,
    after,
    broadcast_element,
    load_as,
    load_element,
    load_vector,
    loop,
    multiply_add,
    prefetch,
    times,
)
from ..tuning import PANEL_LINES_AHEAD, ROW_BYTES_AHEAD, UNROLL
from .epilogue import (
    activated,
    fetching_rows,
    flat,
    from_bias,
    from_rows,
    from_zero,
    in_rows,
    planes,
    residual,
    rows,
    rows_added,
    scattered,
)
from .microkernel import microkernel, phase


def walk(
    builder,
    turns,
    a,
    b,
    sums,
    *,
    next_a,
    b_turn,
    unroll,
    a_row,
    a_k=4,
    b_k=None,
    b_vector=BYTES,
    also=None,
):
    """`turns` times `unroll` steps of K: sums + a @ b.

    a_row, a_k: bytes from row to row of a, and along K inside a turn; b_k, b_vector: along K and from
    vector to vector of b; next_a(turn, a), b_turn: to the next turn.  also(turn, b): what a turn does
    beside (prefetch).
    """
    mr, nr = len(sums), len(sums[0])
    b_k = nr * BYTES if b_k is None else b_k
    known = isinstance(a_row, int)

    def turn(number, carried):
        here, there, *values = carried
        sums = in_rows(values, nr)
        starts = [times(builder, a_row, r) for r in range(mr)]
        for k in range(unroll):
            if isinstance(b_vector, int):
                weights = [load_vector(builder, there, k * b_k + v * b_vector) for v in range(nr)]
            else:
                weights = [
                    load_vector(builder, after(builder, there, times(builder, b_vector, v)))
                    for v in range(nr)
                ]
            for r in range(mr):
                row, offset = (here, starts[r]) if known else (builder.add(here, starts[r]), 0)
                value = broadcast_element(builder, load_element(builder, row, offset + k * a_k))
                sums[r] = [
                    multiply_add(builder, value, weight, before)
                    for weight, before in zip(weights, sums[r], strict=True)
                ]
        if also:
            also(number, there)
        return [next_a(number, here), after(builder, there, b_turn), *flat(sums)]

    here, there, *values = loop(builder, turns, [a, b, *flat(sums)], turn)
    return here, there, in_rows(values, nr)


def to_next_block(builder, number, here, plane, unroll):
    """`unroll` channels further, which may be in the next block."""
    if unroll == LANES:
        return builder.add(here, plane)
    mask = LANES // unroll - 1
    last = builder.icmp_signed("==", builder.and_(number, INT64(mask)), INT64(mask))
    leap = builder.sub(plane, INT64(BYTES - 4 * unroll))
    return builder.add(here, builder.select(last, leap, INT64(4 * unroll)))


def blocked(unroll=UNROLL, ahead=False):
    """turns: K / unroll.  ahead: address of the micropanel that is needed next, asked for meanwhile."""

    @phase("x x_plane turns w" + " ahead" * ahead)
    def emit(builder, given, sums):
        nr = len(sums[0])
        panel = unroll * nr * BYTES

        def fetch(number, there):
            if len(sums) == 1:  # a single row reads each micropanel once: it asks for its own
                for line in range(0, panel, 64):
                    prefetch(builder, there, ROW_BYTES_AHEAD + line)
            else:
                place = builder.add(given.ahead, builder.mul(number, INT64(64 * PANEL_LINES_AHEAD)))
                for line in range(PANEL_LINES_AHEAD):
                    prefetch(builder, place, 64 * line)

        def next_a(number, here):
            return to_next_block(builder, number, here, given.x_plane, unroll)

        return walk(
            builder, given.turns, given.x, given.w, sums, next_a=next_a, b_turn=panel, unroll=unroll,
            a_row=BYTES, also=fetch if ahead else None,
        )[2]  # fmt: skip

    return emit


def windowed():
    """x_pixel: bytes from window to window; segment_at: address of int32 byte offsets of the segments."""

    @phase("x x_pixel segments segment_at length w")
    def emit(builder, given, sums):
        nr = len(sums[0])

        def segment(number, carried):
            there, *values = carried
            offset = load_as(
                builder, INT32, 4, builder.add(given.segment_at, builder.mul(number, INT64(4)))
            )
            here = builder.add(given.x, builder.sext(offset, INT64))
            _, there, sums = walk(
                builder, given.length, here, there, in_rows(values, nr), unroll=1, a_row=given.x_pixel,
                next_a=lambda _, here: builder.add(here, INT64(4)), b_turn=nr * BYTES,
            )  # fmt: skip
            return [there, *flat(sums)]

        _, *values = loop(builder, given.segments, [given.w, *flat(sums)], segment)
        return in_rows(values, nr)

    return emit


@phase("a a_row a_k depth panel")
def strided(builder, given, sums):
    """a_row, a_k: bytes from row to row and along K; depth: K."""
    return walk(
        builder, given.depth, given.a, given.panel, sums, unroll=1, a_row=given.a_row,
        next_a=lambda _, here: builder.add(here, given.a_k), b_turn=len(sums[0]) * BYTES,
    )[2]  # fmt: skip


@phase("x d d_plane count")
def outer(builder, given, sums):
    """x: address of the first of MR lanes of a block; d: of the first of NR blocks; count: pixels."""
    return walk(
        builder, given.count, given.x, given.d, sums, unroll=1, a_row=4, b_vector=given.d_plane,
        next_a=lambda _, here: builder.add(here, INT64(BYTES)), b_turn=BYTES,
    )[2]  # fmt: skip


# --- the microkernels ------------------------------------------------------------------------------


def pointwise(mr, nr):
    """y = activation(x @ w + bias) + added: a pointwise convolution at inference."""
    return microkernel(from_bias(mr, nr), blocked(ahead=True), activated, residual, scattered)


def convolution(mr, nr):
    """y = activation(windows of x @ w + bias): a standard convolution at inference."""
    return microkernel(from_bias(mr, nr), windowed(), activated, scattered)


def pointwise_bias(mr, nr, unroll):
    """y = x @ w + bias of a scratch: training, forwards, and dx = d @ w^T with transposed weights."""
    return microkernel(from_bias(mr, nr), blocked(unroll), planes)


def outer_product(mr, nr):
    """g = before + x^T d."""
    return microkernel(from_rows(mr, nr), outer, rows)


def product(mr, nr):
    """c = a @ panel, or added to c: NHWC."""
    return microkernel(fetching_rows(from_zero(mr, nr)), strided, rows_added)
