"""Weights into the order of the tiles before a pass, their gradients back into the papers' order after.

panels   [O / (v LANES)][K][v LANES]   as at inference;  turned: the same of the transposed matrix
taps     [M / LANES][K K][LANES]
"""

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES, LANES
from .pieces import part
from .train_tiles import STEPS
from .train_unit import unit
from .vector import add, load, number_at, set_number, store, transpose


@part
def _row(s, k):
    """The row of the weights that stands in row k of the panels; -1 for one of zeros.

    The inputs' channels are filled up to whole blocks, once for every tap of a window.
    """
    tap, channel = k // s.group_padded, k % s.group_padded
    return tap * s.group + channel if channel < s.group and tap * s.group < s.depth else -1


@unit
def pack(stage, bases, number):
    """Panels of LANES rows of the weights."""
    s = carray(stage, 1)[0]
    height = s.height
    for k in range(number * LANES, min(height, (number + 1) * LANES)):
        row = _row(s, k)
        block = 0
        while block < s.vectors:
            width = s.main if block < s.split else s.vectors - s.split
            to = s.panels + (block * height + k * width) * BYTES
            for v in range(width):
                o = (block + v) * LANES
                of = s.w + 4 * (row * s.filters + o)
                if row >= 0 and o + LANES <= s.filters:
                    store(to + v * BYTES, load(of))
                else:
                    for lane in range(LANES):
                        known = row >= 0 and o + lane < s.filters
                        value = number_at(of + 4 * lane) if known else np.float32(0)
                        set_number(to + v * BYTES + 4 * lane, value)
            block += width


@unit
def turn(stage, bases, number):
    """Transposed panels of one block of the input's channels."""
    s = carray(stage, 1)[0]
    height = (s.filters + STEPS - 1) // STEPS * STEPS
    if number < s.turned_split:
        width, first = s.turned_main, number // s.turned_main * s.turned_main
    else:
        width, first = s.turned_vectors - s.turned_split, s.turned_split
    to = s.turned + (first * height + number - first) * BYTES
    row = _row(s, number * LANES)
    whole = row >= 0 and row % s.group + LANES <= s.group
    o = 0
    while o < height:
        if whole and o + LANES <= s.filters:
            transpose(s.w + 4 * (row * s.filters + o), 4 * s.filters, to + o * width * BYTES,
                      width * BYTES)  # fmt: skip
            o += LANES
        else:
            for lane in range(LANES):
                k = _row(s, number * LANES + lane)
                value = np.float32(0)
                if k >= 0 and o < s.filters:
                    value = number_at(s.w + 4 * (k * s.filters + o))
                set_number(to + o * width * BYTES + 4 * lane, value)
            o += 1


@unit
def gather(stage, bases, number):
    """g = the sum of all shares, LANES rows of it."""
    s = carray(stage, 1)[0]
    for k in range(number * LANES, (number + 1) * LANES):
        row = _row(s, k)
        block = 0
        while row >= 0 and block < s.vectors:
            width = s.main if block < s.split else s.vectors - s.split
            of = s.g_shares + (block * s.g_rows + k * width) * BYTES
            for v in range(width):
                o = (block + v) * LANES
                total = load(of + v * BYTES)
                for chunk in range(1, s.chunks):
                    total = add(total, load(of + v * BYTES + chunk * s.g_share))
                to = s.g + 4 * (row * s.filters + o)
                if o + LANES <= s.filters:
                    store(to, total)
                else:
                    store(of + v * BYTES, total)
                    for lane in range(s.filters - o):
                        set_number(to + 4 * lane, number_at(of + v * BYTES + 4 * lane))
            block += width


@unit
def pack_taps(stage, bases, block):
    """Taps of one block of channels."""
    s = carray(stage, 1)[0]
    for tap in range(s.depth):
        to = s.panels + (block * s.depth + tap) * BYTES
        for lane in range(LANES):
            channel = block * LANES + lane
            value = np.float32(0)
            if channel < s.filters:
                value = number_at(s.w + 4 * (tap * s.filters + channel))
            set_number(to + 4 * lane, value)


@unit
def gather_taps(stage, bases, block):
    """g = the sum of all shares, of one block of channels."""
    s = carray(stage, 1)[0]
    for tap in range(s.depth):
        of = s.g_shares + (block * s.depth + tap) * BYTES
        total = load(of)
        for chunk in range(1, s.chunks):
            total = add(total, load(of + chunk * s.g_share))
        store(of, total)
        for lane in range(min(LANES, s.filters - block * LANES)):
            to = s.g + 4 * (tap * s.filters + block * LANES + lane)
            set_number(to, number_at(of + 4 * lane))
