"""Step 6: MobileNetV2's inverted residual block, both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

EPS = 1e-3
NEAR = 1e-3  # no nearer to a kink of ReLU6: there either slope would be right

P = """p is a dict of arrays:
    expand (M, T)            expand_gamma, expand_beta (T,)
    depthwise (3, 3, T)      depthwise_gamma, depthwise_beta (T,)
    project (T, O)           project_gamma, project_beta (O,)"""

FORWARD = f"""MobileNetV2's block: narrow, wide, narrow, and x added where it can be.

x (N, H, W, M), p a dict, stride 1 or 2. Returns y (N, I, J, O).

{P}

    a = relu6(norm(pointwise_conv2d(x, expand)))                           (N, H, W, T)
    d = relu6(norm(depthwise_conv2d(a, depthwise, stride, "same")))        (N, I, J, T)
    y = norm(pointwise_conv2d(d, project)), with no activation             (N, I, J, O)
    y = y + x                                      where stride is 1 and M equals O

norm is batch_norm in training, by the batch's own mean and variance, with eps 0.001 and its
gamma and beta from p.

By hand it is long; with all three gammas 0, y is project_beta (plus x): a good first test.
"""
BACKWARD = f"""The gradients of inverted_residual.

dy (N, I, J, O): dL/dy; x, p and stride as in inverted_residual.
Returns dx (N, H, W, M) and a dict with the gradient of every array in p, under the same names.

{P}

Compute the forward pass again, keep what each step was given, and walk back: the gradient of
each step is one of your own functions. Where x was added, dx gets dy as well, all of it.

By hand it is long; with all three gammas 0, dx is dy (or 0, without the residual), and the
gradient of project_beta is the sum of dy over n, i, j.
"""


def _fill(sizes: Sizes) -> Arguments:
    """Numbers for which ReLU6 stands on no kink, and both of them cut something off."""
    numbers, (_, _, _, m), t, o = Filler(sizes), sizes.x, sizes.t, sizes.o
    if sizes.s not in (1, 2):
        raise ValueError(f"the stride is 1 or 2, found {sizes.s}")
    outputs = sizes.x[0] * -(-sizes.x[1] // sizes.s) * -(-sizes.x[2] // sizes.s)
    if outputs < 2:
        raise ValueError(
            "training needs more than one value for each channel, behind the stride too"
        )
    for _ in range(50):
        x = numbers.array(*sizes.x)
        p: dict[str, Array] = {}
        for name, shape in (("expand", (m, t)), ("depthwise", (3, 3, t)), ("project", (t, o))):
            p[name] = numbers.signed(1.0, *shape)
            p[f"{name}_gamma"] = numbers.signed(2.0, shape[-1])  # so that 6 is reached
            p[f"{name}_beta"] = numbers.signed(0.5, shape[-1])
        _, kept = passed(x, p, sizes.s)
        before = [kept[name][2] for name in ("expand", "depthwise")]
        clear = all(np.minimum(np.abs(b), np.abs(b - 6)).min() > NEAR for b in before)
        if clear and all((b < 0).any() and (b > 0).any() for b in before):
            break
    return {"x": x, "p": p, "stride": sizes.s}


def _fill_backward(sizes: Sizes) -> Arguments:
    given = _fill(sizes)
    n, h, w, _ = sizes.x
    shape = (n, -(-h // sizes.s), -(-w // sizes.s), sizes.o)
    return {"dy": Filler(sizes).signed(1.0, *shape), **given}


def _norm(x: Array, p: dict[str, Array], name: str, rung: str) -> tuple[Array, Any]:
    gamma, beta = p[f"{name}_gamma"], p[f"{name}_beta"]
    zeros, ones = np.zeros_like(gamma), np.ones_like(gamma)
    y, cache, _ = ops.batch_norm(x, gamma, beta, zeros, ones, train=True, eps=EPS, rung=rung)
    return y, cache


def passed(
    x: Array, p: dict[str, Array], stride: int, rung: str = "numpy"
) -> tuple[Array, dict[str, Any]]:
    """y without the residual; step -> the caches of convolution, norm, what came out, activation."""
    between = "numba" if rung == "simd" else rung  # what is no convolution has no simd rung
    kept: dict[str, Any] = {}
    conv: Any
    a, conv = ops.pointwise_conv2d(x, p["expand"], rung=rung)
    a, norm = _norm(a, p, "expand", between)
    b, active = ops.relu6(a, rung=between)
    kept["expand"] = conv, norm, a, active
    d, conv = ops.depthwise_conv2d(b, p["depthwise"], stride=stride, rung=rung)
    d, norm = _norm(d, p, "depthwise", between)
    e, active = ops.relu6(d, rung=between)
    kept["depthwise"] = conv, norm, d, active
    y, conv = ops.pointwise_conv2d(e, p["project"], rung=rung)
    y, norm = _norm(y, p, "project", between)
    kept["project"] = conv, norm, y, None
    return y, kept


def forward(x: Array, p: dict[str, Array], stride: int, rung: str = "numpy") -> Results:
    """By any of our rungs."""
    y, _ = passed(x, p, stride, rung)
    return {"y": y + x if stride == 1 and x.shape == y.shape else y}


def backward(dy: Array, x: Array, p: dict[str, Array], stride: int, rung: str = "numpy") -> Results:
    """Behind a forward pass of its own."""
    y, kept = passed(x, p, stride, rung)
    found: Results = {}
    d = dy
    for name in ("project", "depthwise", "expand"):
        conv, norm, _, active = kept[name]
        if active is not None:
            d = ops.relu6_backward(d, active)
        d, dgamma, dbeta = ops.batch_norm_backward(d, norm)
        gradients = ops.depthwise_conv2d_backward if name == "depthwise" else (
            ops.pointwise_conv2d_backward
        )  # fmt: skip
        d, dw = gradients(d, conv)
        found |= {name: dw, f"{name}_gamma": dgamma, f"{name}_beta": dbeta}
    dx = d + dy if stride == 1 and x.shape == y.shape else d
    return {"dx": dx} | {name: found[name] for name in p}


def _draw(integer: Draw) -> Sizes:
    n, h, w, m = integer(1, 2), integer(3, 5), integer(3, 5), integer(1, 3)
    o = m if integer(0, 1) else integer(1, 3)
    if integer(0, 11) == 11:  # stride 2 leaves one pixel as it is: x fits, and is not added
        return Sizes((2, 1, 1, m), t=integer(1, 4), o=m, s=2)
    return Sizes((n, h, w, m), t=integer(1, 4), o=o, s=integer(1, 2))


SQUARE = [
    Sizes((n, size, size, m), t=t, o=o, s=s)
    for n, size in ((1, 2), (1, 3), (2, 2), (1, 4))
    for m, t, o in ((1, 2, 1), (1, 2, 2), (2, 4, 2))
    for s in (1, 2)
    if n * (-(-size // s)) ** 2 > 1
]
OBLONG = [
    Sizes((n, h, w, m), t=t, o=o, s=s)
    for n, h, w, m, t, o in ((1, 2, 3, 1, 2, 1), (2, 3, 1, 2, 3, 2), (1, 3, 4, 2, 3, 1))
    for s in (1, 2)
]
ONE_PIXEL = [Sizes((2, 1, 1, m), t=2, o=m, s=2) for m in (1, 2)]
EXERCISES = (
    Exercise(
        name="inverted_residual",
        step=6,
        parameters=("x", "p", "stride"),
        outputs=("y",),
        text=FORWARD,
        reference=forward,
        fill=_fill,
        sizes=in_order(SQUARE, OBLONG, ONE_PIXEL),
        draw=_draw,
        hints=(
            "Everything is there already: call your own functions one after another.",
            "batch_norm wants running estimates and gives moved ones back: give it any, leave them. "
            "The last normalisation has no activation behind it.",
            "The residual, at the end:\n"
            "    if stride == 1 and x.shape == y.shape:\n"
            "        y = y + x",
        ),
        solution=("exercises/steps/block.py", "passed"),
        chapter=8,
        view=7,
    ),
    Exercise(
        name="inverted_residual_backward",
        step=6,
        parameters=("dy", "x", "p", "stride"),
        outputs=("dx", "dp"),
        text=BACKWARD,
        reference=backward,
        fill=_fill_backward,
        sizes=in_order(SQUARE, OBLONG, ONE_PIXEL),
        draw=_draw,
        hints=(
            "Three times the same three steps: activation, normalisation, convolution, each backwards.",
            "batch_norm_backward wants what batch_norm was given, relu6_backward what relu6 was given: "
            "keep both for each of the three convolutions.",
            "dx = what comes out of the expansion, and where x was added dx + dy",
        ),
        solution=("exercises/steps/block.py", "backward"),
        chapter=6,
        view=3,
        linear_in={},
        forward="inverted_residual",
    ),
)
