"""What is done to maps of bytes without arithmetic: image in, result out, tables, borders.

Outside, channels lie side by side; within, in blocks of LANES bytes.  Any function of one byte is a table of
256, made by the operator that it stands for.
"""

from numba import types

from ..isa import llvm
from ..isa.lanes import LANES
from ..isa.llvm import BYTE, INT64, emitted
from ..isa.vector import offset_at
from ..runtime.work_item import descriptor, stage
from .quads import CHANNELS, spread

IMAGE = descriptor("y y_row rows count band flip")  # count: bytes of a row; flip: 128 for signed ones
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
    llvm.store(builder, spread(builder, value, CHANNELS), at, align=1)


@emitted(x=types.int64, y=types.int64, flip=types.int64)
def copy_channels(builder, x, y, flip):
    """LANES bytes, each changed by an exclusive or."""
    bytes_ = llvm.load(builder, CHANNELS, x, align=1)
    llvm.store(builder, builder.xor(bytes_, spread(builder, flip, CHANNELS)), y, align=1)


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


@stage(LOOKUP)
def lookup(s, b, item):
    """table[x] in place: bands of the rows of some blocks, in memory or in the scratch."""
    bands = (s.rows + s.band - 1) // s.band
    row, block = item % bands * s.band, item // bands * s.blocks
    rows = min(s.band, s.rows - row)
    x = s.x + block * s.x_plane + row * s.x_row
    if s.x_scratch:
        top = item * s.band - s.above
        x, rows = b.scratch + s.x, s.height
        row = max(0, top)
        x += (row - top) * s.x_row
        rows = min(s.rows, top + s.height) - row
    for _ in range(s.blocks):
        for i in range(rows):
            here = x + i * s.x_row
            for q in range(s.columns * LANES):
                set_byte(here + q, byte_at(s.table + byte_at(here + q)))
        x += s.x_plane
