"""Step 1: one window, one number."""

from __future__ import annotations

from itertools import product

import numpy as np

from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

TEXT = """One window, one number: multiply what lies on top of one another, and add it all up.

patch (K, L, M): a piece of an image, K rows, L columns, M channels; w (K, L, M): a filter.
Returns a number.

    sum over u, v, m of  patch[u, v, m] * w[u, v, m]

By hand, 2 x 2, one channel:

    patch  1  2    w  5  6        1·5 + 2·6 + 3·7 + 4·8 = 70
           3  4       7  8
"""


def _fill(sizes: Sizes) -> Arguments:
    numbers = Filler(sizes)
    return {"patch": numbers.array(*sizes.x), "w": numbers.array(*sizes.x)}


def _reference(patch: Array, w: Array) -> Results:
    return {"y": np.asarray(np.sum(patch * w))}


def _draw(integer: Draw) -> Sizes:
    return Sizes((integer(1, 7), integer(1, 7), integer(1, 9)))


EXERCISES = (
    Exercise(
        name="one_window",
        step=1,
        parameters=("patch", "w"),
        outputs=("y",),
        text=TEXT,
        reference=_reference,
        fill=_fill,
        sizes=in_order(
            (Sizes((2, 2, 1)), Sizes((3, 3, 1)), Sizes((3, 3, 2))),
            (Sizes(shape) for shape in product((1, 2, 3), (1, 2, 3), (1, 2))),
        ),
        draw=_draw,
        hints=(
            "Every number of the patch meets one number of the filter: the one in the same row, "
            "column and channel. How many products are there for 3 x 3 and 2 channels?",
            "Three loops, one inside the other: over the K rows, the L columns, the M channels. "
            "Begin with total = 0 and add one product at a time.",
            "    total = 0.0\n"
            "    for u in range(K):\n"
            "        for v in range(L):\n"
            "            for m in range(M):\n"
            "                total += patch[u, v, m] * w[u, v, m]",
        ),
        solution=("kernels/conv.py", "loops_forward"),
        chapter=1,
        view=1,
        linear_in={"y": ("patch", "w")},
    ),
)
