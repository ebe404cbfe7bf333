"""Step 3: a depthwise convolution."""

from __future__ import annotations

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler
from ..record import Exercise, Results
from ..sizes import Sizes
from . import windows

TEXT = f"""Depthwise convolution: every channel has one filter, and keeps to itself.

x (N, H, W, M), w (K, L, M): one filter for each channel. Returns y (N, I, J, M).

    y[n, i, j, m] = sum over u, v of  x[n, stride * i + u, stride * j + v, m] * w[u, v, m]

x in this formula already has its zeros around it.

{windows.PADDING}

By hand, one image, two channels, kernel 1 x 2, stride 1, padding 0:

    x  channel 0:  1 2    w  channel 0:  3 4        y[0, 0, 0, 0] = 1·3 + 2·4 = 11
       channel 1:  5 6       channel 1:  7 8        y[0, 0, 0, 1] = 5·7 + 6·8 = 83
"""


def _fill(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    x = numbers.array(*sizes.x)
    windows.place(x.shape, sizes.kernel, sizes.s, sizes.padding or 0)
    w = numbers.array(*sizes.kernel, sizes.x[3])
    return {"x": x, "w": w, "stride": sizes.s, "padding": sizes.padding}


def _reference(x: Array, w: Array, stride: int, padding: str | int) -> Results:
    y, _ = ops.depthwise_conv2d(x, w, stride=stride, padding=padding, rung="numpy")
    return {"y": y}


def _draw(integer: Draw) -> Sizes:
    return windows.draw(integer, outputs=False)


EXERCISES = (
    Exercise(
        name="depthwise_conv2d",
        step=3,
        parameters=("x", "w", "stride", "padding"),
        outputs=("y",),
        text=TEXT,
        reference=_reference,
        fill=_fill,
        sizes=windows.small(outputs=False),
        draw=_draw,
        hints=(
            "Take your convolution: which of its sums is no longer there? Where did o go?",
            "No sum over channels: channel m of y comes from channel m of x and filter m alone.",
            "In loops over n, i, j, m, u, v:\n"
            "    y[n, i, j, m] += padded[n, stride*i + u, stride*j + v, m] * w[u, v, m]",
        ),
        solution=("kernels/depthwise.py", "loops_forward"),
        chapter=2,
        view=1,
        linear_in={"y": ("x", "w")},
    ),
)
