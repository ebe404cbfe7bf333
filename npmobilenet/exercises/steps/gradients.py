"""Step 4: the gradients of the three convolutions."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler
from ..record import Exercise, Results
from ..sizes import Sizes
from . import pointwise, windows

WHAT = """dy says by how much the loss L grows with each number of y; what is asked for is the same
for every number that y was made of. One rule is enough: where y was given x * w, dx is given
dy * w, and dw is given dy * x; what is given more than once is added up."""

CONV = f"""The gradients of conv2d.

dy (N, I, J, O): dL/dy; x (N, H, W, M), w (K, L, M, O), stride and padding as in conv2d.
Returns dx (N, H, W, M), dw (K, L, M, O), db (O,), in this order.

{WHAT}

    for all n, i, j, o, u, v, m:
        dx[n, stride * i + u, stride * j + v, m] += dy[n, i, j, o] * w[u, v, m, o]
        dw[u, v, m, o]                           += dy[n, i, j, o] * x[n, stride*i + u, ..., m]
    db[o] = sum over n, i, j of dy[n, i, j, o]

x and dx in this formula have zeros around them; what dx gathers there is cut off at the end.

By hand, one row of three pixels, kernel 1 x 2, stride 1, padding 0:

    x 1 2 3    w 4 5    dy 6 7        dx = [6·4, 6·5 + 7·4, 7·5] = [24, 58, 35]
                                      dw = [6·1 + 7·2, 6·2 + 7·3] = [20, 33], db = [13]
"""
DEPTHWISE = f"""The gradients of depthwise_conv2d.

dy (N, I, J, M): dL/dy; x (N, H, W, M), w (K, L, M), stride and padding as in depthwise_conv2d.
Returns dx (N, H, W, M), dw (K, L, M), in this order.

{WHAT}

    for all n, i, j, m, u, v:
        dx[n, stride * i + u, stride * j + v, m] += dy[n, i, j, m] * w[u, v, m]
        dw[u, v, m]                              += dy[n, i, j, m] * x[n, stride*i + u, ..., m]

x and dx in this formula have zeros around them; what dx gathers there is cut off at the end.

By hand, one row of three pixels, one channel, kernel 1 x 2, stride 1, padding 0:

    x 1 2 3    w 4 5    dy 6 7        dx = [6·4, 6·5 + 7·4, 7·5] = [24, 58, 35]
                                      dw = [6·1 + 7·2, 6·2 + 7·3] = [20, 33]
"""
POINTWISE = f"""The gradients of pointwise_conv2d.

dy (N, H, W, O): dL/dy; x (N, H, W, M), w (M, O). Returns dx (N, H, W, M), dw (M, O).

{WHAT}

    dx[n, i, j, m] = sum over o       of  dy[n, i, j, o] * w[m, o]
    dw[m, o]       = sum over n, i, j of  dy[n, i, j, o] * x[n, i, j, m]

By hand, one pixel of two channels, one output:

    x 1 2    w 3 4    dy 5            dx = [5·3, 5·4] = [15, 20], dw = [5·1, 5·2] = [5, 10]
"""


def _fill(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    found = windows.place(sizes.x, sizes.kernel, sizes.s, sizes.padding or 0)
    channels = sizes.o or sizes.x[3]
    dy = numbers.array(sizes.x[0], *found.output, channels)
    filters = (*sizes.kernel, sizes.x[3], sizes.o) if sizes.o else (*sizes.kernel, sizes.x[3])
    x, w = numbers.array(*sizes.x), numbers.array(*filters)
    return {"dy": dy, "x": x, "w": w, "stride": sizes.s, "padding": sizes.padding}


def _conv(dy: Array, x: Array, w: Array, stride: int, padding: str | int) -> Results:
    zeros = np.zeros(w.shape[-1])
    _, cache = ops.conv2d(x, w, zeros, stride=stride, padding=padding, rung="numpy")
    dx, dw, db = ops.conv2d_backward(dy, cache)
    return {"dx": dx, "dw": dw, "db": db}


def _depthwise(dy: Array, x: Array, w: Array, stride: int, padding: str | int) -> Results:
    _, cache = ops.depthwise_conv2d(x, w, stride=stride, padding=padding, rung="numpy")
    dx, dw = ops.depthwise_conv2d_backward(dy, cache)
    return {"dx": dx, "dw": dw}


def _draw_conv(integer: Draw) -> Sizes:
    return windows.draw(integer, outputs=True)


def _draw_depthwise(integer: Draw) -> Sizes:
    return windows.draw(integer, outputs=False)


def _fill_pointwise(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    dy = numbers.array(*sizes.x[:3], sizes.o)
    return {"dy": dy, "x": numbers.array(*sizes.x), "w": numbers.array(sizes.x[3], sizes.o)}


def _pointwise(dy: Array, x: Array, w: Array) -> Results:
    _, cache = ops.pointwise_conv2d(x, w, rung="numpy")
    dx, dw = ops.pointwise_conv2d_backward(dy, cache)
    return {"dx": dx, "dw": dw}


HINTS = (
    "Write your forward loops again, with y read instead of written. Each product y += x * w becomes "
    "two: one for dx and one for dw.",
    "Make dx as large as the padded image, full of zeros, and add into it with +=, for windows overlap. "
    "Cut the padding off when all is added. Begin dw with zeros too.",
)
EXERCISES = (
    Exercise(
        name="conv2d_backward",
        step=4,
        parameters=("dy", "x", "w", "stride", "padding"),
        outputs=("dx", "dw", "db"),
        text=CONV,
        reference=_conv,
        fill=_fill,
        sizes=windows.small(outputs=True),
        draw=_draw_conv,
        hints=(
            *HINTS,
            "In loops over n, i, j, o, u, v, m:\n"
            "    h, q = stride*i + u, stride*j + v\n"
            "    dx[n, h, q, m] += dy[n, i, j, o] * w[u, v, m, o]\n"
            "    dw[u, v, m, o] += dy[n, i, j, o] * padded[n, h, q, m]\n"
            "and behind them:\n"
            "    db = dy.sum(axis=(0, 1, 2))",
        ),
        solution=("kernels/conv.py", "loops_backward_input"),
        chapter=6,
        view=3,
        linear_in={"dx": ("dy", "w"), "dw": ("dy", "x"), "db": ("dy",)},
        forward="conv2d",
        constants=lambda arguments: {"b": np.zeros(arguments["w"].shape[-1])},
    ),
    Exercise(
        name="depthwise_conv2d_backward",
        step=4,
        parameters=("dy", "x", "w", "stride", "padding"),
        outputs=("dx", "dw"),
        text=DEPTHWISE,
        reference=_depthwise,
        fill=_fill,
        sizes=windows.small(outputs=False),
        draw=_draw_depthwise,
        hints=(
            *HINTS,
            "In loops over n, i, j, m, u, v:\n"
            "    h, q = stride*i + u, stride*j + v\n"
            "    dx[n, h, q, m] += dy[n, i, j, m] * w[u, v, m]\n"
            "    dw[u, v, m] += dy[n, i, j, m] * padded[n, h, q, m]",
        ),
        solution=("kernels/depthwise.py", "loops_backward_input"),
        chapter=6,
        view=3,
        linear_in={"dx": ("dy", "w"), "dw": ("dy", "x")},
        forward="depthwise_conv2d",
    ),
    Exercise(
        name="pointwise_conv2d_backward",
        step=4,
        parameters=("dy", "x", "w"),
        outputs=("dx", "dw"),
        text=POINTWISE,
        reference=_pointwise,
        fill=_fill_pointwise,
        sizes=pointwise.small(),
        draw=pointwise.draw,
        hints=(
            "y = x @ w for every pixel. Which shapes must dx and dw have, and which product of dy "
            "with w or x has that shape?",
            "w must be read across: dx = dy @ w.T. For dw all pixels of all images are rows of one "
            "matrix: reshape(-1, channels).",
            "    dx = dy @ w.T\n    dw = x.reshape(-1, M).T @ dy.reshape(-1, O)",
        ),
        solution=("kernels/pointwise.py", "loops_backward_input"),
        chapter=6,
        view=3,
        linear_in={"dx": ("dy", "w"), "dw": ("dy", "x")},
        forward="pointwise_conv2d",
    ),
)
