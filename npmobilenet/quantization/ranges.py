"""How wide the channels of depthwise layers are, before and after batch normalisation is folded in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..models.layers import Depthwise
from ..models.network_plan import Plan
from ..ops.checks import Array
from .preparing import prepared


def channel_ranges(plan: Plan, params: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
    """The largest absolute weight of each channel of the depthwise layers.

    plan    what `npmobilenet.plan` returned
    params  name -> array, trained

    Returns layer's name -> (as trained, as folded), each (C,).  One scale for the whole weight has steps
    of a 127th of the largest folded one.  ValueError where params do not fit the plan.
    """
    ready, arrays = prepared(plan, params)
    found = {}
    for layer in ready.layers:
        name = f"{layer.name}.weight"
        if isinstance(layer, Depthwise) and name in params:
            trained, folded = (np.abs(a[name]).max(axis=(0, 1)) for a in (params, arrays))
            found[layer.name] = trained, folded
    return found
