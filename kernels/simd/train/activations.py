"""Activations that few maps have, each a routine of its own, so that others need not wait for it.

    routine(v, y, count, c, backward, ...)      count pixels of a block

Forwards v is changed from u, clamped to LOW .. HIGH, to the activation of u, in place.  Backwards v is
multiplied by the slope at u, which is made of y as `maps.normalise_activate` makes it; what lies outside
of the bounds is nobody's concern here.
"""

import numpy as np

from ...routines import compiled_routine
from ..isa.lanes import LANES
from ..isa.vector import element_at, set_element
from ..runtime.parts import made, sigmoid
from ..runtime.work_item import INVOKED
from .norm import CENTRE, HIGH, SCALE, SHIFT


def _with_sigmoid(name, times_x):
    """sigmoid(u), or u sigmoid(u)."""

    @made(name)
    def activation(v, y, count, c, backward, _, __, ___):
        for q in range(count * LANES):
            element = element_at(v + 4 * q)
            if backward:
                lane = 4 * (q % LANES)
                u = element_at(y + 4 * q) - element_at(c + CENTRE + lane)
                u = u * element_at(c + SCALE + lane) + element_at(c + SHIFT + lane)
                r = sigmoid(u)
                inner = np.float32(1) + u * (np.float32(1) - r) if times_x else np.float32(1) - r
                set_element(v + 4 * q, element * (r * inner))
            else:
                r = sigmoid(element)
                set_element(v + 4 * q, element * r if times_x else r)

    return compiled_routine(activation, INVOKED)


@made("hard_sigmoid")
def _hard_sigmoid(v, y, count, c, backward, _, __, ___):
    """slope u + 1/2 for u between -HIGH and HIGH, where it reaches 0 and 1."""
    for q in range(count * LANES):
        slope = np.float32(0.5) / element_at(c + HIGH + 4 * (q % LANES))
        element = element_at(v + 4 * q) * slope
        set_element(v + 4 * q, element if backward else element + np.float32(0.5))


ROUTINES = {
    "sigmoid": _with_sigmoid("sigmoid", times_x=False),
    "swish": _with_sigmoid("swish", times_x=True),
    "hard_sigmoid": compiled_routine(_hard_sigmoid, INVOKED),
}
