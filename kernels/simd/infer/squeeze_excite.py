"""Squeeze-and-excite: its products are pointwise.py's; here the gates meet the map."""

from ..isa.lanes import BYTES
from ..isa.vector import load, mul, store
from ..runtime.partition import panel_at
from ..runtime.work_item import descriptor, stage

SCALE = descriptor("gates gates_plane x x_plane pixels main split vectors")


@stage(SCALE)
def scale(s, b, item):
    """The channels of one micropanel of gates, which this item has just computed, times their gates."""
    first, width = panel_at(item, s.main, s.split, s.vectors)
    for block in range(first, first + width):
        gate, x = load(s.gates + block * s.gates_plane), s.x + block * s.x_plane
        for p in range(s.pixels):
            store(x + p * BYTES, mul(gate, load(x + p * BYTES)))
