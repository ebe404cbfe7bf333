"""Mistakes 38, 39, 71 to 73: squeeze-excite, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...ops.checks import Array
from .parts.bending import (
    GATE,
    Curve,
    Squeeze,
    between,
    clipped,
    hard_gate,
    hard_gate_slope,
    sigmoid,
    sigmoid_slope,
    squeeze_excite,
    squeeze_excite_backward,
)
from .record import Arguments, Mistake, Outputs, Program, Sentence, mistakes, played

INF = float("inf")
STRAIGHT: tuple[Curve, Curve] = (lambda x: x, lambda x: x * 0 + 1)


def over(*axes: int) -> Squeeze:
    """The mean over other axes, spread over what is left of (N, 1, 1, C) or of the image."""

    def squeeze(x: Array) -> Array:
        mean = x.mean(axes, keepdims=True)
        return np.broadcast_to(mean, (len(x), *mean.shape[1:3], x.shape[-1]))

    return squeeze


def as_written(*axes: int) -> Squeeze:
    """The mean over other axes as NumPy gives it: it stops where the channels are not as many."""

    def squeeze(x: Array) -> Array:
        mean = x.mean(axes)
        if mean.shape != (len(x), x.shape[-1]):
            raise ValueError("there are other numbers than channels")
        return np.asarray(mean[:, None, None])

    return squeeze


SQUEEZES: tuple[Squeeze, ...] = (
    over(3), over(1, 2, 3), over(0, 1, 2), over(0, 1, 2, 3), over(1), over(2), as_written(2, 3),
    as_written(1, 3), as_written(0, 1),
)  # fmt: skip
OTHERS: tuple[Squeeze, ...] = (
    lambda x: x.max((1, 2), keepdims=True),
    lambda x: x.sum((1, 2), keepdims=True),
    lambda x: x,
    lambda x: x[:, :1, :1],
)
# after the first of the two products, and after the second
FIRSTS: tuple[tuple[Curve, Curve], ...] = (
    STRAIGHT,
    (clipped(0, 6), between(0, 6)),
    (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
)
FINALS: tuple[Curve, ...] = (lambda x: x, clipped(0, INF), clipped(0, 1), clipped(0, 6))


MAX = clipped(0, INF)
SIXTH: Curve = lambda x: x * 0 + 1 / 6  # noqa: E731
# of a gate that is right forwards
SLOPES: tuple[Curve, ...] = (
    STRAIGHT[1],
    lambda x: 6 * GATE[1](x),
    lambda x: GATE[0](x) * (1 - GATE[0](x)),
    lambda x: between(0, 6)(x) / 6,
    between(0, 6),
    hard_gate_slope(0.2),
    hard_gate_slope(0.25),
    sigmoid_slope,
    lambda x: between(-3, 3)(x) / 3,
)


def without_bias(*names: str) -> Program:
    return played(squeeze_excite, lambda a: a | {name: a[name] * 0 for name in names})


def backward_without(*names: str) -> Program:
    """Forwards without these biases, whose gradients are there all the same."""
    return played(squeeze_excite_backward, lambda a: a | {name: a[name] * 0 for name in names})


def means(*names: str) -> Program:
    """These gradients divided by the number of images."""

    def after(found: Outputs, a: Arguments) -> Outputs:
        return found | {name: found[name] / len(a["dy"]) for name in names}

    return played(squeeze_excite_backward, after=after)


def way(**how: object) -> Program:
    return partial(squeeze_excite_backward, **how)  # type: ignore[arg-type]


def backwards(sentence: Sentence, *programs: Program) -> Iterator[Mistake]:
    """Everything is right forwards; a slope is not."""
    return mistakes(72, sentence, {"squeeze_excite_backward": programs})


SQUEEZING: list[Mistake] = [
    *mistakes(
        38,
        (
            "You squeeze over the wrong axes. The mean is over the pixels of each channel, in each "
            "image: (N, H, W, C) becomes (N, C).",
            "你压缩的轴不对。应当对每张图像、每个通道的所有像素取平均：(N, H, W, C) 变成 (N, C)。",
        ),
        {
            "squeeze_excite": [partial(squeeze_excite, squeeze=one) for one in SQUEEZES],
            "squeeze_excite_backward": [way(squeeze=one) for one in SQUEEZES],
        },
    ),
    *mistakes(
        71,
        (
            "You do not squeeze by the mean, but by the sum, the largest or one pixel, or not at "
            "all.",
            "你压缩时用的不是平均值，而是求和、最大值、某一个像素，或者根本没有压缩。",
        ),
        {
            "squeeze_excite": [partial(squeeze_excite, squeeze=one) for one in OTHERS],
            "squeeze_excite_backward": [
                way(squeeze=OTHERS[1]),
                way(squeeze=OTHERS[1], through=lambda pixels: 1.0),
            ],
        },
    ),
    *mistakes(
        72,
        (
            "A wrong function follows one of the two products: max(…, 0) follows the first, the "
            "gate the second.",
            "两次矩阵乘法之间或之后用错了函数：第一次之后是 max(…, 0)，第二次之后是门控。",
        ),
        {
            "squeeze_excite": [
                *[partial(squeeze_excite, first=first) for first, _ in FIRSTS],
                *[partial(squeeze_excite, gate=gate) for gate in FINALS],
                partial(squeeze_excite, first=hard_gate(), gate=clipped(0, INF)),
                partial(squeeze_excite, first=STRAIGHT[0], gate=STRAIGHT[0]),
            ],
            "squeeze_excite_backward": [way(first=first) for first in FIRSTS],
        },
    ),
    *backwards(
        (
            "Backwards your max(…, 0) has no mask: where the number before it is below 0 its "
            "gradient is 0.",
            "反向时你的 max(…, 0) 没有掩码：它前面的数小于 0 的地方，梯度应当是 0。",
        ),
        way(first=(MAX, STRAIGHT[1])),
    ),
    *backwards(
        (
            "Backwards the slope of your max(…, 0) is a different one: it is 1 where the number "
            "before it is above 0, and 0 where it is below.",
            "反向时你的 max(…, 0) 的斜率不对：它前面的数大于 0 时斜率为 1，小于 0 时为 0。",
        ),
        *[way(first=(MAX, slope)) for _, slope in FIRSTS[1:]],
    ),
    *backwards(
        (
            "Backwards the mask of your gate has no upper end: from 3 on its slope is 0.",
            "反向时你的门控掩码缺了上端：从 3 开始它的斜率是 0。",
        ),
        way(gate=(GATE[0], lambda x: between(-3, INF)(x) / 6)),
    ),
    *backwards(
        (
            "Backwards the mask of your gate has no lower end: up to −3 its slope is 0.",
            "反向时你的门控掩码缺了下端：到 −3 为止它的斜率是 0。",
        ),
        way(gate=(GATE[0], lambda x: between(-INF, 3)(x) / 6)),
    ),
    *backwards(
        (
            "Backwards your gate has no mask: its slope is 0 up to −3, and from 3 on.",
            "反向时你的门控没有掩码：到 −3 为止、从 3 开始，它的斜率都是 0。",
        ),
        way(gate=(GATE[0], SIXTH)),
    ),
    *backwards(
        (
            "Backwards both masks are missing: that of max(…, 0) and that of the gate.",
            "反向时两个掩码都漏掉了：max(…, 0) 的和门控的。",
        ),
        way(first=(MAX, STRAIGHT[1]), gate=(GATE[0], SIXTH)),
    ),
    *backwards(
        (
            "Backwards the slope of your gate is a different one: it is 1/6 where its number lies "
            "between −3 and 3, and 0 elsewhere.",
            "反向时你的门控斜率不对：它的输入在 −3 和 3 之间时斜率为 1/6，其余为 0。",
        ),
        *[way(gate=(GATE[0], slope)) for slope in SLOPES],
    ),
    *mistakes(
        73,
        (
            "A bias is missing in front of one of the two functions, or of both.",
            "两个函数之前有一处或两处漏加了偏置。",
        ),
        {
            "squeeze_excite": [
                without_bias("b1"),
                without_bias("b2"),
                without_bias("b1", "b2"),
            ],
            "squeeze_excite_backward": [
                backward_without("b1"),
                backward_without("b2"),
                backward_without("b1", "b2"),
            ],
        },
    ),
    *mistakes(
        39,
        (
            "The path through the gate is missing in dx: x works by itself and through the mean.",
            "dx 里漏掉了经过门控的那条路径：x 既直接起作用，也通过平均值起作用。",
        ),
        {"squeeze_excite_backward": [way(through=lambda pixels: 0.0)]},
    ),
    *mistakes(
        39,
        (
            "The path of x past the gate is missing in dx: it gets dy · g too.",
            "dx 里漏掉了直接经过门控相乘的那条路径：它还应加上 dy · g。",
        ),
        {"squeeze_excite_backward": [way(straight=0.0)]},
    ),
    *mistakes(
        39,
        (
            "The path through the mean must be shared among the pixels: each gets ds / (H·W).",
            "经过平均值的那条路径要分摊给各个像素：每个像素得到 ds / (H·W)。",
        ),
        {"squeeze_excite_backward": [way(through=lambda pixels: 1.0)]},
    ),
    *mistakes(
        74,
        (
            "Where dy meets x for the gate's gradient the pixels are added up, not averaged.",
            "计算门控的梯度时，dy 与 x 的乘积要对像素求和，而不是取平均。",
        ),
        {"squeeze_excite_backward": [way(summed=False)]},
    ),
    *mistakes(
        35,
        (
            "Your masks ask the gradient. They must ask the number that went in.",
            "你的掩码判断的是梯度。它们应当判断输入的数。",
        ),
        {"squeeze_excite_backward": [way(asked=lambda before, gradient: gradient)]},
    ),
    *mistakes(
        23,
        (
            "You divide gradients of the parameters by the number of images; they are sums.",
            "你把参数的梯度除以了图像数；它们应当是求和。",
        ),
        {
            "squeeze_excite_backward": [
                means("dw1", "db1", "dw2", "db2"),
                means("dw1", "dw2"),
                means("db1", "db2"),
            ]
        },
    ),
]
