"""Step 3: what a convolution costs, as a number of multiplications."""

from __future__ import annotations

from itertools import product

import numpy as np

from ...cost.separable import SeparableCost
from ...cost.separable import separable_cost as counted
from ..cases import Arguments, Draw, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

STANDARD = """How many multiplications a convolution does, with padding "same".

An image of h rows, w columns and m channels, n filters of k x k, a stride. Returns a whole
number of MACs: a multiplication and the addition that follows it are one. Products with the
zeros of the padding are counted, as the papers do.

By hand, h = w = 5, k = 3, m = 2, n = 4, stride 2: there are 3 x 3 windows, each of them does
3·3·2 products for each of 4 filters: 9·18·4 = 648.
"""
SEPARABLE = """How many multiplications a depthwise and then a pointwise convolution do together.

Sizes as in standard_cost: a depthwise convolution of k x k and that stride over m channels,
with padding "same", then a pointwise one from m channels to n. Returns a whole number of MACs.

By hand, h = w = 5, k = 3, m = 2, n = 4, stride 2: 9 windows, each 3·3 products for each of 2
channels, 9·9·2 = 162; then 9 pixels, each 2·4 products, 9·8 = 72. Together 234.
"""
TIMES = """How many times cheaper the separable convolution is: standard_cost / separable_cost.

k the size of the kernel, n the number of filters; image, stride and m cancel. Returns a number.

By hand, k = 3, n = 4: for each pixel and channel 9·4 = 36 products against 9 + 4 = 13, so
36/13, which is 2.769...
"""


def _fill(sizes: Sizes) -> Arguments:
    _, h, w, m = sizes.x
    if sizes.kernel[0] != sizes.kernel[1] or sizes.x[0] != 1:
        raise ValueError("these kernels are square, and the image is one")
    return {"h": h, "w": w, "k": sizes.kernel[0], "m": m, "n": sizes.o, "stride": sizes.s}


def _fill_times(sizes: Sizes) -> Arguments:
    if sizes.kernel[0] != sizes.kernel[1]:
        raise ValueError("these kernels are square")
    return {"k": sizes.kernel[0], "n": sizes.o}


def _cost(h: int, w: int, k: int, m: int, n: int, stride: int) -> SeparableCost:
    return counted(k=k, m=m, n=n, df=(-(-h // stride), -(-w // stride)))


def _standard(h: int, w: int, k: int, m: int, n: int, stride: int) -> Results:
    return {"macs": np.asarray(float(_cost(h, w, k, m, n, stride).standard.macs))}


def _separable(h: int, w: int, k: int, m: int, n: int, stride: int) -> Results:
    return {"macs": np.asarray(float(_cost(h, w, k, m, n, stride).separable.macs))}


def _times(k: int, n: int) -> Results:
    return {"times": np.asarray(float(1 / counted(k=k, m=1, n=n, df=1).macs_ratio))}


def _small() -> tuple[Sizes, ...]:
    familiar = [
        Sizes((1, size, size, m), (3, 3), o=n, s=stride)
        for size, stride, m, n in product((2, 3, 4, 5), (1, 2), (1, 2), (1, 3))
    ]
    odd = [
        Sizes((1, h, w, m), (k, k), o=n, s=stride)
        for (h, w), stride, k, (m, n) in product(
            ((3, 5), (4, 3), (1, 6)), (1, 2, 3), (1, 2, 5), ((2, 3), (3, 1))
        )
    ]
    return in_order(familiar, odd)


def _draw(integer: Draw) -> Sizes:
    k = integer(1, 7)
    image = (1, integer(1, 224), integer(1, 224), integer(1, 1024))
    return Sizes(image, (k, k), o=integer(1, 1024), s=integer(1, 4))


def _draw_times(integer: Draw) -> Sizes:
    k = integer(1, 11)
    return Sizes(kernel=(k, k), o=integer(1, 2048))


_SIX = ("h", "w", "k", "m", "n", "stride")
_OURS = "cost/separable.py"
EXERCISES = (
    Exercise(
        name="standard_cost",
        step=3,
        parameters=_SIX,
        outputs=("macs",),
        text=STANDARD,
        reference=_standard,
        fill=_fill,
        sizes=_small(),
        draw=_draw,
        hints=(
            "How many windows are there? Each does the same work, so that is one factor.",
            "Windows are counted on the output: ceil(h / stride) times ceil(w / stride).",
            "    rows, columns = -(-h // stride), -(-w // stride)\n"
            "    return rows * columns * k * k * m * n",
        ),
        solution=(_OURS, "SeparableCost.standard"),
        chapter=4,
        view=2,
    ),
    Exercise(
        name="separable_cost",
        step=3,
        parameters=_SIX,
        outputs=("macs",),
        text=SEPARABLE,
        reference=_separable,
        fill=_fill,
        sizes=_small(),
        draw=_draw,
        hints=(
            "Two costs, added: first each channel with its own filter, then each pixel's channels.",
            "The depthwise half has no n, the pointwise half no k. The stride is the depthwise "
            "half's; how many pixels does the pointwise half then see?",
            "    pixels = -(-h // stride) * -(-w // stride)\n"
            "    return pixels * (k * k * m + m * n)",
        ),
        solution=(_OURS, "SeparableCost.separable"),
        chapter=4,
        view=2,
    ),
    Exercise(
        name="times_cheaper",
        step=3,
        parameters=("k", "n"),
        outputs=("times",),
        text=TIMES,
        reference=_times,
        fill=_fill_times,
        sizes=in_order(
            [Sizes(kernel=(3, 3), o=n) for n in (1, 2, 4, 9, 64)],
            [Sizes(kernel=(k, k), o=n) for k in (1, 2, 5, 7) for n in (1, 3, 128)],
        ),
        draw=_draw_times,
        hints=(
            "Divide your standard_cost by your separable_cost, and see what is above and below.",
            "pixels · k·k · m · n over pixels · m · (k·k + n): pixels and m go.",
            "    return k * k * n / (k * k + n)",
        ),
        solution=("cost/ratio.py", "separable_ratio"),
        chapter=4,
        view=2,
    ),
)
