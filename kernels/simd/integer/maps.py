"""What is done to maps of bytes without arithmetic: image in, result out, tables, borders.

Outside, channels lie side by side; within, in blocks of LANES bytes.  Any function of one byte is a
table of 256, made by the operator that it stands for.
"""

from numba import types

from ..isa import llvm
from ..isa.lanes import LANES, VBMI
from ..isa.llvm import BYTE, INT64, emitted
from ..isa.vector import offset_at
from ..runtime.parts import part
from ..runtime.work_item import descriptor, stage
from .quads import CHANNELS, WIDE, broadcast, every, pick

IMAGE = descriptor(
    "y y_row rows count band flip"
)  # count: bytes of a row; flip: 128 for signed ones
RESULT = descriptor("x x_plane x_at pixels channels band flip")
LOOKUP = descriptor("x x_plane x_row table rows columns blocks band x_scratch above height")
BORDER = descriptor("y y_plane y_row blocks rows band tall above left right fill")


@emitted(types.int64, at=types.int64)
def byte_at(builder, at):
    return builder.zext(llvm.load(builder, BYTE, at, align=1), INT64)


@emitted(at=types.int64, value=types.int64)
def set_byte(builder, at, value):
    llvm.store(builder, builder.trunc(value, BYTE), at, align=1)


@emitted(at=types.int64, value=types.int64)
def fill_channels(builder, at, value):
    """LANES bytes of one value."""
    llvm.store(builder, broadcast(builder, value, CHANNELS), at, align=1)


@emitted(x=types.int64, y=types.int64, flip=types.int64)
def copy_channels(builder, x, y, flip):
    """LANES bytes, each changed by an exclusive or."""
    bytes_ = llvm.load(builder, CHANNELS, x, align=1)
    llvm.store(builder, builder.xor(bytes_, broadcast(builder, flip, CHANNELS)), y, align=1)


# --- in and out ------------------------------------------------------------------------------------


@stage(IMAGE)
def image(s, b, item):
    """A band of an image's rows, as they came but for the sign."""
    for i in range(item * s.band, min(s.rows, (item + 1) * s.band)):
        x, y = b.images + (b.image * s.rows + i) * s.count, s.y + i * s.y_row
        whole = s.count // LANES * LANES
        for q in range(0, whole, LANES):
            copy_channels(x + q, y + q, s.flip)
        for q in range(whole, s.count):
            set_byte(y + q, byte_at(x + q) ^ s.flip)


@stage(RESULT)
def result(s, b, item):
    """Some pixels of x into the results, their channels side by side again."""
    for p in range(item * s.band, min(s.pixels, (item + 1) * s.band)):
        x = s.x + offset_at(s.x_at + 4 * p)
        y = b.results + (b.image * s.pixels + p) * s.channels
        for c in range(s.channels):
            set_byte(y + c, byte_at(x + c // LANES * s.x_plane + c % LANES) ^ s.flip)


@stage(BORDER)
def border(s, b, item):
    """The zero point around what a band sees of the map that is now computed for it."""
    top = item * s.band - s.above
    for block in range(s.blocks):
        for i in range(s.tall):
            row = b.scratch + s.y + block * s.y_plane + i * s.y_row
            outside = top + i < 0 or top + i >= s.rows
            for q in range(0, s.y_row if outside else s.left, LANES):
                fill_channels(row + q, s.fill)
            for q in range(s.y_row - s.right, s.y_row, LANES):
                fill_channels(row + q, s.fill)


# --- tables ----------------------------------------------------------------------------------------


def _looked_up(builder, table, places):
    """64 bytes, each from a table of 256: by its lower 7 bits in both halves, one of which is taken."""
    parts = [llvm.load(builder, WIDE, table, 64 * q, align=1) for q in range(4)]
    name = "llvm.x86.avx512.vpermi2var.qi.512"
    low, high = (
        llvm.call_llvm(builder, name, WIDE, parts[q], places, parts[q + 1]) for q in (0, 2)
    )
    return builder.select(builder.icmp_signed("<", places, every(WIDE, 0)), high, low)


@emitted(table=types.int64, at=types.int64)
def look_up_wide(builder, table, at):
    """table[x] of 4 LANES bytes in place."""
    found = _looked_up(builder, table, llvm.load(builder, WIDE, at, align=1))
    llvm.store(builder, found, at, align=1)


@emitted(table=types.int64, at=types.int64)
def look_up_channels(builder, table, at):
    """The same of LANES bytes."""
    channels = llvm.load(builder, CHANNELS, at, align=1)
    places = pick(builder, channels, [q % LANES for q in range(4 * LANES)])
    found = pick(builder, _looked_up(builder, table, places), range(LANES))
    llvm.store(builder, found, at, align=1)


@part
def look_up(table, at, count):
    """table[x] of so many bytes, a multiple of LANES, in place."""
    if VBMI:
        whole = count // (4 * LANES) * (4 * LANES)
        for q in range(0, whole, 4 * LANES):
            look_up_wide(table, at + q)
        for q in range(whole, count, LANES):
            look_up_channels(table, at + q)
    else:
        for q in range(at, at + count):
            set_byte(q, byte_at(table + byte_at(q)))


@stage(LOOKUP)
def lookup(s, b, item):
    """table[x] in place: a band of the rows of some blocks, in memory or in the scratch."""
    bands = (s.rows + s.band - 1) // s.band
    if s.x_scratch:  # where it holds `height` rows, the first of them `above` those of the band
        block, top = 0, item * s.band - s.above
        first, last = max(0, top), min(s.rows, top + s.height)
        x = b.scratch + s.x + (first - top) * s.x_row
    else:
        block, first = item // bands * s.blocks, item % bands * s.band
        last = min(s.rows, first + s.band)
        x = s.x + block * s.x_plane + first * s.x_row
    for _ in range(s.blocks):
        for i in range(last - first):
            look_up(s.table, x + i * s.x_row, s.columns * LANES)
        x += s.x_plane
