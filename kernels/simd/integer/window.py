"""Depthwise convolutions of bytes: a quad is four neighbours of one channel, met by four taps.

Four pixels of LANES channels lie side by side.  Read at one go and put in order, they are a quad for each
channel, and one `dot` multiplies four taps of all of these.  Taps that fall on none are zeros:

    3 x 3, stride 1      x  0 1 2 3    two outputs share a quad     y0: a b c 0    y1: 0 a b c
    3 x 3, stride 2      x  0 1 2 3    each has its own             y0: a b c 0
    5 x 5, stride 1      x  0 1 2 3 4 5 6 7                         y0: a b c d  e 0 0 0
                         four outputs share two                     y3: 0 0 0 a  b c d e
"""

from functools import cache

from ..isa.lanes import BYTES, LANES
from ..isa.llvm import after, load, loop
from ..isa.vector import offset_at
from ..runtime.parts import made, part
from ..runtime.work_item import descriptor, stage
from ..tiles.microkernel import microkernel, phase
from .quads import CHANNELS, INTS, across, dot, widened
from .requantise import DOUBLE, SINGLE, VECTORS, from_bias, requantised
from .stores import neighbours

KNOWN = [(kernel, stride) for kernel in (3, 5) for stride in (1, 2)]
PIXELS = (14, 7, 1)  # neighbours of a microkernel: maps are multiples of 7

WINDOW = descriptor(
    # x: bytes from block to block, row to row, window to window along and down
    "x x_plane x_row x_pixel x_down y y_plane y_row w w_block constants zero bottom top blocks rows"
    # whether x and y count from the scratch; there a band begins at the first row; two: int32 of each
    # block, whether its weights have two parts
    " columns band x_scratch y_scratch kernel_rows kernel_columns two"
)


def placements(kernel, stride):
    """For each shift between a quad and an output: the taps of each of its quads, -1 for none."""
    every = {(3, 1): 2, (5, 1): 4}.get((kernel, stride), 1)  # outputs that share quads
    return [
        [
            [tap if 0 <= (tap := 4 * n + t - shift) < kernel else -1 for t in range(4)]
            for n in range(-(-(every - 1 + kernel) // 4))
        ]
        for shift in range(every)
    ]


def slid(kernel, stride, parts):
    """x: the first input that the first pixel sees.  parts: 2 where a weight is the sum of two."""
    shifts = placements(kernel, stride)
    part = kernel * sum(map(len, shifts)) * BYTES

    @phase("x x_row w")
    def emit(builder, given, sums):
        there = 0
        for u in range(kernel):
            row, quads = after(builder, given.x, given.x_row, u), {}
            for shift, taps in enumerate(shifts):
                for n in range(len(taps)):
                    weights = [load(builder, INTS, given.w, there + q * part) for q in range(parts)]
                    there += BYTES
                    for weight in weights:
                        for p in range(shift, given.mr, len(shifts)):
                            at = stride * (p - shift) + 4 * n
                            if at not in quads:
                                place = after(builder, row, LANES, at)
                                quads[at] = across(builder, place)
                            sums[p] = dot(builder, sums[p], quads[at], weight)
        return sums

    return emit


@phase("x x_row kernel_rows kernel_columns w")
def summed(builder, given, sums):
    """Any window: a tap at a time, as 32 bits."""

    def row(u, carried):
        def tap(v, inner):
            place, there, total = inner
            x = widened(builder, load(builder, CHANNELS, place, align=1))
            total = builder.add(total, builder.mul(x, load(builder, INTS, there)))
            return [after(builder, place, LANES), after(builder, there, BYTES), total]

        here, there, total = carried
        _, there, total = loop(builder, given.kernel_columns, [here, there, total], tap)
        return [builder.add(here, given.x_row), there, total]

    return loop(builder, given.kernel_rows, [given.x, given.w, *sums], row)[2:]


def forward(kernel, stride, count, rounding, parts):
    """y = requantise(depthwise(x, w) + bias) of so many neighbours."""
    last = requantised(rounding), neighbours
    return microkernel((count, 1), from_bias(rounding), slid(kernel, stride, parts), *last)


def anyhow(rounding):
    """One pixel of any window."""
    return microkernel((1, 1), from_bias(rounding), summed, requantised(rounding), neighbours)


# --- stages ----------------------------------------------------------------------------------------


@part
def _band(s, b, item):
    """First block, input, output and rows of a work item."""
    bands = (s.rows + s.band - 1) // s.band
    row, block = item % bands * s.band, item // bands * s.blocks
    x = b.scratch + s.x if s.x_scratch else s.x + row * s.x_down
    y = b.scratch + s.y if s.y_scratch else s.y + row * s.y_row
    return block, x + block * s.x_plane, y + block * s.y_plane, min(s.band, s.rows - row)


@cache
def _row(kernel, stride, rounding, parts):
    many, some_few, one = (forward(kernel, stride, count, rounding, parts) for count in PIXELS)
    most, fewer, _ = PIXELS

    @part
    @made("window_row", rounding, kernel, stride, parts)
    def row(s, constants, x, w, y):
        """As many pixels at a time as a row has."""
        j = 0
        while j < s.columns:
            wide, some = s.columns >= most and s.columns - j > fewer, s.columns >= fewer
            count = most if wide else fewer if some else 1
            j = min(j, s.columns - count)  # the last few once more
            given = (constants, x + j * stride * LANES, s.x_row, w,
                     s.zero, s.bottom, s.top, y + j * LANES)  # fmt: skip
            if wide:
                many(*given)
            elif some:
                some_few(*given)
            else:
                one(*given)
            j += count

    return row


def _window(kernel, stride, rounding, parts):
    simple, double = (_row(kernel, stride, rounding, count) for count in (1, parts))
    constant, doubles = VECTORS[rounding] * BYTES, parts > 1

    @stage(WINDOW)
    @made("window", rounding, kernel, stride, parts)
    def window(s, b, item):
        """A square kernel."""
        first, x, y, rows = _band(s, b, item)
        for block in range(first, first + s.blocks):
            w, constants = s.w + block * s.w_block, s.constants + block * constant
            for i in range(rows):
                here, there = x + i * stride * s.x_row, y + i * s.y_row
                if doubles and offset_at(s.two + 4 * block):
                    double(s, constants, here, w, there)
                else:
                    simple(s, constants, here, w, there)
            x, y = x + s.x_plane, y + s.y_plane

    return window


def _any_window(rounding):
    one, constant = anyhow(rounding), VECTORS[rounding] * BYTES

    @stage(WINDOW)
    @made("any_window", rounding)
    def any_window(s, b, item):
        """Any other kernel and stride, a pixel at a time."""
        first, x, y, rows = _band(s, b, item)
        for block in range(first, first + s.blocks):
            w, constants = s.w + block * s.w_block, s.constants + block * constant
            for i in range(rows):
                here, there = x + i * s.x_down, y + i * s.y_row
                for j in range(s.columns):
                    one(constants, here + j * s.x_pixel, s.x_row, s.kernel_rows, s.kernel_columns,
                        w, s.zero, s.bottom, s.top, there + j * LANES)  # fmt: skip
            x, y = x + s.x_plane, y + s.y_plane

    return any_window


windows = {(rounding, *known, parts): _window(*known, rounding, parts)
           for rounding in (SINGLE, DOUBLE) for known in KNOWN for parts in (1, 2)}  # fmt: skip
any_windows = {rounding: _any_window(rounding) for rounding in (SINGLE, DOUBLE)}
