"""The register tile of a matrix product: y = act(x @ w + b), ROWS pixels by VECTORS vectors at once.

    for k in range(K):                                    w_k: VECTORS loads
        for r in range(rows):                             x_rk: one number to every lane
            for v in range(vectors):
                sum[r][v] += x[r, k] * w[k, v]            one instruction, nothing but registers

A product that adds to memory needs a load and a store for every multiply-add.  Here the sums live in
registers for the whole of K: a step loads rows + vectors times and multiplies rows * vectors times,
14 x 2 being 28 multiply-adds for 16 loads.  A core can start as many of the one as of the other.

x lies in blocks of LANES channels: pixel p, channel k is at x[k // LANES][p][k % LANES], so that the
distance of two rows is one vector, known now.  w lies in panels: [K][vectors * LANES], in the very
order it is read.  K is a multiple of STEPS, filled up with zeros in w.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .lanes import BYTES, LANES
from .vector import (
    INT32,
    INT64,
    VECTOR,
    counted,
    hard_swished,
    larger,
    load_number,
    load_vector,
    multiply_add,
    pointer,
    prefetch,
    smaller,
    spread,
    store_vector,
)

STEPS = min(8, LANES)
AHEAD = 2  # cache lines of the next panel asked for in one turn
FAR = 4096  # bytes: how far ahead a single row, which reads each panel once, asks for its own
CLAMP, HARD_SWISH = 0, 1  # what `activation` says


def product_tile(rows, vectors):
    """The intrinsic for a tile of this size of a 1 x 1 convolution.

    tile(x, x_plane, turns, w, ahead, bias, activation, low, high, added, added_at, added_plane,
         y, y_at, y_plane)

    x: address of the first pixel's first block; x_plane: bytes from block to block; turns: K / STEPS;
    w, bias: addresses of this panel's; y: address of the panel's first block, y_plane bytes from
    block to block; y_at: address of int32 byte offsets, one for each row.  added: what is added to
    the result in the same manner, 0 for nothing.
    """

    @intrinsic
    def tile(
        typing, x, x_plane, turns, w, ahead, bias, activation, low, high,
        added, added_at, added_plane, y, y_at, y_plane,
    ):  # fmt: skip
        def generate(context, builder, signature, arguments):
            (x, x_plane, turns, w, ahead, bias, activation, low, high,
             added, added_at, added_plane, y, y_at, y_plane) = arguments  # fmt: skip
            first = [load_vector(builder, bias, v * BYTES) for v in range(vectors)]
            sums = [list(first) for _ in range(rows)]
            sums = _multiply(builder, sums, x, x_plane, turns, w, ahead)
            sums = activate(builder, sums, activation, low, high)
            sums = _add(builder, sums, added, added_at, added_plane)
            _write(builder, sums, y, y_at, y_plane)
            return context.get_dummy_value()

        i, f = types.int64, types.float32
        return types.void(i, i, i, i, i, i, i, f, f, i, i, i, i, i, i), generate

    return tile


def convolution_tile(rows, vectors, x_step=None):
    """The intrinsic for a tile of a standard convolution: the same product, x seen through a window.

    tile(x, x_step, segments, segment_at, length, w, ...): pixels are x_step bytes apart (known now,
    if given here).  A window is `segments` stretches of `length` neighbouring numbers; segment_at:
    address of their int32 byte offsets.  No window is ever copied out (im2col).  The rest as above.
    """
    known = x_step

    @intrinsic
    def tile(
        typing, x, x_step, segments, segment_at, length, w, bias, activation, low, high,
        added, added_at, added_plane, y, y_at, y_plane,
    ):  # fmt: skip
        def generate(context, builder, signature, arguments):
            (x, x_step, segments, segment_at, length, w, bias, activation, low, high,
             added, added_at, added_plane, y, y_at, y_plane) = arguments  # fmt: skip
            first = [load_vector(builder, bias, v * BYTES) for v in range(vectors)]
            sums = [list(first) for _ in range(rows)]
            step = known or x_step
            sums = _convolve(builder, sums, x, step, segments, segment_at, length, w)
            sums = activate(builder, sums, activation, low, high)
            sums = _add(builder, sums, added, added_at, added_plane)
            _write(builder, sums, y, y_at, y_plane)
            return context.get_dummy_value()

        i, f = types.int64, types.float32
        return types.void(i, i, i, i, i, i, i, i, f, f, i, i, i, i, i, i), generate

    return tile


def _multiply(builder, sums, x, x_plane, turns, w, ahead):
    """The loop over K, STEPS of it at a time."""

    def turn(number, here, panel, now):
        now = steps(builder, now, here, panel, STEPS, BYTES)
        if len(sums) == 1:
            for line in range(0, STEPS * len(sums[0]) * BYTES, 64):
                prefetch(builder, panel, FAR + line)
        else:
            place = builder.add(ahead, builder.mul(number, INT64(64 * AHEAD)))
            for line in range(AHEAD):
                prefetch(builder, place, 64 * line)
        if STEPS == LANES:
            forward = x_plane
        else:  # the second half of the same block, then the first of the next
            half = builder.trunc(number, ir.IntType(1))
            back = builder.sub(x_plane, INT64(4 * STEPS))
            forward = builder.select(half, back, INT64(4 * STEPS))
        return builder.add(here, forward), now

    return loop(builder, sums, turns, STEPS, x, w, turn)[1]


def _convolve(builder, sums, x, x_step, segments, segment_at, length, w):
    """The loop over the segments of a window, and in each over its numbers."""
    vectors = len(sums[0])
    panel_step = builder.mul(length, INT64(4 * LANES * vectors))

    def segment(number, _, panel, now):
        at = builder.load(pointer(builder, segment_at, builder.mul(number, INT64(4)), INT32))
        here = builder.add(x, builder.sext(at, INT64))

        def one(_, here, panel, now):
            return builder.add(here, INT64(4)), steps(builder, now, here, panel, 1, x_step)

        return here, loop(builder, now, length, 1, here, panel, one)[1]

    return loop(builder, sums, segments, panel_step, x, w, segment)[1]


def steps(builder, sums, here, panel, count, x_step):
    """`count` steps of K: sums + x @ w.  Rows of x are x_step bytes apart."""
    rows, vectors = range(len(sums)), range(len(sums[0]))
    far = x_step if isinstance(x_step, int) else None
    starts = [r * far if far else builder.mul(x_step, INT64(r)) for r in rows]
    for k in range(count):
        weights = [load_vector(builder, panel, (k * len(vectors) + v) * BYTES) for v in vectors]
        for r in rows:
            place = here if far else builder.add(here, starts[r])
            number = load_number(builder, place, (starts[r] if far else 0) + 4 * k)
            value = spread(builder, number)
            sums[r] = [
                multiply_add(builder, value, weight, before)
                for weight, before in zip(weights, sums[r], strict=True)
            ]
    return sums


def loop(builder, sums, turns, panel_step, x, w, body):
    """turn = 0 .. turns - 1 (one at least): body(turn, address in x, address in w, sums).

    body gives the next address in x and the sums; after the loop the last of both are given.
    """
    columns = len(sums[0])
    if isinstance(panel_step, int):
        panel_step = INT64(panel_step * columns * BYTES)

    def turn(number, carried):
        here, panel, *flat = carried
        there, now = body(number, here, panel, in_rows(flat))
        return [there, builder.add(panel, panel_step), *flattened(now)]

    def in_rows(flat):
        return [flat[at : at + columns] for at in range(0, len(flat), columns)]

    here, _, *flat = counted(builder, turns, [x, w, *flattened(sums)], turn)
    return here, in_rows(flat)


def flattened(sums):
    """Rows of sums, one after the other."""
    return [value for row in sums for value in row]


def activate(builder, sums, activation, low, high):
    """Clamp to low .. high, or hard-swish."""
    bottom, top = spread(builder, low), spread(builder, high)

    def clamp(value):
        return smaller(builder, top, larger(builder, bottom, value))

    def hard_swish(value):
        return hard_swished(builder, value)

    swish = builder.icmp_signed("==", activation, INT64(HARD_SWISH))
    return either(builder, swish, sums, hard_swish, clamp)


def _add(builder, sums, added, at, plane):
    """The residual, where there is one."""
    wanted = builder.icmp_signed("!=", added, INT64(0))
    places = iter(_places(builder, len(sums), len(sums[0]), added, at, plane))

    def plus(value):
        return builder.fadd(value, load_vector(builder, next(places)()))

    return either(builder, wanted, sums, plus, lambda value: value)


def _write(builder, sums, y, at, plane):
    places = _places(builder, len(sums), len(sums[0]), y, at, plane)
    for value, place in zip(flattened(sums), places, strict=True):
        store_vector(builder, value, place())


def _places(builder, rows, vectors, base, at, plane):
    """Where each result lies, row by row; each is computed where it is called for."""

    def place(r, v):
        number = builder.load(pointer(builder, at, 4 * r, INT32))
        found = builder.add(base, builder.sext(number, INT64))
        return builder.add(found, builder.mul(plane, INT64(v))) if v else found

    return [lambda r=r, v=v: place(r, v) for r in range(rows) for v in range(vectors)]


def either(builder, condition, sums, yes, no):
    """Every sum through `yes` or through `no`, with one branch for all of them."""
    ends = {}
    with builder.if_else(condition) as (then, otherwise):
        for name, branch, change in (("yes", then, yes), ("no", otherwise, no)):
            with branch:
                ends[name] = [[change(value) for value in row] for row in sums], builder.block
    merged = [[builder.phi(VECTOR) for _ in row] for row in sums]
    for values, block in ends.values():
        for phis, row in zip(merged, values, strict=True):
            for phi, value in zip(phis, row, strict=True):
                phi.add_incoming(value, block)
    return merged
