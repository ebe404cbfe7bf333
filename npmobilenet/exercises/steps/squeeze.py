"""Step 5: squeeze-excite, both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

GATE = """    s = mean of x over i, j                    (N, C)     squeeze
    r = max(s @ w1 + b1, 0)                    (N, S)
    g = min(max((r @ w2 + b2) / 6 + 1/2, 0), 1) (N, C)     excite: a gate for each channel"""

FORWARD = f"""Squeeze-excite: each channel is multiplied by a gate that all channels decide.

x (N, H, W, C), w1 (C, S), b1 (S,), w2 (S, C), b2 (C,). Returns y (N, H, W, C).

{GATE}
    y[n, i, j, c] = x[n, i, j, c] * g[n, c]

By hand, two pixels of one channel, S = 1, w1 2, b1 -3, w2 1, b2 -1:

    x 1 3        s = 2, r = 2·2 - 3 = 1, g = (1·1 - 1) / 6 + 1/2 = 1/2, y = [0.5, 1.5]
"""
BACKWARD = f"""The gradients of squeeze_excite.

dy (N, H, W, C): dL/dy; x, w1, b1, w2, b2 as in squeeze_excite.
Returns dx, dw1, db1, dw2, db2, in this order, each of its own argument's shape.

{GATE}

Backwards, step by step:

    dg = sum of dy * x over i, j               (N, C)
    dz = dg / 6 where 0 < g < 1, else 0        (N, C)     z = r @ w2 + b2
    dw2 = r.T @ dz        db2 = sum of dz over n
    dr = dz @ w2.T, kept where r > 0           (N, S)
    dw1 = s.T @ dr        db1 = sum of dr over n
    ds = dr @ w1.T                             (N, C)
    dx = dy * g + ds / (H·W)                   x works by itself, and through the gate

By hand, two pixels of one channel, S = 1, w1 2, b1 -3, w2 1, b2 -1, as in squeeze_excite:

    x 1 3    dy 6 6        g = 1/2, dg = 6·1 + 6·3 = 24, dz = 4, dw2 = 4, db2 = 4
                           dr = 4, dw1 = 2·4 = 8, db1 = 4, ds = 8, dx = [3 + 4, 3 + 4] = [7, 7]
"""
SQUARE = ((1, 1, 1, 1), (1, 1, 2, 1), (1, 2, 1, 1), (1, 2, 2, 1), (1, 2, 2, 2), (2, 1, 2, 1),
          (2, 2, 2, 1))  # fmt: skip
ODD = ((1, 1, 3, 2, 2), (2, 3, 1, 2, 3), (1, 2, 3, 3, 2))
NEAR = 1e-3  # no nearer to a kink: there either slope would be right


def _fill(sizes: Sizes) -> Arguments:
    """Numbers for which a gate is neither shut nor wide open: else most of the formula is not seen."""
    numbers, (_, _, _, c), q = Filler(sizes), sizes.x, sizes.q
    for _ in range(200):
        x = numbers.array(*sizes.x)
        w1, b1 = numbers.signed(0.5, c, q), numbers.signed(0.5, q)
        w2, b2 = numbers.signed(0.5, q, c), numbers.signed(0.5, c)
        before = x.mean(axis=(1, 2)) @ w1 + b1
        gate = np.maximum(before, 0) @ w2 + b2
        clear = min(np.abs(before).min(), np.abs(np.abs(gate) - 3).min()) > NEAR
        if clear and (before > 0).any() and (np.abs(gate) < 3).any():
            break
    return {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}


def _fill_backward(sizes: Sizes) -> Arguments:
    dy = Filler(sizes).signed(1.0, *sizes.x)
    return {"dy": dy, **_fill(sizes)}


def _passed(
    x: Array, w1: Array, b1: Array, w2: Array, b2: Array, rung: str
) -> tuple[Array, list[Any]]:
    """y, and the caches of all five parts."""
    s, pooled = ops.global_avg_pool(x, rung=rung)
    a, squeezed = ops.dense(s, w1, b1, rung=rung)
    r, active = ops.relu(a, rung=rung)
    z, excited = ops.dense(r, w2, b2, rung=rung)
    g, opened = ops.hard_sigmoid(z)
    y, scaled = ops.scale_channels(x, g)
    return y, [pooled, squeezed, active, excited, opened, scaled]


def forward(x: Array, w1: Array, b1: Array, w2: Array, b2: Array, rung: str = "numpy") -> Results:
    """By any of our rungs."""
    return {"y": _passed(x, w1, b1, w2, b2, rung)[0]}


def backward(
    dy: Array, x: Array, w1: Array, b1: Array, w2: Array, b2: Array, rung: str = "numpy"
) -> Results:
    """Behind a forward pass of its own."""
    _, (pooled, squeezed, active, excited, opened, scaled) = _passed(x, w1, b1, w2, b2, rung)
    dx, dg = ops.scale_channels_backward(dy, scaled)
    dr, dw2, db2 = ops.dense_backward(ops.hard_sigmoid_backward(dg, opened), excited)
    ds, dw1, db1 = ops.dense_backward(ops.relu_backward(dr, active), squeezed)
    dx = dx + ops.global_avg_pool_backward(ds, pooled)
    return {"dx": dx, "dw1": dw1, "db1": db1, "dw2": dw2, "db2": db2}


def _draw(integer: Draw) -> Sizes:
    shape = (integer(1, 3), integer(1, 4), integer(1, 4), integer(1, 5))
    return Sizes(shape, q=integer(1, 4))


SIZES = in_order(
    [Sizes((n, size, size, c), q=q) for n, size, c, q in SQUARE],
    [Sizes((n, h, w, c), q=q) for n, h, w, c, q in ODD],
)
PARAMETERS = ("x", "w1", "b1", "w2", "b2")
EXERCISES = (
    Exercise(
        name="squeeze_excite",
        step=5,
        parameters=PARAMETERS,
        outputs=("y",),
        text=FORWARD,
        reference=forward,
        fill=_fill,
        sizes=SIZES,
        draw=_draw,
        hints=(
            "An image has one gate for each channel: how does (N, H, W, C) become (N, C)?",
            "The mean over the pixels, axis=(1, 2); two small matrix products; a cut at 0 after the "
            "first, at 0 and 1 after the second.",
            "    g = np.clip((r @ w2 + b2) / 6 + 0.5, 0, 1)\n    y = x * g[:, None, None, :]",
        ),
        solution=("exercises/steps/squeeze.py", "_passed"),
        chapter=9,
        view=7,
    ),
    Exercise(
        name="squeeze_excite_backward",
        step=5,
        parameters=("dy", *PARAMETERS),
        outputs=("dx", "dw1", "db1", "dw2", "db2"),
        text=BACKWARD,
        reference=backward,
        fill=_fill_backward,
        sizes=SIZES,
        draw=_draw,
        hints=(
            "Compute s, r and g again. Then walk from the last line of the forward pass to the first.",
            "x reaches y twice: directly, and through the mean and the gate. Both are added up. The "
            "gate passes nothing back where it is shut or wide open.",
            "    dg = (dy * x).sum((1, 2))\n"
            "    dz = dg / 6 * ((g > 0) & (g < 1))\n"
            "    dr = (dz @ w2.T) * (r > 0)\n"
            "    dx = dy * g[:, None, None, :] + (dr @ w1.T)[:, None, None, :] / (H * W)",
        ),
        solution=("exercises/steps/squeeze.py", "backward"),
        chapter=9,
        view=7,
        linear_in=dict.fromkeys(("dx", "dw1", "db1", "dw2", "db2"), ("dy",)),
        forward="squeeze_excite",
    ),
)
