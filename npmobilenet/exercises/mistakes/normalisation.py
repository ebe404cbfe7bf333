"""Mistakes 26 to 33, 61 to 65: batch normalisation, forwards and backwards."""

from __future__ import annotations

from functools import partial

import numpy as np

from .parts.block import inverted_residual, inverted_residual_backward
from .parts.normalising import (
    VARIANCE_SLOPES,
    Norm,
    batch_norm,
    batch_norm_backward,
    no_root,
    root_alone,
    root_beside,
    root_beside_slope,
)
from .parts.running import of_the_batch, running_normalises, unchanged
from .record import Mistake, Program, Sentence, mistakes


def everywhere(number: int, sentence: Sentence, norms: list[Norm], **how: object) -> list[Mistake]:
    """Another normalisation in the forward pass, the backward pass and the block."""
    return list(
        mistakes(
            number,
            sentence,
            {
                "batch_norm": [partial(batch_norm, norm=norm, **how) for norm in norms],  # type: ignore[arg-type]
                "batch_norm_backward": [partial(batch_norm_backward, norm=norm) for norm in norms],
                "inverted_residual": [partial(inverted_residual, norm=norm) for norm in norms],
                "inverted_residual_backward": [
                    partial(inverted_residual_backward, norm=norm) for norm in norms
                ],
            },
        )
    )


def only_backward(number: int, sentence: Sentence, norms: list[Norm]) -> list[Mistake]:
    """Another gradient, alone and in the block."""
    return [
        one for one in everywhere(number, sentence, norms) if one.exercises[0].endswith("_backward")
    ]


def running(number: int, sentence: Sentence, programs: list[Program]) -> list[Mistake]:
    """A mistake of batch_norm alone."""
    return list(mistakes(number, sentence, {"batch_norm": programs}))


def moving(**how: object) -> Program:
    return partial(batch_norm, **how)  # type: ignore[arg-type]


def _none(count: int) -> float:
    return 0.0


def _whole(count: int) -> float:
    return 1.0


STATISTICS: Sentence = (
    "Your statistics are taken over the wrong numbers. They are taken for each channel, over all "
    "images, rows and columns together.",
    "你的统计量取错了范围。应当对每个通道，在所有图像、所有行和列上一起统计。",
)
AXES = ((1, 2), (3,), (0,), (0, 1, 2, 3), (1, 2, 3), (0, 1), (0, 2))

NORMAL: list[Mistake] = [
    *everywhere(
        26,
        (
            "You normalise by the unbiased variance, over P − 1. The batch is normalised by the "
            "biased one, over P; only the running estimate moves to the unbiased one.",
            "你用无偏方差（除以 P − 1）做归一化。批次应当用有偏方差（除以 P）归一化；"
            "只有滑动估计才向无偏方差移动。",
        ),
        # backwards with P - 1 there too, or with P
        [Norm(ddof=1), Norm(ddof=1, variance_term=lambda p: (p - 1) / p**2)],
    ),
    *running(
        26,
        (
            "The two variances are swapped: the batch is normalised by the biased one, over "
            "P, the running estimate moves to the unbiased one, over P − 1.",
            "两种方差用反了：批次用有偏方差（除以 P）归一化，滑动估计向无偏方差（除以 P − 1）移动。",
        ),
        [moving(norm=Norm(ddof=1), running_ddof=0)],
    ),
    *running(
        27,
        (
            "Your running estimate moves to the biased variance, over P. Here, as in PyTorch, it "
            "moves to the unbiased one, over P − 1.",
            "你的滑动估计向有偏方差（除以 P）移动。"
            "这里和 PyTorch 一样，应当向无偏方差（除以 P − 1）移动。",
        ),
        [moving(running_ddof=0)],
    ),
    *running(
        28,
        (
            "Your momentum is the weight of the old value. Here it is that of the new one: "
            "new = (1 − momentum) · old + momentum · batch.",
            "你把 momentum 当成了旧值的权重。这里它是新值的权重："
            "新值 = (1 − momentum) · 旧值 + momentum · 批次值。",
        ),
        [moving(weight=lambda m: 1 - m), moving(weight=lambda m: 1 - m, running_ddof=0)],
    ),
    *everywhere(
        29,
        (
            "You add ε to the deviation. It belongs under the root: sqrt(variance + ε).",
            "你把 ε 加在了标准差上。它应当在根号里面：sqrt(variance + ε)。",
        ),
        [
            Norm(root=root_beside, slope=root_beside_slope),
            Norm(root=root_beside, slope=lambda v, e: 0.5 / (np.sqrt(v) + e)),
        ],
    ),
    *everywhere(
        61,
        ("ε is missing under the root.", "根号里漏掉了 ε。"),
        [Norm(root=root_alone, slope=root_beside_slope)],
    ),
    *everywhere(
        62,
        (
            "You divide by the variance; it must be by its root.",
            "你除以的是方差；应当除以它的平方根。",
        ),
        [Norm(root=no_root, slope=slope) for slope in VARIANCE_SLOPES],
    ),
    *everywhere(
        30,
        STATISTICS,
        [Norm(axes=axes) for axes in AXES],
    ),
    *running(
        30,
        STATISTICS,
        [
            *[
                moving(norm=Norm(axes=axes), running_axes=axes, running_ddof=ddof, keep=keep)
                for axes in AXES
                for ddof in (0, 1)
                for keep in (False, True)
            ],
            *[moving(running_axes=axes) for axes in AXES],
        ],
    ),
    *only_backward(
        31,
        (
            "You treat mean and variance as constants. They move with every x of the channel, and dx "
            "has a term for each.",
            "你把均值和方差当成了常数。它们随该通道的每个 x 而变，dx 里各有一项。",
        ),
        [Norm(mean_term=_none, variance_term=_none)],
    ),
    *only_backward(
        32,
        (
            "The path through the mean is missing in dx.",
            "dx 里漏掉了经过均值的那条路径。",
        ),
        [Norm(mean_term=_none)],
    ),
    *only_backward(
        32,
        (
            "The path through the variance is missing in dx.",
            "dx 里漏掉了经过方差的那条路径。",
        ),
        [Norm(variance_term=_none)],
    ),
    *only_backward(
        63,
        (
            "A sum stands in dx where a mean must: mean and variance are sums over P numbers, "
            "divided by P.",
            "dx 里该取平均的地方用了求和：均值和方差都是 P 个数之和再除以 P。",
        ),
        [
            Norm(mean_term=_whole),
            Norm(variance_term=_whole),
            Norm(mean_term=_whole, variance_term=_whole),
        ],
    ),
    *only_backward(
        63,
        (
            "A path in dx is weighed wrongly: half, twice, or with the wrong sign.",
            "dx 里有一项的系数不对：少了一半、多了一倍，或者符号反了。",
        ),
        [
            Norm(variance_term=lambda p: 0.5 / p),
            Norm(variance_term=lambda p: 2 / p),
            Norm(variance_term=lambda p: -1 / p),
            Norm(mean_term=lambda p: -1 / p),
        ],
    ),
    *running(
        33,
        (
            "In evaluation you still normalise by the batch. There the running mean and variance do it.",
            "评估时你仍然用批次的统计量做归一化。那时应当用滑动均值和滑动方差。",
        ),
        [
            moving(batch_normalises=lambda train: True),
            moving(batch_normalises=lambda train: True, batch_moves=lambda train: True),
        ],
    ),
    *running(
        33,
        (
            "In evaluation the running mean and variance must stay as they are; yours move.",
            "评估时滑动均值和滑动方差应当保持不变；你的却变了。",
        ),
        [moving(batch_moves=lambda train: True)],
    ),
    *running(
        64,
        (
            "In training you normalise by the running estimates; it is the batch's own mean and "
            "variance that do it.",
            "训练时你用滑动估计做归一化；应当用批次自己的均值和方差。",
        ),
        [
            moving(batch_normalises=lambda train: False),
            moving(batch_normalises=lambda train: not train),
            moving(batch_normalises=lambda train: not train, batch_moves=lambda train: not train),
            running_normalises(1),
            running_normalises(0),
        ],
    ),
    *running(
        65,
        (
            "The running mean and variance do not move in training, or jump to the batch's at once.",
            "训练时你的滑动均值和滑动方差没有移动，或者一步跳到了批次的值。",
        ),
        [unchanged, of_the_batch(0), of_the_batch(1)],
    ),
]
