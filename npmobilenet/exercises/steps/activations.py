"""Step 5: ReLU6 and hard-swish, both ways."""

from __future__ import annotations

from collections.abc import Callable

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

RELU6 = """ReLU6: nothing below 0, nothing above 6.

x (N, H, W, C). Returns y of the same shape: y = min(max(x, 0), 6), number by number.

By hand:

    x -1 2 7        y 0 2 6
"""
RELU6_BACKWARD = """The gradient of relu6.

dy: dL/dy, x: what relu6 was given, both (N, H, W, C). Returns dx of the same shape:

    dx = dy where 0 < x < 6, and 0 where y no longer moves with x

At x = 0 and x = 6 themselves there is no slope; either answer is right, no case stands there.

By hand:

    x -1 2 7    dy 3 4 5        dx 0 4 0
"""
SWISH = """Hard-swish: x times a gate that opens from x = -3 to x = 3.

x (N, H, W, C). Returns y of the same shape, number by number:

    y = x * min(max(x + 3, 0), 6) / 6

By hand:

    x -4 -1 2 5        gate 0 2/6 5/6 1        y 0 -1/3 5/3 5
"""
SWISH_BACKWARD = """The gradient of hard_swish.

dy: dL/dy, x: what hard_swish was given, both (N, H, W, C). Returns dx of the same shape:

    dx = dy * slope, slope 0 for x < -3, (2 x + 3) / 6 between, 1 for x > 3

The slope between is the product rule: the gate, and x times the gate's own slope, 1/6. At -3
and 3 themselves either answer is right, no case stands there.

By hand:

    x -4 -1 2 5    dy 6 6 6 6        dx 0 1 7 6
"""
# on both sides of every kink, whole or halves
AROUND_6 = (-1.0, 2.0, 7.0, 4.0, -3.0, 5.0, 8.0, 1.0)
AROUND_3 = (-4.0, -1.0, 2.0, 5.0, -2.0, 1.0, 4.0, -5.0)
SHAPES = in_order(
    [Sizes(shape) for shape in ((1, 2, 2, 1), (1, 2, 2, 2), (2, 2, 2, 1), (1, 3, 3, 1))],
    [Sizes(shape) for shape in ((1, 1, 4, 1), (1, 2, 3, 1), (2, 3, 1, 2), (1, 1, 1, 8))],
)


def _forward(points: tuple[float, ...]) -> Callable[[Sizes], Arguments]:
    return lambda sizes: {"x": Filler(sizes).around(points, *sizes.x)}


def _backward(points: tuple[float, ...]) -> Callable[[Sizes], Arguments]:
    def fill(sizes: Sizes) -> Arguments:
        numbers = Filler(sizes)
        x = numbers.around(points, *sizes.x)
        return {"dy": numbers.signed(1.0, *sizes.x), "x": x}

    return fill


def _draw(integer: Draw) -> Sizes:
    return Sizes((integer(1, 3), integer(1, 5), integer(1, 5), integer(1, 5)))


def _relu6(x: Array) -> Results:
    return {"y": ops.relu6(x, rung="numpy")[0]}


def _relu6_backward(dy: Array, x: Array) -> Results:
    return {"dx": ops.relu6_backward(dy, ops.relu6(x, rung="numpy")[1])}


def _swish(x: Array) -> Results:
    return {"y": ops.hard_swish(x)[0]}


def _swish_backward(dy: Array, x: Array) -> Results:
    return {"dx": ops.hard_swish_backward(dy, ops.hard_swish(x)[1])}


EXERCISES = (
    Exercise(
        name="relu6",
        step=5,
        parameters=("x",),
        outputs=("y",),
        text=RELU6,
        reference=_relu6,
        fill=_forward(AROUND_6),
        sizes=SHAPES,
        draw=_draw,
        hints=(
            "Two cuts: one from below, one from above.",
            "np.maximum compares number by number; max compares something else.",
            "    y = np.minimum(np.maximum(x, 0), 6)",
        ),
        solution=("kernels/activations.py", "numpy_clip"),
        chapter=9,
        view=6,
    ),
    Exercise(
        name="relu6_backward",
        step=5,
        parameters=("dy", "x"),
        outputs=("dx",),
        text=RELU6_BACKWARD,
        reference=_relu6_backward,
        fill=_backward(AROUND_6),
        sizes=SHAPES,
        draw=_draw,
        hints=(
            "Where x is -1 or 7, what does y do when x moves a little?",
            "A mask of x: 1 where x lies between 0 and 6, 0 elsewhere. It asks x, not dy.",
            "    dx = dy * ((x > 0) & (x < 6))",
        ),
        solution=("kernels/activations.py", "numpy_clip_backward"),
        chapter=9,
        view=6,
        linear_in={"dx": ("dy",)},
        forward="relu6",
    ),
    Exercise(
        name="hard_swish",
        step=5,
        parameters=("x",),
        outputs=("y",),
        text=SWISH,
        reference=_swish,
        fill=_forward(AROUND_3),
        sizes=SHAPES,
        draw=_draw,
        hints=(
            "First the gate alone: a number from 0 to 1. Then x times its gate.",
            "The gate is relu6(x + 3) / 6.",
            "    y = x * np.minimum(np.maximum(x + 3, 0), 6) / 6",
        ),
        solution=("ops/activations.py", "hard_swish"),
        chapter=9,
        view=6,
    ),
    Exercise(
        name="hard_swish_backward",
        step=5,
        parameters=("dy", "x"),
        outputs=("dx",),
        text=SWISH_BACKWARD,
        reference=_swish_backward,
        fill=_backward(AROUND_3),
        sizes=SHAPES,
        draw=_draw,
        hints=(
            "Three pieces: below -3, between, above 3. Which formula has y in each, which slope?",
            "Between, y = x (x + 3) / 6 = (x² + 3 x) / 6. Its slope has two terms.",
            "    slope = np.where(x < -3, 0, np.where(x > 3, 1, (2 * x + 3) / 6))\n"
            "    dx = dy * slope",
        ),
        solution=("ops/activations.py", "hard_swish_backward"),
        chapter=9,
        view=6,
        linear_in={"dx": ("dy",)},
        forward="hard_swish",
    ),
)
