"""Back from integers to the real numbers that they stand for, for training to go on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..ops.checks import Array
from ..shown import NamedArrays
from .fitting import check_arrays
from .plan import QuantizedPlan


def dequantized(qplan: QuantizedPlan, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The params of qplan.plan, a plan of floats: scale (q - zero point) of every weight and bias.

    qplan   a `QuantizedPlan`
    arrays  its integers

    Returns name -> float32 array.  The network of floats computes nearly, not exactly, what the integers
    do: nothing is rounded between its layers.  ValueError where the arrays are not the plan's.
    """
    check_arrays(qplan, arrays)
    found = {}
    for name in qplan.arrays:
        stored = qplan[name]
        zeros = np.array(stored.zero_point, np.float64)
        real = (arrays[name].astype(np.float64) - zeros) * np.array(stored.scale, np.float64)
        found[name] = real.astype(np.float32)
    return NamedArrays(found)
