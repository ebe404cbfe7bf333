"""Where numbers stop being numbers: which layer made a loss NaN or infinite."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..ops.checks import Array
from .execute import Run, layer_by_layer
from .network_plan import Plan


def first_not_finite(
    plan: Plan, params: Mapping[str, Array], x: Array, *, frozen: Collection[str] = ()
) -> str:
    """The first layer whose output is not finite in a training pass, as the end of a sentence.

    plan, params, x  as `forward` takes them; frozen too
    Arrays that are not finite themselves come first: among them the one that a pass backwards reaches
    first, which is the last in the plan.  The pass is run once more, by the reference executor.
    """
    spoilt = [name for name in plan.arrays if not np.isfinite(params[name]).all()]
    trained = [name for name in spoilt if name in plan.parameters]
    if spoilt:
        name = (trained or spoilt)[-1]
        return f"{name} was not finite any more, by its gradient or by the step before"
    if not np.isfinite(x).all():
        return "the images were not finite"
    run = Run(params, True, None, np.random.default_rng(0), frozen)
    with np.errstate(all="ignore"):
        for layer, y, _ in layer_by_layer(run, plan.layers, x):
            if not np.isfinite(y).all():
                return f"{layer.name} is the first layer whose output is not finite"
    return "the outputs of all layers are finite"
