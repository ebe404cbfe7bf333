"""Mistakes 66 and 67: gamma, beta and the mean, which take no part, or the other's."""

from __future__ import annotations

from .normalisation import everywhere, moving, only_backward, running
from .parts.normalising import Norm, batch_norm, batch_norm_backward
from .record import Arguments, Mistake, mistakes, played

FORMULA = "y = gamma · (x − mean) / sqrt(variance + ε) + beta"
WITHOUT_GAMMA = [Norm(scaled=False)]


def _without_beta(arguments: Arguments) -> Arguments:
    return arguments | {"beta": arguments["beta"] * 0}


def _without_both(arguments: Arguments) -> Arguments:
    return _without_beta(arguments) | {"gamma": arguments["gamma"] * 0 + 1}


AFFINE: list[Mistake] = [
    *[
        one
        for one in everywhere(
            66, (f"gamma is missing: {FORMULA}.", f"漏掉了 gamma：{FORMULA}。"), WITHOUT_GAMMA
        )
        if not one.exercises[0].endswith("_backward")
    ],
    *only_backward(
        66,
        (
            "gamma is missing in dx: dy is multiplied by it.",
            "dx 里漏掉了 gamma：dy 要乘以它。",
        ),
        WITHOUT_GAMMA,
    ),
    *running(
        66,
        (
            f"The mean is not taken off: {FORMULA}.",
            f"你没有减去均值：{FORMULA}。",
        ),
        [moving(norm=Norm(centred=False))],
    ),
    *running(
        66,
        (f"beta is missing: {FORMULA}.", f"漏掉了 beta：{FORMULA}。"),
        [played(batch_norm, _without_beta)],
    ),
    *running(
        66,
        (f"gamma and beta are missing: {FORMULA}.", f"gamma 和 beta 都漏掉了：{FORMULA}。"),
        [played(batch_norm, _without_both)],
    ),
    *running(
        66,
        (
            "gamma and beta are swapped: gamma multiplies, beta is added.",
            "gamma 和 beta 弄反了：gamma 是相乘的，beta 是相加的。",
        ),
        [played(batch_norm, lambda a: a | {"beta": a["gamma"], "gamma": a["beta"]})],
    ),
    *mistakes(
        67,
        (
            "dgamma is the sum of dy times the normalised x, not times x or x − mean.",
            "dgamma 是 dy 乘以归一化后的 x 再求和，而不是乘以 x 或 x − mean。",
        ),
        {
            "batch_norm_backward": [
                lambda dy, x, gamma, eps: (
                    batch_norm_backward(dy, x, gamma, eps) | {"dgamma": (dy * x).sum((0, 1, 2))}
                ),
                lambda dy, x, gamma, eps: (
                    batch_norm_backward(dy, x, gamma, eps)
                    | {"dgamma": (dy * (x - x.mean((0, 1, 2)))).sum((0, 1, 2))}
                ),
                lambda dy, x, gamma, eps: (
                    batch_norm_backward(dy, x, gamma, eps)
                    | {"dgamma": gamma * batch_norm_backward(dy, x, gamma, eps)["dgamma"]}
                ),
            ]
        },
    ),
]
