"""Step 2: a convolution, all of it."""

from __future__ import annotations

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler
from ..record import Exercise, Results
from ..sizes import Sizes
from . import windows

TEXT = f"""Convolution: a filter slides over an image; each place gives one number.

x (N, H, W, M): N images of H rows, W columns, M channels; w (K, L, M, O): O filters, each of K
rows and L columns, for all M channels; b (O,): a number added to each output channel, or None.
Returns y (N, I, J, O).

    y[n, i, j, o] = b[o] + sum over u, v, m of
                    x[n, stride * i + u, stride * j + v, m] * w[u, v, m, o]

x in this formula already has its zeros around it, and there are as many rows and columns as
windows fit: I = (padded H - K) // stride + 1.

{windows.PADDING}

By hand, one image, one channel, one filter, stride 2, padding "same":

    x  1  2    w  1  2  3        I = J = 1: one window. It needs 3 rows and finds 2:
       3  4       4  5  6        one row of zeros, below; one column, right.
                  7  8  9        y[0, 0, 0, 0] = 1·1 + 2·2 + 3·4 + 4·5 = 37
"""


def _fill(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    x = numbers.array(*sizes.x)
    windows.place(x.shape, sizes.kernel, sizes.s, sizes.padding or 0)
    w = numbers.array(*sizes.kernel, sizes.x[3], sizes.o)
    b = numbers.array(sizes.o) if sizes.b else None
    return {"x": x, "w": w, "b": b, "stride": sizes.s, "padding": sizes.padding}


def _reference(x: Array, w: Array, b: Array | None, stride: int, padding: str | int) -> Results:
    y, _ = ops.conv2d(x, w, b, stride=stride, padding=padding, rung="numpy")
    return {"y": y}


def _draw(integer: Draw) -> Sizes:
    return windows.draw(integer, outputs=True, bias=True)


EXERCISES = (
    Exercise(
        name="conv2d",
        step=2,
        parameters=("x", "w", "b", "stride", "padding"),
        outputs=("y",),
        text=TEXT,
        reference=_reference,
        fill=_fill,
        sizes=windows.small(outputs=True, bias=True),
        draw=_draw,
        hints=(
            "First put the zeros around x, in an array of its own; then no window needs to look "
            "where its border is. Then it is step 1 at every place, for every filter.",
            "Window (i, j) begins at row stride * i and column stride * j of the padded image. Its "
            "patch is padded[n, stride*i : stride*i + K, stride*j : stride*j + L], and meets w[..., o].",
            "In loops over n, i, j, o, with h, q = stride * i, stride * j:\n"
            "    y[n, i, j, o] = one_window(padded[n, h : h + K, q : q + L], w[..., o])\n"
            'and b[o] is added once. Zeros of "same", above and below:\n'
            "    total = max((I - 1) * stride + K - H, 0)\n"
            "    above, below = total // 2, total - total // 2",
        ),
        solution=("kernels/conv.py", "loops_forward"),
        chapter=1,
        view=1,
        linear_in={"y": ("x", "w")},
    ),
)
