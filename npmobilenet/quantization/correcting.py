"""Bias correction: what rounding the weights does to the mean of a channel is taken off its bias.

A rounded weight is w + e.  If the errors e of a filter lean to one side, as they do where one scale has
to serve a narrow filter, its sums are off by E[e x] on average, in every pixel of every image.  That mean
can be measured and subtracted; what is left is noise about it, which later layers average out.

    b  <-  b - mean over images and pixels of (y with rounded weights - y)

Layer by layer, from the image on, so that each is corrected for the inputs that it will have
(Nagel et al. 2019, arXiv:1906.04721, section 4.2, measured as in its appendix D).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..models.execute import Run, execute_forward
from ..models.network_plan import Plan
from ..models.params import dtype_of
from ..ops.checks import Array
from ..shown import NamedArrays
from .calibrating import Images, batched
from .fitting import check_arrays
from .floats import dequantized
from .plan import QuantizedPlan
from .preparing import prepared
from .storing import restored, stored


def corrected(
    plan: Plan,
    params: Mapping[str, Array],
    qplan: QuantizedPlan,
    arrays: Mapping[str, Array],
    images: Images,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Array]:
    """The arrays of a quantised network with biases that make each channel's mean right.

    plan, params   the network of floats, as `npmobilenet.quantize` was given it
    qplan, arrays  what that returned
    images         as it takes them; some tens are enough for means
    progress       called with how many layers are done, of how many

    Returns name -> array; only biases differ.  ValueError where the two networks have other layers.
    """
    check_arrays(qplan, arrays)
    ready, floats = prepared(plan, params)
    if ready.arrays != qplan.plan.arrays:
        raise ValueError(f"corrected: {plan.model} is not the network that was quantised")
    dtype = dtype_of(floats)
    x = np.concatenate(batched(plan, images, dtype))
    rounded = {name: value.astype(dtype) for name, value in dequantized(qplan, arrays).items()}
    found = dict(arrays)
    ours, theirs = {"image": x}, {"image": x}
    right, wrong = Run(floats, False, None, None), Run(rounded, False, None, None)
    last = {source: layer.name for layer in ready for source in layer.inputs}
    for done, layer in enumerate(ready.layers, start=1):
        y, _ = execute_forward(right, layer, [ours[name] for name in layer.inputs])
        z, _ = execute_forward(wrong, layer, [theirs[name] for name in layer.inputs])
        bias = f"{layer.name}.bias"
        if bias in found:
            over = tuple(range(y.ndim - 1))
            error = z.mean(axis=over, dtype=np.float64) - y.mean(axis=over, dtype=np.float64)
            found[bias] = stored(rounded[bias].astype(np.float64) - error, qplan[bias])
            z = z + (restored(found[bias], qplan[bias]).astype(dtype) - rounded[bias])
        ours[layer.name], theirs[layer.name] = y, z
        for source in layer.inputs:
            if last[source] == layer.name:
                del ours[source], theirs[source]
        progress(done, len(ready))
    return NamedArrays(found)
