"""Our own rungs of an exercise: the same function on the same arrays, plainest first.

    rungs("depthwise_conv2d")                      ("loops", "numpy", "numba", "simd")
    call = ready("depthwise_conv2d", "numba", arguments)
    call()

A gradient of a convolution or an activation is given the arrays alone, as a learner's is; what our own
operators keep of their forward pass is made in `ready`.  Of normalisation, squeeze-excite and the block
the forward pass is part of the call, for there it has to be computed again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.rungs import COMMON, RUNGS, running
from .cases import Arguments
from .steps import block, norm, squeeze

Call = Callable[[], Any]
CLIPPED = ("numpy", "numba")  # what has ReLU or ReLU6 in it, which have no loops
OFFERED: dict[str, tuple[str, ...]] = {
    "one_window": RUNGS,
    "conv2d": RUNGS,
    "depthwise_conv2d": RUNGS,
    "pointwise_conv2d": RUNGS,
    "batch_norm": COMMON,
    "relu6": CLIPPED,
    "hard_swish": ("numpy",),
    "squeeze_excite": CLIPPED,
    "inverted_residual": (*CLIPPED, "simd"),
}


def rungs(name: str) -> tuple[str, ...]:
    """Those that this exercise has, and that run here; none of a formula about cost."""
    return running(OFFERED.get(name.removesuffix("_backward"), ()))


def ready(name: str, rung: str, given: Arguments) -> Call:
    """What is called to be timed; "simd" computes in float32, and is given its arrays so."""
    a: dict[str, Any] = dict(given)
    if rung == "simd":
        a = {key: _single(value) for key, value in a.items()}
    if name == "one_window":  # a convolution whose filter fits once
        x, w = a["patch"][None], a["w"][..., None]
        return lambda: ops.conv2d(x, w, padding=0, rung=rung)
    if name.endswith("_backward") and name.removesuffix("_backward") in FORWARD:
        _, cache = FORWARD[name.removesuffix("_backward")](a, rung)
        gradients = getattr(ops, name)
        return lambda: gradients(a["dy"], cache)
    if name in FORWARD:
        return lambda: FORWARD[name](a, rung)
    whole = WHOLE[name]
    return lambda: whole(**a, rung=rung)


def _single(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _single(inner) for key, inner in value.items()}
    return value.astype(np.float32) if isinstance(value, np.ndarray) else value


def _window(a: dict[str, Any], rung: str) -> dict[str, Any]:
    return {"stride": a["stride"], "padding": a["padding"], "rung": rung}


FORWARD: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "conv2d": lambda a, rung: ops.conv2d(a["x"], a["w"], a.get("b"), **_window(a, rung)),
    "depthwise_conv2d": lambda a, rung: ops.depthwise_conv2d(a["x"], a["w"], **_window(a, rung)),
    "pointwise_conv2d": lambda a, rung: ops.pointwise_conv2d(a["x"], a["w"], rung=rung),
    "relu6": lambda a, rung: ops.relu6(a["x"], rung=rung),
    "hard_swish": lambda a, rung: ops.hard_swish(a["x"]),
}
WHOLE: dict[str, Callable[..., Any]] = {
    "batch_norm": norm.forward,
    "batch_norm_backward": norm.backward,
    "squeeze_excite": squeeze.forward,
    "squeeze_excite_backward": squeeze.backward,
    "inverted_residual": block.forward,
    "inverted_residual_backward": block.backward,
}
