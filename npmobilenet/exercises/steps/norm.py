"""Step 5: batch normalisation, both ways."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...ops.checks import Array
from ..cases import Arguments, Draw, Filler, in_order
from ..record import Exercise, Results
from ..sizes import Sizes

FORWARD = """Batch normalisation: every channel gets mean beta and deviation gamma.

x (N, H, W, C); gamma, beta, mean, variance (C,): scale, shift, running mean, running variance;
train True or False; eps, momentum numbers. Returns y (N, H, W, C), mean (C,), variance (C,).

In training, P = N·H·W numbers a channel:

    m[c] = sum of x / P            v[c] = sum of (x - m[c])² / P       over n, i, j
    y    = gamma * (x - m) / sqrt(v + eps) + beta
    mean     -> (1 - momentum) * mean     + momentum * m
    variance -> (1 - momentum) * variance + momentum * v * P / (P - 1)

so y is made with v, the variance estimate moves to the unbiased one. In evaluation m and v are
the mean and variance that were given, which are returned as they are.

By hand, one channel of two numbers, in training, gamma 1, beta 0, momentum 0.1, mean 1 and
variance 1:

    x 1 3        m = 2, v = 1, y = [-1, 1] / sqrt(1 + eps)
                 mean = 0.9·1 + 0.1·2 = 1.1, variance = 0.9·1 + 0.1·1·2/1 = 1.1
"""
BACKWARD = """The gradients of batch_norm in training.

dy (N, H, W, C): dL/dy; x (N, H, W, C), gamma (C,), eps a number.
Returns dx (N, H, W, C), dgamma (C,), dbeta (C,), in this order.

With m, v and P as in batch_norm and xhat = (x - m) / sqrt(v + eps), sums over n, i, j:

    dbeta = sum of dy        dgamma = sum of dy * xhat
    dx = gamma / sqrt(v + eps) * (dy - dbeta / P - xhat * dgamma / P)

The last two terms are there because m and v move with every x.

By hand, one channel of two numbers, gamma 1, eps so small that it does not show:

    x 1 3    dy 2 5        xhat = [-1, 1], dbeta = 7, dgamma = -2 + 5 = 3
                           dx = [2 - 3.5 + 1.5, 5 - 3.5 - 1.5] = [0, 0]: two numbers
                           always become -1 and 1, so moving them changes nothing
"""
# images, height, width, channels: two numbers a channel first
SQUARE = ((2, 1, 1, 1), (2, 1, 1, 2), (3, 1, 1, 1), (1, 2, 2, 1), (1, 2, 2, 2), (2, 2, 2, 1),
          (2, 2, 2, 2))  # fmt: skip
OBLONG = ((1, 1, 2, 1), (1, 2, 1, 2), (1, 3, 2, 1), (2, 1, 3, 3))


def _fill(sizes: Sizes) -> Arguments:
    numbers, channels = Filler(sizes), sizes.x[3]
    if np.prod(sizes.x[:3]) < 2:
        raise ValueError("training needs more than one value for each channel")
    return {
        "x": numbers.array(*sizes.x),
        "gamma": numbers.array(channels),
        "beta": numbers.array(channels),
        "mean": numbers.array(channels),
        "variance": numbers.positive(channels),
        "train": sizes.mode == "train",
        "eps": sizes.eps,
        "momentum": sizes.momentum,
    }


def _fill_backward(sizes: Sizes) -> Arguments:
    if np.prod(sizes.x[:3]) < 2:
        raise ValueError("training needs more than one value for each channel")
    numbers = Filler(sizes)
    dy, x = numbers.array(*sizes.x), numbers.array(*sizes.x)
    return {"dy": dy, "x": x, "gamma": numbers.array(sizes.x[3]), "eps": sizes.eps}


def forward(
    x: Array,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    train: bool,
    eps: float,
    momentum: float,
    rung: str = "numpy",
) -> Results:
    """By any of our rungs, as all that is called `forward` or `backward` in these steps."""
    how = {"eps": eps, "momentum": momentum, "rung": rung}
    y, _, moved = ops.batch_norm(x, gamma, beta, mean, variance, train=train, **how)  # type: ignore
    return {"y": y, "mean": moved.mean, "variance": moved.variance}


def backward(dy: Array, x: Array, gamma: Array, eps: float, rung: str = "numpy") -> Results:
    """Behind a forward pass of its own."""
    zeros, ones = np.zeros_like(gamma), np.ones_like(gamma)
    _, cache, _ = ops.batch_norm(x, gamma, zeros, zeros, ones, train=True, eps=eps, rung=rung)
    dx, dgamma, dbeta = ops.batch_norm_backward(dy, cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def _small(shapes: tuple[tuple[int, ...], ...]) -> list[Sizes]:
    return [
        Sizes(shape, mode=mode, eps=0.001, momentum=0.1)
        for shape in shapes
        for mode in ("train", "eval")
    ]


def _shape(integer: Draw) -> tuple[int, ...]:
    n, h, w, c = integer(1, 4), integer(1, 5), integer(1, 5), integer(1, 4)
    return (2 if n * h * w == 1 else n), h, w, c


def _eps(integer: Draw) -> float:
    return (0.001, 0.00001, 0.1, 1.0)[integer(0, 3)]


def _draw(integer: Draw) -> Sizes:
    return Sizes(
        _shape(integer),
        mode=("train", "eval")[integer(0, 1)],
        eps=_eps(integer),
        momentum=(0.1, 0.01, 0.3, 0.9)[integer(0, 3)],
    )


def _draw_backward(integer: Draw) -> Sizes:
    return Sizes(_shape(integer), eps=_eps(integer))


EXERCISES = (
    Exercise(
        name="batch_norm",
        step=5,
        parameters=("x", "gamma", "beta", "mean", "variance", "train", "eps", "momentum"),
        outputs=("y", "mean", "variance"),
        text=FORWARD,
        reference=forward,
        fill=_fill,
        sizes=in_order(_small(SQUARE), _small(OBLONG)),
        draw=_draw,
        hints=(
            "One mean and one variance for each channel, over everything else. Which axes go?",
            "axis=(0, 1, 2). Divide by P for y; only the running variance gets v * P / (P - 1). In "
            "evaluation nothing is computed from x but y.",
            "    m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))\n"
            "    y = gamma * (x - m) / np.sqrt(v + eps) + beta\n"
            "and return new arrays for the moved estimates: mean and variance stay as they were.",
        ),
        solution=("kernels/batchnorm.py", "loops_normalise"),
        chapter=5,
        view=1,
    ),
    Exercise(
        name="batch_norm_backward",
        step=5,
        parameters=("dy", "x", "gamma", "eps"),
        outputs=("dx", "dgamma", "dbeta"),
        text=BACKWARD,
        reference=backward,
        fill=_fill_backward,
        sizes=in_order(
            [Sizes(shape, eps=0.001) for shape in SQUARE],
            [Sizes(shape, eps=0.001) for shape in OBLONG],
        ),
        draw=_draw_backward,
        hints=(
            "x moves y in three ways: itself, through the mean, through the variance. How many terms "
            "has dx?",
            "Compute m, v and xhat once more. dbeta and dgamma first: dx is made of both.",
            "    dx = gamma / np.sqrt(v + eps) * (dy - dbeta / P - xhat * dgamma / P)",
        ),
        solution=("kernels/batchnorm.py", "loops_backward_input"),
        chapter=6,
        view=3,
        linear_in={"dx": ("dy", "gamma"), "dgamma": ("dy",), "dbeta": ("dy",)},
        forward="batch_norm",
        constants=lambda arguments: {
            "beta": np.zeros_like(arguments["gamma"]),
            "mean": np.zeros_like(arguments["gamma"]),
            "variance": np.ones_like(arguments["gamma"]),
            "train": True,
            "momentum": 0.1,
        },
    ),
)
