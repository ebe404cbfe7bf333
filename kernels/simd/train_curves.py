"""Activations with an exponential, number by number: few networks have them, so others do not wait.

    curve(v, y, count, c, backward)      count pixels of a block

Forwards v is changed from u to the activation of u, in place.  Backwards v is multiplied by the slope
at u, which is made of y as `activated` makes it.
"""

import numpy as np

from ..units import compiled_unit
from .lanes import LANES
from .pieces import filled
from .pieces import sigmoid as sigmoid_of
from .train_unit import CENTRE, SCALE, SHIFT
from .train_vector import INVOKED
from .vector import number_at, set_number

times_x = False  # what the template below leaves open


def curve(v, y, count, c, backward, _, __, ___):
    for q in range(count * LANES):
        number = number_at(v + 4 * q)
        if backward:
            lane = 4 * (q % LANES)
            u = number_at(y + 4 * q) - number_at(c + CENTRE + lane)
            u = u * number_at(c + SCALE + lane) + number_at(c + SHIFT + lane)
            r = sigmoid_of(u)
            if times_x:
                slope = r * (np.float32(1) + u * (np.float32(1) - r))
            else:
                slope = r * (np.float32(1) - r)
            set_number(v + 4 * q, number * slope)
        else:
            r = sigmoid_of(number)
            set_number(v + 4 * q, number * r if times_x else r)


sigmoid = compiled_unit(filled(curve, "sigmoid", times_x=False), INVOKED)
swish = compiled_unit(filled(curve, "swish", times_x=True), INVOKED)
