"""The inverted residual block and its gradients, honest unless given other parts."""

from __future__ import annotations

from collections.abc import Callable

from ....ops.checks import Array
from ..record import Outputs
from .bending import Curve, between, clipped
from .convolving import DEPTHWISE, depthwise_conv2d, pointwise_conv2d_backward
from .normalising import HONEST_NORM, Norm
from .windows import HONEST, Reads, correlate_dw, correlate_dx

EPS = 1e-3
Bend = tuple[Curve, Curve]  # an activation and its slope
RELU6: Bend = (clipped(0, 6), between(0, 6))
STRAIGHT: Bend = (lambda x: x, lambda x: x * 0 + 1)


def fits(x: Array, y: Array, stride: int) -> bool:
    """Where the block adds its input."""
    return stride == 1 and x.shape[-1] == y.shape[-1]


def inverted_residual(
    x: Array,
    p: dict[str, Array],
    stride: int,
    *,
    reads: Reads = HONEST,
    norm: Norm = HONEST_NORM,
    bends: tuple[Bend, Bend, Bend] = (RELU6, RELU6, STRAIGHT),
    eps: float = EPS,
    residual: Callable[[Array, Array, int], bool] = fits,
    after_sum: Curve = STRAIGHT[0],
    bend_first: bool = False,
    bare: str = "",
) -> Outputs:
    """y (N, I, J, O).  bend_first: the activation before the normalisation.

    bare: the convolution that is not normalised.
    """

    def finished(z: Array, name: str, bend: Bend) -> Array:
        gamma, beta = p[f"{name}_gamma"], p[f"{name}_beta"]
        if name == bare:
            return bend[0](z)
        if bend_first:
            return norm.apply(bend[0](z), gamma, beta, eps)
        return bend[0](norm.apply(z, gamma, beta, eps))

    wide = finished(x @ p["expand"], "expand", bends[0])
    seen = depthwise_conv2d(wide, p["depthwise"], stride, "same", reads=reads)["y"]
    seen = finished(seen, "depthwise", bends[1])
    y = finished(seen @ p["project"], "project", bends[2])
    return {"y": after_sum(y + x if residual(x, y, stride) else y)}


def inverted_residual_backward(
    dy: Array,
    x: Array,
    p: dict[str, Array],
    stride: int,
    *,
    reads: Reads = HONEST,
    dx_reads: Reads = HONEST,
    dw_reads: Reads = HONEST,
    norm: Norm = HONEST_NORM,
    bend: Bend = RELU6,
    eps: float = EPS,
    shared: tuple[float, float] = (1.0, 1.0),  # of dy, for the branch and for the short cut
    turned: Callable[[Array], Array] = lambda w: w,  # the filter that dx is scattered through
) -> Outputs:
    """dx and the gradients under p's names.  reads: of the forward pass that is computed again."""
    wide = x @ p["expand"]
    wide_n = norm.apply(wide, p["expand_gamma"], p["expand_beta"], eps)
    bent = bend[0](wide_n)
    seen = depthwise_conv2d(bent, p["depthwise"], stride, "same", reads=reads)["y"]
    seen_n = norm.apply(seen, p["depthwise_gamma"], p["depthwise_beta"], eps)
    last = bend[0](seen_n)
    y = last @ p["project"]
    found: Outputs = {}

    def back(d: Array, z: Array, name: str) -> Array:
        gamma = p[f"{name}_gamma"]
        dz, found[f"{name}_gamma"], found[f"{name}_beta"] = norm.backward(d, z, gamma, eps)
        return dz

    short = fits(x, y, stride)
    d = pointwise_conv2d_backward(
        back(dy * shared[0] if short else dy, y, "project"), last, p["project"]
    )
    found["project"] = d["dw"]
    d_seen = back(d["dx"] * bend[1](seen_n), seen, "depthwise")
    size = (bent.shape[1], bent.shape[2]), (3, 3), stride, "same", (dy.shape[1], dy.shape[2])
    found["depthwise"] = correlate_dw(d_seen, bent, *dw_reads.matrices(*size), DEPTHWISE)
    d_bent = correlate_dx(d_seen, turned(p["depthwise"]), *dx_reads.matrices(*size), DEPTHWISE)
    d = pointwise_conv2d_backward(back(d_bent * bend[1](wide_n), wide, "expand"), x, p["expand"])
    found["expand"] = d["dw"]
    return {"dx": d["dx"] + dy * shared[1] if short else d["dx"]} | {
        name: found[name] for name in p
    }
