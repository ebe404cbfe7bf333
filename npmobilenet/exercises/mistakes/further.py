"""Mistakes 83 to 92: the order of memory, axes exchanged, counts, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ops.checks import Array
from .activations import HARD, MASKS, SWISH_SLOPES
from .filters import WINDOWED, all_channels
from .parts.bending import Curve, squeeze_excite, squeeze_excite_backward
from .parts.block import inverted_residual
from .parts.convolving import (
    conv2d,
    conv2d_backward,
    depthwise_conv2d,
    depthwise_conv2d_backward,
    pointwise_conv2d,
    pointwise_conv2d_backward,
)
from .parts.normalising import CHANNELS, batch_norm, batch_norm_backward
from .record import Arguments, Mistake, Outputs, Program, mistakes, on, out, played

Number = Callable[[Array], int]
# how many numbers of a channel there are said to be
COUNTS: tuple[Number, ...] = (
    len,
    lambda x: x.shape[1] * x.shape[2],
    lambda x: x.size,
    lambda x: x.shape[-1],
)


def order_of_memory(*axes: int) -> Callable[[Array], Array]:
    """The windows lie in memory with their axes in this order; w is read as if it lay so too."""

    def change(w: Array) -> Array:
        shape = [w.shape[axis] for axis in axes] + list(w.shape[len(axes) :])
        back = [*np.argsort(axes), *range(len(axes), w.ndim)]
        return w.reshape(shape).transpose(back)

    return change


def as_rows(x: Array, w: Array) -> Outputs:
    """x.reshape(M, -1).T: the numbers of a pixel are no longer those that stood there."""
    return {"y": (x.reshape(x.shape[-1], -1).T @ w).reshape(*x.shape[:3], -1)}


def exchanged(x: Array) -> Array:
    """Rows for columns of every image."""
    return x.swapaxes(1, 2)


def without_dy(*slopes: Curve) -> list[Program]:
    """The slope alone."""
    return [lambda dy, x, slope=slope: {"dx": slope(x)} for slope in slopes]


def running_counted(count: Number) -> Program:
    """The unbiased variance of another count."""

    def program(**a: Any) -> Outputs:
        found, x, m = batch_norm(**a), a["x"], a["momentum"]
        if not a["train"]:
            return found
        p = count(x)
        variance = x.var(CHANNELS) * (np.float64(p) / (p - 1))
        return found | {"variance": (1 - m) * a["variance"] + m * variance}

    return program


def backward_counted(count: Number) -> Program:
    """dx with the means of another count."""

    def program(dy: Array, x: Array, gamma: Array, eps: float) -> Outputs:
        found = batch_norm_backward(dy, x, gamma, eps)
        d, p = np.sqrt(x.var(CHANNELS) + eps), count(x)
        x_hat = (x - x.mean(CHANNELS)) / d
        dx = gamma / d * (dy - found["dbeta"] / p - x_hat * found["dgamma"] / p)
        return found | {"dx": dx}

    return program


def without_norm(name: str) -> Program:
    """One of the block's normalisations left out: gamma and beta are as if it changed nothing."""
    return partial(inverted_residual, bare=name)


def order(*names: str) -> Callable[[Outputs, Arguments], Outputs]:
    """Outputs returned in another order."""
    return lambda found, _: {own: found[other] for own, other in zip(found, names, strict=True)}


def negative(operator: Program, outputs: tuple[str, ...]) -> Program:
    """These outputs with the other sign."""
    return played(operator, after=lambda found, _: found | {name: -found[name] for name in outputs})


def one_or_all(operator: Program, *outputs: str) -> list[Program]:
    """Each output alone with the other sign, and all of them."""
    return [negative(operator, those) for those in [(name,) for name in outputs] + [outputs]]


FURTHER: list[Mistake] = [
    *mistakes(
        83,
        (
            "The numbers of a window and those of the filter are laid out in different orders: "
            "reshape does not move them, it only reads them otherwise.",
            "窗口里的数与滤波器里的数排列顺序不同：reshape 不会移动数据，只是换一种读法。",
        ),
        {
            "conv2d": [
                played(conv2d, on("w", order_of_memory(*axes)))
                for axes in ((1, 0, 2), (2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 2, 0))
            ],
            "depthwise_conv2d": [
                played(depthwise_conv2d, on("w", order_of_memory(*axes)))
                for axes in ((1, 0, 2), (2, 0, 1))
            ],
            "pointwise_conv2d": [
                as_rows,
                played(pointwise_conv2d, on("w", lambda w: w.reshape(w.shape[::-1]).T)),
            ],
        },
    ),
    *mistakes(
        85,
        (
            "Rows and columns of the image are swapped.",
            "图像的行和列被你弄反了。",
        ),
        {
            name: [
                played(f, after=out("y", exchanged)),
                played(f, on("x", exchanged)),
                played(f, on("x", exchanged), out("y", exchanged)),
            ]
            for name, f in WINDOWED.items()
        },
    ),
    *mistakes(
        86,
        (
            "dy is missing: dx is dy times the slope.",
            "dy 没有参与运算：dx 等于 dy 乘以斜率。",
        ),
        {
            "relu6_backward": without_dy(*MASKS[:2]),
            "hard_swish_backward": without_dy(SWISH_SLOPES[0], HARD),
        },
    ),
    *mistakes(
        87,
        (
            "You miscount the numbers of a channel: P is N · H · W.",
            "每个通道有多少个数，你数错了：P 等于 N · H · W。",
        ),
        {
            "batch_norm": [running_counted(count) for count in COUNTS],
            "batch_norm_backward": [backward_counted(count) for count in COUNTS],
        },
    ),
    *mistakes(
        25,
        (
            "The results are right, but returned in the wrong order: it is y, mean, variance.",
            "结果本身是对的，但返回的顺序不对：应为 y、mean、variance。",
        ),
        {"batch_norm": [played(batch_norm, after=order("y", "variance", "mean"))]},
    ),
    *mistakes(
        88,
        (
            "Every filter has a bias of its own, and it is added.",
            "每个滤波器都有自己的偏置，而且是加上去的。",
        ),
        {
            "conv2d": [
                played(conv2d, on("b", lambda b: b * 0 + b[0])),
                played(conv2d, on("b", lambda b: b * 0 + b.sum())),
                played(conv2d, on("b", lambda b: b * 0 + b.mean())),
                played(conv2d, on("b", lambda b: -b)),
            ]
        },
    ),
    *mistakes(
        89,
        (
            "A normalisation is missing: one follows each of the three convolutions.",
            "漏掉了一次归一化：三个卷积之后各有一次。",
        ),
        {"inverted_residual": [without_norm(name) for name in ("expand", "depthwise", "project")]},
    ),
    *mistakes(
        90,
        (
            "x is not added here: squeeze-excite multiplies it by its gate, and that is all.",
            "这里不加 x：压缩激励只把 x 乘以它的门控。",
        ),
        {
            "squeeze_excite": [
                partial(squeeze_excite, joined=lambda x, gate: x + x * gate),
                partial(squeeze_excite, joined=lambda x, gate: x + gate),
            ]
        },
    ),
    *mistakes(
        92,
        (
            "A gradient has the wrong sign: dy is dL/dy, and nothing turns it round.",
            "有一个梯度的符号反了：dy 就是 dL/dy，中间没有任何东西把它反过来。",
        ),
        {
            "conv2d_backward": one_or_all(conv2d_backward, "dx", "dw", "db"),
            "depthwise_conv2d_backward": one_or_all(depthwise_conv2d_backward, "dx", "dw"),
            "pointwise_conv2d_backward": one_or_all(pointwise_conv2d_backward, "dx", "dw"),
            "batch_norm_backward": one_or_all(batch_norm_backward, "dx", "dgamma", "dbeta"),
            "squeeze_excite_backward": one_or_all(
                squeeze_excite_backward, "dx", "dw1", "db1", "dw2", "db2"
            ),
        },
    ),
    *mistakes(
        10,
        (
            "Your channels are added up. A depthwise convolution keeps each channel for itself, "
            "backwards too.",
            "你把各个通道加在了一起。深度卷积中每个通道各算各的，反向也一样。",
        ),
        {
            "depthwise_conv2d_backward": [
                played(depthwise_conv2d_backward, after=out(name, all_channels))
                for name in ("dx", "dw")
            ]
        },
    ),
    *mistakes(
        91,
        (
            "You take the largest of the products; it must be their sum.",
            "你取的是乘积中的最大值；应当是乘积之和。",
        ),
        {
            "one_window": [
                lambda patch, w: {"y": np.asarray((patch * w).max())},
                lambda patch, w: {"y": np.asarray((patch.max((0, 1)) * w).sum())},
            ]
        },
    ),
]
