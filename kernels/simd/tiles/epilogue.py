"""The first and the last phase of a microkernel: what accumulators begin with, and what becomes of them.

Accumulators are rows of vectors: [r][v] for MR rows and NR vectors of channels, or [0][p] for the pixels
of one block.  Where a result goes:

    planes      blocked layout: rows are neighbours, vectors y_plane bytes apart
    scattered   the same, but each row at its own offset in a table: pixels of a map with a halo
    rows        NHWC: vectors are neighbours, rows c_row bytes apart
"""

from ..activation import HARD_SWISH
from ..isa.lanes import BYTES
from ..isa.llvm import (
    INT32,
    INT64,
    after,
    broadcast_element,
    constant,
    either,
    hard_swish_of,
    larger,
    load_as,
    load_vector,
    prefetch,
    smaller,
    store_vector,
    times,
)
from .microkernel import phase


def flat(accumulators):
    """Rows of accumulators, one after the other."""
    return [value for row in accumulators for value in row]


def in_rows(values, nr):
    """The other way round."""
    return [values[at : at + nr] for at in range(0, len(values), nr)]


# --- the first phase -------------------------------------------------------------------------------


def from_zero(mr, nr):
    @phase()
    def emit(builder, given, _):
        return [[constant(0)] * nr for _ in range(mr)]

    return emit


def from_bias(mr, nr, same=False):
    """bias: address of NR vectors, or of one that is the same for all."""

    @phase("bias")
    def emit(builder, given, _):
        row = [load_vector(builder, given.bias, 0 if same else v * BYTES) for v in range(nr)]
        return [list(row) for _ in range(mr)]

    return emit


def from_rows(mr, nr):
    """before, before_row: sums made before, as `rows` leaves them; one row of zeros can be all."""

    @phase("before before_row")
    def emit(builder, given, _):
        starts = [
            after(builder, given.before, times(builder, given.before_row, r)) for r in range(mr)
        ]
        return [[load_vector(builder, start, v * BYTES) for v in range(nr)] for start in starts]

    return emit


# --- the last phases -------------------------------------------------------------------------------


@phase("activation low high")
def activated(builder, given, accumulators):
    """Clamp to low .. high, or hard-swish.  No activation is a clamp to (-infinity, infinity)."""
    bottom, top = (broadcast_element(builder, bound) for bound in (given.low, given.high))
    hard = builder.icmp_signed("==", given.activation, INT64(HARD_SWISH))
    changed = either(
        builder, hard, flat(accumulators),
        lambda value: hard_swish_of(builder, value),
        lambda value: smaller(builder, top, larger(builder, bottom, value)),
    )  # fmt: skip
    return in_rows(changed, len(accumulators[0]))


def _scattered(builder, accumulators, base, at, plane):
    """An address for each accumulator, computed where it is called for."""

    def place(r, v):
        offset = builder.sext(load_as(builder, INT32, 4, at, 4 * r), INT64)
        return after(builder, builder.add(base, offset), times(builder, plane, v) if v else 0)

    rows, vectors = range(len(accumulators)), range(len(accumulators[0]))
    return [lambda r=r, v=v: place(r, v) for r in rows for v in vectors]


@phase("added added_at added_plane")
def residual(builder, given, accumulators):
    """added: address of a map that is added, laid out like y; 0 for none."""
    there = builder.icmp_signed("!=", given.added, INT64(0))
    places = iter(_scattered(builder, accumulators, given.added, given.added_at, given.added_plane))

    def plus(value):
        return builder.fadd(value, load_vector(builder, next(places)()))

    changed = either(builder, there, flat(accumulators), plus, lambda value: value)
    return in_rows(changed, len(accumulators[0]))


@phase("y y_at y_plane")
def scattered(builder, given, accumulators):
    """y_at: address of int32 byte offsets, one for each row."""
    places = _scattered(builder, accumulators, given.y, given.y_at, given.y_plane)
    for value, place in zip(flat(accumulators), places, strict=True):
        store_vector(builder, value, place())


@phase("y y_plane")
def planes(builder, given, accumulators):
    for v in range(len(accumulators[0])):
        plane = after(builder, given.y, times(builder, given.y_plane, v) if v else 0)
        for r, row in enumerate(accumulators):
            store_vector(builder, row[v], plane, r * BYTES)


def _rows(builder, accumulators, c, c_row):
    starts = [after(builder, c, times(builder, c_row, r)) for r in range(len(accumulators))]
    return [(start, v * BYTES) for start in starts for v in range(len(accumulators[0]))]


@phase("c c_row")
def rows(builder, given, accumulators):
    places = _rows(builder, accumulators, given.c, given.c_row)
    for value, place in zip(flat(accumulators), places, strict=True):
        store_vector(builder, value, *place)


@phase("more c c_row")
def rows_added(builder, given, accumulators):
    """As `rows`, added to what is there where `more` is not 0."""
    places = _rows(builder, accumulators, given.c, given.c_row)
    there, before = builder.icmp_signed("!=", given.more, INT64(0)), iter(places)

    def plus(value):
        return builder.fadd(load_vector(builder, *next(before)), value)

    changed = either(builder, there, flat(accumulators), plus, lambda value: value)
    for value, place in zip(changed, places, strict=True):
        store_vector(builder, value, *place)


def fetching_rows(first):
    """A first phase that also asks for the lines of c, which are written at the end."""

    @phase(" ".join(first.names))
    def emit(builder, given, _):
        accumulators = first.emit(builder, given, _)
        width = len(accumulators[0]) * BYTES
        for r in range(len(accumulators)):
            start = after(builder, given.c, times(builder, given.c_row, r))
            for q in (*range(0, width, 64), width - 1):
                prefetch(builder, start, q)
        return accumulators

    return emit


def pixels_of(nhwc=False):
    """Depthwise: results of neighbouring pixels, one vector apart, or y_pixel bytes."""

    @phase("y y_pixel" if nhwc else "y")
    def emit(builder, given, accumulators):
        for p, value in enumerate(accumulators[0]):
            distance = times(builder, given.y_pixel if nhwc else BYTES, p)
            store_vector(builder, value, after(builder, given.y, distance))

    return emit
