"""Mistakes 41 to 43, 80 to 82: what a convolution costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from .parts.costing import Pixels, both_costs, half_costs, ratio, separable, standard, unpadded
from .record import Mistake, mistakes

OTHER_PIXELS: list[Pixels] = [
    lambda h, w, stride: (h // stride) * (w // stride),
    lambda h, w, stride: h * w / stride**2,
    lambda h, w, stride: h * w // stride**2,
    lambda h, w, stride: -(-h * w // stride),
    lambda h, w, stride: h * w // stride,
    lambda h, w, stride: h * w / stride,
    lambda h, w, stride: -(-h * w // stride**2),
    lambda h, w, stride: (-(-h // stride)) ** 2,
    lambda h, w, stride: (-(-w // stride)) ** 2,
    lambda h, w, stride: h * h,
    lambda h, w, stride: (h // stride + 1) * (w // stride + 1),
    lambda h, w, stride: round(h / stride) * round(w / stride),
]


def halves(english: str, chinese: str, pixels: list[Pixels]) -> Iterator[Mistake]:
    """The mistake in one half of the separable cost; the sentences name it at {0} and {1}."""
    for name, translated in (("depthwise", "深度卷积"), ("pointwise", "逐点卷积")):
        sentence = english.format(name), chinese.format(name, translated)
        yield from mistakes(42, sentence, half_costs(name, pixels))


COSTS: list[Mistake] = [
    *mistakes(
        41,
        (
            "n + k² is not how many times cheaper it is. That is n·k² / (n + k²).",
            "n + k² 不是便宜的倍数。倍数是 n·k² / (n + k²)。",
        ),
        {"times_cheaper": [ratio(lambda k, n: n + k * k)]},
    ),
    *mistakes(
        80,
        (
            "That is the part of the work that is left, 1/n + 1/k². How many times cheaper it is, is "
            "1 divided by that.",
            "这是剩下的计算量 1/n + 1/k²：便宜的倍数是 1 / (1/n + 1/k²)。",
        ),
        {"times_cheaper": [ratio(lambda k, n: 1 / n + 1 / (k * k))]},
    ),
    *mistakes(
        80,
        (
            "That is the part of the work that is saved. How many times cheaper it is, is standard / "
            "separable.",
            "这是省下的那部分计算量；要求的是标准卷积与可分离卷积之比。",
        ),
        {"times_cheaper": [ratio(lambda k, n: 1 - (1 / n + 1 / (k * k)))]},
    ),
    *mistakes(
        80,
        (
            "You count only one of the two halves: of the work 1/k² is left, and 1/n besides.",
            "两半你只算了一半：剩下的计算量既有 1/k²，也有 1/n。",
        ),
        {
            "times_cheaper": [
                ratio(lambda k, n: k * k),
                ratio(lambda k, n: n),
            ]
        },
    ),
    *mistakes(
        80,
        (
            "That is the standard convolution's work alone: divide it by the separable one's, n + k².",
            "这只是标准卷积的计算量：还要除以可分离卷积的计算量 n + k²。",
        ),
        {"times_cheaper": [ratio(lambda k, n: n * k * k)]},
    ),
    *mistakes(
        80,
        (
            "A kernel of k x k has k² products, not k.",
            "k × k 的核有 k² 次乘法，而不是 k 次。",
        ),
        {
            "times_cheaper": [
                ratio(lambda k, n: 1 / (1 / n + 1 / k)),
                ratio(lambda k, n: n * k / (n + k)),
                ratio(lambda k, n: 2 * k * n / (n + 2 * k)),
            ]
        },
    ),
    *mistakes(
        80,
        (
            "You round: n·k² / (n + k²) need not be whole.",
            "你取了整：n·k² / (n + k²) 不一定是整数。",
        ),
        {
            "times_cheaper": [
                ratio(lambda k, n: n * k * k // (n + k * k)),
                ratio(lambda k, n: round(n * k * k / (n + k * k))),
                ratio(lambda k, n: math.ceil(n * k * k / (n + k * k))),
            ]
        },
    ),
    *mistakes(
        42,
        (
            "You multiply by the input's pixels. Windows are counted on the output: at stride 2 there "
            "are about a quarter as many.",
            "你乘的是输入的像素数。窗口应按输出来数：步幅为 2 时大约只有四分之一。",
        ),
        both_costs([lambda h, w, stride: h * w]),
    ),
    *halves(
        "Your {0} half multiplies by the input's pixels. Its windows are counted on the output: at "
        "stride 2 there are about a quarter as many. (The other half is right.)",
        "你的{1}部分乘的是输入的像素数。窗口应按输出来数：步幅为 2 时大约只有四分之一。"
        "（另一部分是对的。）",
        [lambda h, w, stride: h * w],
    ),
    *mistakes(
        42,
        (
            "You count the pixels of the output wrongly: there are ⌈h / stride⌉ · ⌈w / stride⌉.",
            "输出的像素数不对：应为 ⌈h / stride⌉ · ⌈w / stride⌉。",
        ),
        both_costs(OTHER_PIXELS),
    ),
    *halves(
        "Your {0} half counts the pixels of the output wrongly: there are ⌈h / stride⌉ · ⌈w / stride⌉.",
        "你的{1}部分的输出像素数不对：应为 ⌈h / stride⌉ · ⌈w / stride⌉。",
        OTHER_PIXELS,
    ),
    *mistakes(
        42,
        (
            "You count the products of one window: there are ⌈h / stride⌉ · ⌈w / stride⌉ windows.",
            "你只算了一个窗口的乘法次数：窗口一共有 ⌈h / stride⌉ · ⌈w / stride⌉ 个。",
        ),
        both_costs([lambda h, w, stride: 1]),
    ),
    *halves(
        "Your {0} half counts the products of one window: there are ⌈h / stride⌉ · ⌈w / stride⌉ "
        "windows. (The other half is right.)",
        "你的{1}部分只算了一个窗口的乘法次数：窗口一共有 ⌈h / stride⌉ · ⌈w / stride⌉ 个。"
        "（另一部分是对的。）",
        [lambda h, w, stride: 1],
    ),
    *mistakes(
        42,
        (
            'These are the windows that fit without padding. With "same" there are '
            "⌈h / stride⌉ · ⌈w / stride⌉.",
            "这是不补零时的窗口数。“same”应有 ⌈h / stride⌉ · ⌈w / stride⌉ 个。",
        ),
        {
            "standard_cost": [
                unpadded(standard, "pixels", least=least) for least in (0, -math.inf)
            ],
            "separable_cost": [
                unpadded(separable, *halves, least=least)
                for halves in (("depthwise", "pointwise"), ("depthwise",))
                for least in (0, -math.inf)
            ],
        },
    ),
    *mistakes(
        43,
        (
            "These are FLOPs: multiplications and additions are counted apart. A MAC is both at once.",
            "这是 FLOPs，把乘法和加法分开算了。一次 MAC 同时包含两者。",
        ),
        {
            "standard_cost": [
                partial(standard, times=2),
                partial(standard, each=lambda k, m, n: (2 * k * k * m - 1) * n),
            ],
            "separable_cost": [partial(separable, times=2)],
        },
    ),
    *mistakes(
        81,
        (
            "Only the depthwise half is there; the pointwise half is added to it.",
            "你只算了深度卷积的部分；还应加上逐点卷积的部分。",
        ),
        {"separable_cost": [partial(separable, halves=lambda a, b: a)]},
    ),
    *mistakes(
        81,
        (
            "Only the pointwise half is there; the depthwise half is added to it.",
            "你只算了逐点卷积的部分；还应加上深度卷积的部分。",
        ),
        {"separable_cost": [partial(separable, halves=lambda a, b: b)]},
    ),
    *mistakes(
        81,
        (
            "The depthwise and the pointwise half are multiplied; they are added.",
            "你把深度卷积和逐点卷积的计算量相乘了；它们应当相加。",
        ),
        {"separable_cost": [partial(separable, halves=lambda a, b: a * b)]},
    ),
    *mistakes(
        81,
        (
            "This is the cost of the standard convolution, not that of the separable one.",
            "这是标准卷积的计算量，而不是可分离卷积的。",
        ),
        {"separable_cost": [standard]},
    ),
    *mistakes(
        81,
        (
            "This is the cost of the separable convolution, not that of the standard one.",
            "这是可分离卷积的计算量，而不是标准卷积的。",
        ),
        {"standard_cost": [separable]},
    ),
    *mistakes(
        82,
        (
            "A factor is missing or one too many, or a bias is counted too: each window does k·k·m "
            "products for each of the n filters; depthwise k·k for each of the m channels.",
            "少了或者多了一个因子，或者把偏置也算了进去：每个窗口对 n 个滤波器各做 k·k·m 次乘法；"
            "深度卷积对 m 个通道各做 k·k 次。",
        ),
        {
            "standard_cost": [
                *[
                    partial(standard, each=each)
                    for each in (
                        lambda k, m, n: k * m * n,
                        lambda k, m, n: k * k * m,
                        lambda k, m, n: k * k * n,
                        lambda k, m, n: m * n,
                        lambda k, m, n: k * k,
                        lambda k, m, n: k * k * (m + n),
                        lambda k, m, n: k * k * m * n + n,
                        lambda k, m, n: (k * k * m + 1) * n,
                    )
                ],
            ],
            "separable_cost": [
                partial(separable, each=each)
                for each in (
                    lambda k, m, n: k * m,
                    lambda k, m, n: k * k,
                    lambda k, m, n: k * k * m * n,
                    lambda k, m, n: k * k * n,
                    lambda k, m, n: k * k * m * m,
                    lambda k, m, n: k * k * m + n,
                    lambda k, m, n: k * k * m + m + n,
                )
            ],
        },
    ),
]
