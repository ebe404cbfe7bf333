"""Activations with an exponential, number by number: few networks have them, so others do not wait.

    curve(v, y, count, c, backward)      count pixels of a block

Forwards v is changed from u to the activation of u, in place.  Backwards v is multiplied by the slope
at u, which is made of y as `activated` makes it.
"""

import math

import numpy as np
from numba import njit

from ..compiling import compiled_unit
from .lanes import LANES
from .train_unit import CENTRE, SCALE, SHIFT
from .train_vector import INVOKED
from .vector import number_at, set_number


@njit(nogil=True, error_model="numpy")
def _sigmoid(x):
    e = np.float32(math.exp(-abs(x)))
    return (np.float32(1) if x >= 0 else e) / (np.float32(1) + e)


def _curve(swish):
    def curve(v, y, count, c, backward, _, __, ___):
        for q in range(count * LANES):
            number = number_at(v + 4 * q)
            if backward:
                lane = 4 * (q % LANES)
                u = number_at(y + 4 * q) - number_at(c + CENTRE + lane)
                u = u * number_at(c + SCALE + lane) + number_at(c + SHIFT + lane)
                r = _sigmoid(u)
                if swish:
                    slope = r * (np.float32(1) + u * (np.float32(1) - r))
                else:
                    slope = r * (np.float32(1) - r)
                set_number(v + 4 * q, number * slope)
            else:
                r = _sigmoid(number)
                set_number(v + 4 * q, number * r if swish else r)

    curve.__name__ = curve.__qualname__ = "swish" if swish else "sigmoid"
    return compiled_unit(curve, INVOKED)


sigmoid, swish = _curve(False), _curve(True)
