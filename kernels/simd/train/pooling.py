"""Sums over the pixels of an image: the mean of a channel, and the gradient of its gate."""

import numpy as np

from ..isa.lanes import BYTES
from ..isa.vector import add, broadcast, fma, load, mul, store
from ..runtime.partition import span
from ..runtime.work_item import descriptor, stage
from .maps import normalise_activate, seen
from .norm import COEFFICIENTS

IMAGES = seen("x") + "image images shares tile "  # image: pixels of one
POOL = descriptor(IMAGES + "dy y y_plane")


@stage(POOL)
def pool(s, b, item):
    """y[n] = mean of the activated pixels of image n, of one block; y is one pixel an image.

    With dy: their sum, each times dy, which is what a gate of squeeze-and-excite receives.
    """
    block, number = item // s.shares, item % s.shares
    c = s.x_coefficients + block * COEFFICIENTS
    factor = broadcast(np.float32(1 if s.dy else 1 / s.image))
    first, last = span(s.images, number, s.shares, 1)
    for n in range(first, last):
        total = broadcast(np.float32(0))
        for p in range(0, s.image, s.tile):
            count, here = min(s.tile, s.image - p), block * s.x_plane + (n * s.image + p) * BYTES
            dy, some = s.dy + here, broadcast(np.float32(0))
            normalise_activate(s.x + here, b.scratch, count, c, s.x_kind)
            for q in range(0, count * BYTES, BYTES):
                v = load(b.scratch + q)
                some = fma(load(dy + q), v, some) if s.dy else add(some, v)
            total = add(total, some)
        store(s.y + block * s.y_plane + n * BYTES, mul(total, factor))
