"""Mistakes 34, 40, 75 to 79 in the inverted residual block, both ways."""

from __future__ import annotations

from functools import partial

from ...ops.checks import Array
from .parts.bending import between, clipped
from .parts.block import (
    RELU6,
    STRAIGHT,
    Bend,
    inverted_residual,
    inverted_residual_backward,
)
from .record import Mistake, Outputs, Program, mistakes

INF = float("inf")
RELU: Bend = (clipped(0, INF), between(0, INF))
NEVER = partial(inverted_residual, residual=lambda x, y, stride: False)


def in_front(*bends: Bend) -> Program:
    """Other activations after the three normalisations."""
    return partial(inverted_residual, bends=bends)  # type: ignore[arg-type]


def backward(**how: object) -> Program:
    return partial(inverted_residual_backward, **how)  # type: ignore[arg-type]


def of_normal(x: Array, p: dict[str, Array], stride: int) -> Outputs:
    """The normalised x is added, not x."""
    from .parts.normalising import HONEST_NORM

    y = NEVER(x, p, stride)["y"]
    if stride != 1 or y.shape != x.shape:
        return {"y": y}
    one = x[0, 0, 0] * 0 + 1
    return {"y": y + HONEST_NORM.apply(x, one, one * 0, 1e-3)}


def strided_short_cut(x: Array, p: dict[str, Array], stride: int) -> Outputs:
    """Where the stride is 2, every second pixel of x is added."""
    y = NEVER(x, p, stride)["y"]
    return {"y": y + x[:, ::stride, ::stride] if x.shape[-1] == y.shape[-1] else y}


BLOCKS: list[Mistake] = [
    *mistakes(
        40,
        (
            "Both branches get all of dy where x was added, once; you share it, or one of them gets "
            "none of it or twice as much.",
            "有残差相加时，两条支路都得到完整的 dy，各一次；你把它分开了，或者其中一条没有得到，"
            "或者得到了两倍。",
        ),
        {
            "inverted_residual_backward": [
                backward(shared=shares)
                for shares in ((0.5, 0.5), (1, 0.5), (0.5, 1), (1, 0), (0, 1), (1, 2))
            ]
        },
    ),
    *mistakes(
        34,
        (
            "ReLU6 passes nothing above 6: your mask only looks at 0.",
            "ReLU6 在大于 6 的地方没有梯度通过：你的掩码只看了 0。",
        ),
        {"inverted_residual_backward": [backward(bend=(RELU6[0], RELU[1])), backward(bend=RELU)]},
    ),
    *mistakes(
        75,
        (
            "The slopes of the activations are missing in your backward pass.",
            "你的反向传播里漏掉了激活函数的斜率。",
        ),
        {"inverted_residual_backward": [backward(bend=(RELU6[0], STRAIGHT[1]))]},
    ),
    *mistakes(
        76,
        (
            "An activation stands behind the projection. The bottleneck is linear: nothing is cut off "
            "there.",
            "投影之后你又加了激活函数。瓶颈是线性的：那里什么都不截断。",
        ),
        {
            "inverted_residual": [
                *[in_front(RELU6, RELU6, bend) for bend in (RELU6, RELU)],
                *[partial(inverted_residual, after_sum=bend[0]) for bend in (RELU6, RELU)],
            ]
        },
    ),
    *mistakes(
        77,
        (
            "The first two normalisations are followed by ReLU6; yours have a different function "
            "there, or none, or it stands in front.",
            "前两次归一化之后应是 ReLU6；你那里用了别的函数，或者没有，或者放在了归一化之前。",
        ),
        {
            "inverted_residual": [
                *[
                    in_front(first, second, STRAIGHT)
                    for first in (RELU6, RELU, STRAIGHT)
                    for second in (RELU6, RELU, STRAIGHT)
                    if (first, second) != (RELU6, RELU6)
                ],
                partial(inverted_residual, bend_first=True),
            ]
        },
    ),
    *mistakes(
        78,
        (
            "x is added, as it came, where the stride is 1 and the input has as many channels as "
            "the output; nowhere else.",
            "只有当步幅为 1 且通道数相同时才加上 x，原样相加；其他情况都不加。",
        ),
        {
            "inverted_residual": [
                NEVER,
                of_normal,
                strided_short_cut,
                partial(inverted_residual, residual=lambda x, y, stride: stride == 1),
            ]
        },
    ),
    *mistakes(
        79,
        (
            "Your ε has another value: here it is 0.001.",
            "你的 ε 取值不同：这里是 0.001。",
        ),
        {
            "inverted_residual": [
                partial(inverted_residual, eps=eps) for eps in (1e-5, 1e-8, 0.01)
            ],
            "inverted_residual_backward": [backward(eps=eps) for eps in (1e-5, 1e-8, 0.01)],
        },
    ),
]
