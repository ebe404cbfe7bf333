"""The last phase of the integer microkernels: where the bytes of the pixels go."""

from ..isa import llvm
from ..isa.lanes import LANES
from ..isa.llvm import INT64, after, store
from ..tiles.microkernel import phase


@phase("y y_at y_plane")
def scattered(builder, given, groups):
    """Each pixel at its own offset in a table; vectors are planes apart.

    Mostly the pixels are neighbours all the same, for the table leaps from row to row only.
    """
    first, last = (llvm.offset_at(builder, given.y_at, 4 * row) for row in (0, given.mr - 1))
    together = builder.icmp_signed("==", builder.sub(last, first), INT64((given.mr - 1) * LANES))
    with builder.if_else(together) as (yes, no):
        with yes:
            _side_by_side(builder, builder.add(given.y, first), given.y_plane, groups)
        with no:
            for group in groups:
                for row, channels in group.pixels(builder):
                    place = builder.add(given.y, llvm.offset_at(builder, given.y_at, 4 * row))
                    store(builder, channels, after(builder, place, given.y_plane, group.v), align=1)


@phase("y y_plane")
def planes(builder, given, groups):
    """Pixels side by side; vectors are planes apart."""
    _side_by_side(builder, given.y, given.y_plane, groups)


@phase("y")
def neighbours(builder, given, groups):
    """Pixels side by side, of one vector."""
    _side_by_side(builder, given.y, 0, groups)


def _side_by_side(builder, y, y_plane, groups):
    """Four pixels are one store."""
    for group in groups:
        place = after(builder, y, y_plane, group.v)
        if group.count == 4:
            store(builder, group.bytes, place, group.row * LANES, align=1)
            continue
        for row, channels in group.pixels(builder):
            store(builder, channels, place, row * LANES, align=1)
