"""Weights into micropanels before a pass, their gradients back into the papers' order after it.

panels   [O / (v LANES)][K][v LANES]   as at inference; and the same of the transposed matrix
taps     [M / LANES][K K][LANES]       of a depthwise convolution: panels of one vector
"""

import numpy as np

from ..isa.lanes import BYTES, LANES
from ..isa.vector import add, element_at, load, set_element, store, transpose
from ..runtime.parts import copy, panel_at, panel_count, part, zero
from ..runtime.work_item import descriptor, stage
from ..tuning import TRAIN_UNROLL

_WEIGHTS = "depth filters group group_padded "  # w (depth, filters), in groups, each filled up
_PANELS = "main split vectors height item_rows "  # item_rows: of a work item
PACK = descriptor(_WEIGHTS + _PANELS + "w panels")
GATHER = descriptor(_WEIGHTS + _PANELS + "g g_shares g_share shares")
TRANSPOSE = descriptor(_WEIGHTS + "w transposed t_main t_split t_vectors")


@part
def _row(s, k):
    """The row of the weights that stands in row k of the panels; -1 for one of zeros.

    The inputs' channels are filled up to whole blocks, once for every tap of a window.
    """
    tap, channel = k // s.group_padded, k % s.group_padded
    return tap * s.group + channel if channel < s.group and tap * s.group < s.depth else -1


@stage(PACK)
def pack(s, b, item):
    """Panels of some rows of the weights."""
    for k in range(item * s.item_rows, min(s.height, (item + 1) * s.item_rows)):
        row = _row(s, k)
        for panel in range(panel_count(s.main, s.split, s.vectors)):
            block, width = panel_at(panel, s.main, s.split, s.vectors)
            to, rest = s.panels + (block * s.height + k * width) * BYTES, s.filters - block * LANES
            if row < 0 or rest < width * LANES:
                zero(to, width)
            if row >= 0:
                copy(s.w + 4 * (row * s.filters + block * LANES), min(rest, width * LANES), to)


@stage(GATHER)
def gather(s, b, item):
    """g = the sum of all shares, some rows of it."""
    for k in range(item * s.item_rows, min(s.height, (item + 1) * s.item_rows)):
        row = _row(s, k)
        for panel in range(panel_count(s.main, s.split, s.vectors) if row >= 0 else 0):
            block, width = panel_at(panel, s.main, s.split, s.vectors)
            of = s.g_shares + (block * s.height + k * width) * BYTES
            rest = s.filters - block * LANES
            for v in range(of, of + width * BYTES, BYTES):
                total = load(v)
                for number in range(1, s.shares):
                    total = add(total, load(v + number * s.g_share))
                store(v, total)
            copy(of, min(rest, width * LANES), s.g + 4 * (row * s.filters + block * LANES))


@stage(TRANSPOSE)
def pack_transposed(s, b, block):
    """Panels of the transposed weights, of one block of the input's channels."""
    height = (s.filters + TRAIN_UNROLL - 1) // TRAIN_UNROLL * TRAIN_UNROLL
    first, width = panel_at(block // s.t_main, s.t_main, s.t_split, s.t_vectors)
    to = s.transposed + (first * height + block - first) * BYTES
    row = _row(s, block * LANES)
    whole = row >= 0 and row % s.group + LANES <= s.group
    o = 0
    while o < height:
        if whole and o + LANES <= s.filters:
            of = s.w + 4 * (row * s.filters + o)
            transpose(of, 4 * s.filters, to + o * width * BYTES, width * BYTES)
            o += LANES
        else:
            for lane in range(LANES):
                k, value = _row(s, block * LANES + lane), np.float32(0)
                if k >= 0 and o < s.filters:
                    value = element_at(s.w + 4 * (k * s.filters + o))
                set_element(to + o * width * BYTES + 4 * lane, value)
            o += 1
