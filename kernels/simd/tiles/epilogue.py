"""The first and the last phase of a microkernel: what accumulators begin with, and what becomes of them.

Accumulators are mr rows (pixels) of nr vectors of channels, row by row; of a depthwise convolution one
vector each.  Where a result goes:

    planes      blocked layout: rows are neighbours, vectors y_plane bytes apart
    scattered   the same, but each row at its own offset in a table: pixels of a map with a halo
    rows        NHWC: vectors are neighbours, rows c_row bytes apart
    pixels      of a depthwise convolution: one vector apart, or y_pixel bytes
"""

from ..activation import HARD_SWISH
from ..isa import llvm
from ..isa.lanes import BYTES
from ..isa.llvm import INT64, VECTOR, after, constant, load, load_vectors, store
from .microkernel import phase

# --- the first phase -------------------------------------------------------------------------------


@phase()
def from_zero(builder, given, _):
    return [constant(0)] * (given.mr * given.nr)


@phase("bias")
def from_bias(builder, given, _):
    """bias: address of nr vectors."""
    return load_vectors(builder, given.bias, BYTES, given.nr) * given.mr


@phase("before before_row")
def from_rows(builder, given, _):
    """before, before_row: sums made before, as `rows` leaves them; one row of zeros can be all."""
    starts = [after(builder, given.before, given.before_row, r) for r in range(given.mr)]
    return [v for start in starts for v in load_vectors(builder, start, BYTES, given.nr)]


@phase()
def fetching_rows(builder, given, _):
    """From zero; and the lines of c, which are written at the end, are asked for."""
    width = given.nr * BYTES
    for r in range(given.mr):
        start = after(builder, given.c, given.c_row, r)
        for q in (*range(0, width, 64), width - 1):
            llvm.prefetch(builder, start, q)
    return from_zero.emit(builder, given, _)


# --- the last phases -------------------------------------------------------------------------------


@phase("activation low high")
def activated(builder, given, accumulators):
    """Clamp to low .. high, or hard-swish.  No activation is a clamp to (-infinity, infinity)."""
    bottom, top = (llvm.broadcast_element(builder, bound) for bound in (given.low, given.high))
    swish = builder.icmp_signed("==", given.activation, INT64(HARD_SWISH))
    return llvm.either(
        builder, swish, accumulators,
        lambda value: llvm.hard_swish_of(builder, value),
        lambda value: llvm.smaller(builder, top, llvm.larger(builder, bottom, value)),
    )  # fmt: skip


def _scattered(builder, given, base, at, plane):
    """Address and offset of each accumulator, made when it is asked for."""
    for r in range(given.mr):
        for v in range(given.nr):
            pixel = builder.add(base, llvm.offset_at(builder, at, 4 * r))
            yield after(builder, pixel, plane, v), 0


def _rows(builder, given):
    for r in range(given.mr):
        start = after(builder, given.c, given.c_row, r)
        yield from ((start, v * BYTES) for v in range(given.nr))


def _added(builder, flag, accumulators, places):
    """What lies there is added where the flag is not 0."""
    return llvm.either(
        builder, builder.icmp_signed("!=", flag, INT64(0)), accumulators,
        lambda value: builder.fadd(value, load(builder, VECTOR, *next(places))),
        lambda value: value,
    )  # fmt: skip


def _store(builder, accumulators, places):
    for value, place in zip(accumulators, places, strict=True):
        store(builder, value, *place)


@phase("added added_at added_plane")
def residual(builder, given, accumulators):
    """added: address of a map that is added, laid out like y; 0 for none."""
    places = _scattered(builder, given, given.added, given.added_at, given.added_plane)
    return _added(builder, given.added, accumulators, places)


@phase("y y_at y_plane")
def scattered(builder, given, accumulators):
    """y_at: address of int32 byte offsets, one for each row."""
    _store(builder, accumulators, _scattered(builder, given, given.y, given.y_at, given.y_plane))


@phase("y y_plane")
def planes(builder, given, accumulators):
    for v in range(given.nr):
        plane = after(builder, given.y, given.y_plane, v)
        for r, value in enumerate(accumulators[v :: given.nr]):
            store(builder, value, plane, r * BYTES)


@phase("c c_row")
def rows(builder, given, accumulators):
    _store(builder, accumulators, _rows(builder, given))


@phase("more c c_row")
def rows_added(builder, given, accumulators):
    """As `rows`, added to what is there where `more` is not 0."""
    sums = _added(builder, given.more, accumulators, _rows(builder, given))
    _store(builder, sums, _rows(builder, given))


def pixels(*, nhwc=False):
    """y_pixel: bytes from pixel to pixel, where they are not neighbours."""

    @phase("y" + " y_pixel" * nhwc)
    def emit(builder, given, accumulators):
        for p, value in enumerate(accumulators):
            store(builder, value, after(builder, given.y, given.y_pixel if nhwc else BYTES, p))

    return emit
