"""Where no weights are: sums and means of maps, gates, and a gradient's completion.

The gradient of a sum has no stage: both maps receive the sum's own.
"""

import numpy as np

from ..isa.lanes import BYTES
from ..isa.vector import add, broadcast, fma, load, mul, store
from ..runtime.parts import add_to, span, zero
from ..runtime.work_item import descriptor, stage
from .maps import GATE, activation_backward, inputs, normalise_activate, seen
from .norm import BACKWARD_SUMS, COEFFICIENTS

READ = descriptor(seen("x") + GATE + "pixels y y_plane")
SUM = descriptor(seen("x") + seen("z") + "pixels shares tile y y_plane")
IMAGES = seen("x") + "image images shares tile "  # image: pixels of one
POOL = descriptor(IMAGES + "dy y y_plane")
COMPLETE = descriptor(IMAGES + "x_blocks x_gate x_gate_plane dy pooled pooled_plane dx sums")


@stage(READ)
def read(s, b, block):
    """y = x of one block as its reader sees it: gates, or the result of a network."""
    inputs(s, s.y + block * s.y_plane, 0, 0, s.pixels, block, block + 1)


@stage(SUM)
def residual(s, b, item):
    """y = x + z, both as their readers see them, of one block and a share of the pixels."""
    block, number = item // s.shares, item % s.shares
    c = block * COEFFICIENTS
    first, last = span(s.pixels, number, s.shares, 1)
    for p in range(first, last, s.tile):
        count, y = min(s.tile, last - p), s.y + block * s.y_plane + p * BYTES
        x, z = s.x + block * s.x_plane + p * BYTES, s.z + block * s.z_plane + p * BYTES
        normalise_activate(x, y, count, s.x_coefficients + c, s.x_kind)
        normalise_activate(z, b.scratch, count, s.z_coefficients + c, s.z_kind)
        add_to(y, b.scratch, count)


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


@stage(COMPLETE)
def complete(s, b, item):
    """dx = (dy times x's gate, plus what its mean receives) times the activation's slope.

    One block of some images.  dy: what readers of x gave, pooled: the gradient of its mean; 0 for none.
    """
    block, number = item // s.shares, item % s.shares
    sums = s.sums + (number * s.x_blocks + block) * BACKWARD_SUMS
    c = s.x_coefficients + block * COEFFICIENTS
    zero(sums, 4)
    first, last = span(s.images, number, s.shares, 1)
    for n in range(first, last):
        mean, gate = broadcast(np.float32(0)), broadcast(np.float32(1))
        if s.pooled:
            factor = broadcast(np.float32(1 / s.image))
            mean = mul(load(s.pooled + block * s.pooled_plane + n * BYTES), factor)
        if s.x_gate:
            gate = load(s.x_gate + block * s.x_gate_plane + n * BYTES)
        for p in range(0, s.image, s.tile):
            count, here = min(s.tile, s.image - p), block * s.x_plane + (n * s.image + p) * BYTES
            dy, x, dx = s.dy + here, s.x + here, s.dx + here
            for q in range(0, count * BYTES, BYTES):
                store(b.scratch + q, fma(load(dy + q), gate, mean) if s.dy else mean)
            activation_backward(b.scratch, x, dx, count, c, s.x_kind, 0, sums)
