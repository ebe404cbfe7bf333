"""Activations that no microkernel has: they follow in place."""

import numpy as np

from ..activation import HARD_SIGMOID, SWISH
from ..isa.lanes import BYTES
from ..isa.vector import element_at, offset_at, set_element
from ..runtime.partition import sigmoid
from ..runtime.work_item import descriptor, stage

ACTIVATE = descriptor("x x_plane x_at pixels activation", floats="slope")


@stage(ACTIVATE)
def activate(s, b, item):
    """One block: sigmoid, swish, or a hard sigmoid of a slope."""
    for p in range(s.pixels):
        pixel = s.x + item * s.x_plane + offset_at(s.x_at + 4 * p)
        for place in range(pixel, pixel + BYTES, 4):
            x = element_at(place)
            if s.activation == HARD_SIGMOID:
                y = x * s.slope + np.float32(0.5)
                y = min(max(y, np.float32(0)), np.float32(1)) if y == y else y
            else:
                y = sigmoid(x)
                y = x * y if s.activation == SWISH else y
            set_element(place, y)
