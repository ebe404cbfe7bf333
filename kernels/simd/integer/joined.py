"""Arithmetic on maps of bytes without weights: means and gates."""

from ..isa.lanes import LANES
from ..isa.llvm import after, load, loop
from ..runtime.parts import made, panel_at
from ..runtime.work_item import descriptor, stage
from ..tiles.microkernel import microkernel, phase
from .maps import look_up
from .quads import CHANNELS, INTS, broadcast, every, widened
from .requantise import (
    DOUBLE,
    SINGLE,
    from_bias,
    grouped,
    requantised,
)
from .residual import facts_at
from .stores import neighbours

DIVIDE = "divide"  # a sum by the number of pixels, ties away from zero: AVERAGE_POOL_2D
ROUNDINGS = (SINGLE, DOUBLE)

MEAN = descriptor("x x_plane pixels y y_plane y_image constants zero bottom top")
SCALE = descriptor(
    # facts: int32 zero points of x and of the gates; table: what is made of the gates first, or 0
    "gates gates_plane table x x_plane pixels main split vectors facts constants zero bottom top"
)


# --- means -----------------------------------------------------------------------------------------


@phase("x pixels")
def added_up(builder, given, sums):
    """All pixels of one block, added to what the sums begin with."""

    def pixel(_, carried):
        here, total = carried
        x = widened(builder, load(builder, CHANNELS, here, align=1))
        return [after(builder, here, LANES), builder.add(total, x)]

    return loop(builder, given.pixels, [given.x, *sums], pixel)[1:]


@phase("zero bottom top")
def divided(builder, given, sums):
    """By the number of pixels: half of it is added, away from zero, and the rest cut off."""
    (total,) = sums
    count = broadcast(builder, given.pixels)
    half = builder.sdiv(count, every(INTS, 2))
    positive = builder.icmp_signed(">", total, every(INTS, 0))
    near = builder.select(positive, builder.add(total, half), builder.sub(total, half))
    found = [builder.sdiv(near, count)]
    return list(grouped(builder, 0, found, given.zero, given.bottom, given.top))


def _mean(rounding):
    begin = from_bias(SINGLE if rounding == DIVIDE else rounding)
    last = divided if rounding == DIVIDE else requantised(rounding)
    kernel = microkernel((1, 1), begin, added_up, last, neighbours)

    @stage(MEAN)
    @made("mean", rounding)
    def mean(s, b, item):
        """The means of one block; the constants are all blocks'."""
        kernel(s.constants, s.x + item * s.x_plane, s.pixels, s.zero, s.bottom, s.top,
               s.y + item * s.y_plane + b.image * s.y_image)  # fmt: skip

    return mean


means = {rounding: _mean(rounding) for rounding in (*ROUNDINGS, DIVIDE)}


# --- gates -----------------------------------------------------------------------------------------


@phase("x gates facts constants")
def gated(builder, given, _):
    """One pixel of one block, times its gates."""
    _, fact = facts_at(builder, given.facts, ("x", "gates"))
    x, gates = (
        builder.sub(widened(builder, load(builder, CHANNELS, at, align=1)), fact(name))
        for name, at in (("x", given.x), ("gates", given.gates))
    )
    return [builder.mul(x, gates)]


def _scale(rounding):
    kernel = microkernel((1, 1), gated, requantised(rounding), neighbours)

    @stage(SCALE)
    @made("scale", rounding)
    def scale(s, b, item):
        """The channels of one micropanel of gates, which this item has just computed, times these."""
        first, width = panel_at(item, s.main, s.split, s.vectors)
        for block in range(first, first + width):
            gates, x = s.gates + block * s.gates_plane, s.x + block * s.x_plane
            if s.table:
                look_up(s.table, gates, LANES)
            for p in range(s.pixels):
                here = x + p * LANES
                kernel(here, gates, s.facts, s.constants, s.zero, s.bottom, s.top, here)

    return scale


scales = {rounding: _scale(rounding) for rounding in ROUNDINGS}
