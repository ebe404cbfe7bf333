"""Step 3: a pointwise convolution."""

from __future__ import annotations

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

TEXT = """Pointwise convolution: every pixel's channels are mixed, and no neighbour is asked.

x (N, H, W, M), w (M, O). Returns y (N, H, W, O).

    y[n, i, j, o] = sum over m of  x[n, i, j, m] * w[m, o]

By hand, one pixel of two channels, two outputs:

    x[0, 0, 0]  1  2    w  3  4        y[0, 0, 0] = [1·3 + 2·5, 1·4 + 2·6] = [13, 16]
                           5  6
"""

# images of H x W, input channels, output channels
SMALL = ((1, 1, 2, 1), (1, 1, 2, 2), (1, 2, 1, 2), (1, 2, 2, 1), (1, 2, 2, 2), (1, 2, 2, 3),
         (1, 2, 3, 2), (2, 2, 2, 2), (1, 3, 2, 2))  # fmt: skip
ODD = ((1, 1, 3, 1, 1), (1, 2, 3, 2, 2), (1, 3, 2, 2, 3), (2, 1, 3, 3, 2), (1, 1, 1, 1, 1))


def small() -> tuple[Sizes, ...]:
    """Square images before oblong ones."""
    square = (Sizes((n, size, size, m), o=o) for n, size, m, o in SMALL)
    return in_order(square, (Sizes((n, h, w, m), o=o) for n, h, w, m, o in ODD))


def draw(integer: Draw) -> Sizes:
    """A larger case."""
    return Sizes((integer(1, 3), integer(1, 6), integer(1, 6), integer(1, 6)), o=integer(1, 6))


def _fill(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    return {"x": numbers.array(*sizes.x), "w": numbers.array(sizes.x[3], sizes.o)}


def _reference(x: Array, w: Array) -> Results:
    return {"y": ops.pointwise_conv2d(x, w, rung="numpy")[0]}


EXERCISES = (
    Exercise(
        name="pointwise_conv2d",
        step=3,
        parameters=("x", "w"),
        outputs=("y",),
        text=TEXT,
        reference=_reference,
        fill=_fill,
        sizes=small(),
        draw=draw,
        hints=(
            "It is a convolution whose window is one pixel. Which loops are left?",
            "Take one pixel as a row of M numbers: a row times a matrix (M, O) gives O numbers.",
            "    y = x @ w\n"
            "or in loops over n, i, j, m, o:\n"
            "    y[n, i, j, o] += x[n, i, j, m] * w[m, o]",
        ),
        solution=("kernels/pointwise.py", "loops_forward"),
        chapter=3,
        view=1,
        linear_in={"y": ("x", "w")},
    ),
)
