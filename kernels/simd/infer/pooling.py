"""Global average pooling: the mean of every channel."""

import numpy as np

from ..isa.lanes import BYTES
from ..isa.vector import add, broadcast, load, mul, store
from ..runtime.work_item import descriptor, stage

POOL = descriptor("x x_plane rows columns y y_plane y_image")  # y_image: bytes from image to image


@stage(POOL)
def pool(s, b, item):
    """One block.  Each row is summed by itself first, so that long sums lose no digits."""
    x, total = s.x + item * s.x_plane, broadcast(np.float32(0))
    for i in range(s.rows):
        row = broadcast(np.float32(0))
        for j in range(s.columns):
            row = add(row, load(x + (i * s.columns + j) * BYTES))
        total = add(total, row)
    mean = mul(total, broadcast(np.float32(1 / (s.rows * s.columns))))
    store(s.y + item * s.y_plane + b.image * s.y_image, mean)
