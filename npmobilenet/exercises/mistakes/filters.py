"""Mistakes 5, 6, 10 to 14, 16, 54 to 57: which weight meets which number, forwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ...ops.checks import Array
from .parts.convolving import (
    conv2d,
    depthwise_conv2d,
    one_window,
    pointwise_conv2d,
)
from .parts.guarded import both_ways, input_of_output, swapped
from .parts.pixels import conv2d_bias_of_seen, conv2d_mean_of_seen, depthwise_mean_of_seen
from .parts.weights import (
    diagonal,
    diagonal_or_zero,
    first_input_only,
    first_only,
    half_turn,
    last_input_only,
    outputs_and_inputs,
    products,
    read_as_outputs_and_inputs,
    taps,
    transposed,
    transposed_square,
)
from .record import (
    Arguments,
    Before,
    Mistake,
    Outputs,
    Program,
    Sentence,
    mistakes,
    on,
    out,
    played,
)

WINDOWED: dict[str, Program] = {"conv2d": conv2d, "depthwise_conv2d": depthwise_conv2d}
SUMS: dict[str, Program] = {
    "one_window": one_window, **WINDOWED, "pointwise_conv2d": pointwise_conv2d,
}  # fmt: skip


def with_filter(
    number: int, sentence: Sentence, ways: tuple[Callable[[Array], Array], ...], *names: str
) -> list[Mistake]:
    """Another w in the operators of these names."""
    programs = {name: [played(SUMS[name], on("w", way)) for way in ways] for name in names}
    return list(mistakes(number, sentence, programs))


def all_channels(array: Array) -> Array:
    """Every channel holds the sum of all."""
    return np.repeat(array.sum(-1, keepdims=True), array.shape[-1], axis=-1)


def channels_added(found: Outputs, _: Arguments) -> Outputs:
    """Every channel of y is the sum of all."""
    return {"y": all_channels(found["y"])}


def scaled(factor: Callable[[Array], float]) -> Before:
    """Products weighed by a factor of the filter's sizes."""
    return on("w", lambda w: w * factor(w))


def bias_times(count: Callable[[Array], int]) -> Before:
    """The bias once for each of so many products."""
    return lambda a: a if a["b"] is None else a | {"b": a["b"] * count(a["w"])}


def bias_too_often(each: Sentence, program: Program) -> Iterator[Mistake]:
    """The bias once for each of those, in both languages."""
    sentence = (
        f"The bias is in your y once for every {each[0]}. It is added once for every output.",
        f"你的 y 里，{each[1]}都带了一次偏置。每个输出只加一次。",
    )
    return mistakes(16, sentence, {"conv2d": [program]})


def einsum(letters: str) -> Program:
    """As np.einsum does it, which repeats an axis of length 1."""
    return lambda x, w: {"y": np.einsum(letters, x, w)}


TRANSPOSED: Sentence = (
    "Rows and columns of your filter are swapped: w[v, u] stands where w[u, v] must.",
    "你的滤波器行列颠倒了：本该是 w[u, v] 的地方写成了 w[v, u]。",
)
DIAGONAL: Sentence = (
    "Your output channel o looks at input channel o only. That is a depthwise convolution; "
    "here every filter sees all channels.",
    "你的第 o 个输出通道只看第 o 个输入通道。那是深度卷积；这里每个滤波器都要看所有通道。",
)
CHANGED: Sentence = (
    "Input and output channels of w are swapped.",
    "w 的输入通道和输出通道被你弄反了。",
)
FILTERS: list[Mistake] = [
    *with_filter(
        5,
        (
            "Your filter is turned by half a circle: x[i + u] meets w[K − 1 − u]. That is the "
            "mathematicians' convolution; in networks x[i + u] meets w[u].",
            "你的滤波器转了 180 度：x[i + u] 遇到的是 w[K − 1 − u]。那是数学里的卷积；"
            "神经网络里 x[i + u] 遇到的是 w[u]。",
        ),
        (half_turn,),
        "one_window",
        "conv2d",
        "depthwise_conv2d",
    ),
    *with_filter(
        5,
        (
            "Your filter is mirrored: its rows, or its columns, are read from the far end.",
            "你的滤波器是镜像的：它的行或列是从另一端读起的。",
        ),
        (lambda w: w[::-1], lambda w: w[:, ::-1]),
        "one_window",
        "conv2d",
        "depthwise_conv2d",
    ),
    *with_filter(
        6,
        TRANSPOSED,
        (transposed, transposed_square),
        "one_window",
        "conv2d",
        "depthwise_conv2d",
    ),
    *mistakes(6, TRANSPOSED, {name: both_ways(f, swapped(0, 1)) for name, f in WINDOWED.items()}),
    *mistakes(
        6,
        TRANSPOSED,
        {  # in the letters of np.einsum
            "conv2d": [partial(conv2d, formula="lkmo,nijo")],
            "depthwise_conv2d": [partial(depthwise_conv2d, formula="lkm,nijm")],
        },
    ),
    *mistakes(
        10,
        (
            "Your channels are added up. A depthwise convolution keeps each channel for itself.",
            "你把各个通道加在了一起。深度卷积中每个通道各算各的。",
        ),
        {
            "depthwise_conv2d": [
                played(depthwise_conv2d, after=channels_added),
                played(depthwise_conv2d, on("x", all_channels)),
                played(depthwise_conv2d, on("w", all_channels)),
                played(depthwise_conv2d, after=out("y", lambda y: y.sum(-1, keepdims=True))),
                played(depthwise_conv2d, after=out("y", lambda y: y.sum(-1))),
            ]
        },
    ),
    *with_filter(
        11,
        (
            "All your channels use the first filter; each has its own.",
            "你的所有通道都用了第一个滤波器；每个通道应当用自己的那一个。",
        ),
        (first_only,),
        "conv2d",
        "depthwise_conv2d",
        "pointwise_conv2d",
    ),
    *with_filter(
        12,
        DIAGONAL,
        (diagonal, diagonal_or_zero),
        "conv2d",
        "pointwise_conv2d",
    ),
    *with_filter(
        13,
        CHANGED,
        (outputs_and_inputs, read_as_outputs_and_inputs),
        "conv2d",
        "pointwise_conv2d",
    ),
    *mistakes(12, DIAGONAL, {"conv2d": both_ways(conv2d, input_of_output)}),
    *mistakes(13, CHANGED, {"conv2d": both_ways(conv2d, swapped(2, 3))}),
    *mistakes(13, CHANGED, {"pointwise_conv2d": [einsum("nhwm,om->nhwo")]}),
    *mistakes(
        14,
        (
            "You take a mean of the products; a convolution is their sum.",
            "你求的是乘积的平均值；卷积是乘积之和。",
        ),
        {
            "one_window": [
                played(one_window, scaled(lambda w: 1 / w.size)),
                played(one_window, scaled(lambda w: 1 / taps(w))),
            ],
            "conv2d": [
                played(conv2d, scaled(lambda w: 1 / taps(w))),
                played(conv2d, scaled(lambda w: 1 / products(w))),
                played(
                    conv2d,
                    lambda a: (
                        scaled(lambda w: 1 / products(w))(a)
                        | {"b": a["b"] if a["b"] is None else a["b"] / products(a["w"])}
                    ),
                ),
                *[
                    partial(conv2d_mean_of_seen, channels=channels, least=least)
                    for channels in (True, False)
                    for least in (0, 1)
                ],
            ],
            "depthwise_conv2d": [
                played(depthwise_conv2d, scaled(lambda w: 1 / taps(w))),
                partial(depthwise_mean_of_seen, least=0),
                partial(depthwise_mean_of_seen, least=1),
            ],
            "pointwise_conv2d": [played(pointwise_conv2d, scaled(lambda w: 1 / len(w)))],
        },
    ),
    *bias_too_often(
        ("pixel of the window", "窗口中的每个像素"),
        played(conv2d, bias_times(taps)),
    ),
    *bias_too_often(
        ("product of the window", "窗口中的每个乘积"),
        played(conv2d, bias_times(products)),
    ),
    *bias_too_often(
        ("input channel", "每个输入通道"),
        played(conv2d, bias_times(lambda w: w.shape[2])),
    ),
    *bias_too_often(
        ("number that the window sees within the image", "窗口在图像内看到的每个数"),
        partial(conv2d_bias_of_seen, channels=True),
    ),
    *bias_too_often(
        ("pixel that the window sees within the image", "窗口在图像内看到的每个像素"),
        partial(conv2d_bias_of_seen, channels=False),
    ),
    *mistakes(
        54,
        ("The bias is never added.", "你没有加偏置。"),
        {"conv2d": [played(conv2d, on("b", lambda b: b * 0))]},
    ),
    *with_filter(
        55,
        (
            "Only one of your input channels counts; the sum runs over all of them.",
            "你只算了一个输入通道；求和应当遍历所有输入通道。",
        ),
        (first_input_only, last_input_only),
        "conv2d",
        "pointwise_conv2d",
    ),
    *mistakes(
        56,
        (
            "You add what must be multiplied, or add up before you multiply.",
            "该相乘的地方你用了加法，或者先求和再相乘了。",
        ),
        {
            "one_window": [
                lambda patch, w: {"y": np.asarray((patch + w).sum())},
                lambda patch, w: {"y": np.asarray(patch.sum() * w.sum())},
            ],
            "pointwise_conv2d": [
                lambda x, w: {"y": x.sum(-1, keepdims=True) * w.sum(0)},
            ],
        },
    ),
    *mistakes(
        57,
        (
            "Only one channel of the patch counts, or each is summed for itself; there is one sum "
            "over all.",
            "你只算了一个通道，或者各通道分开求和；应当把所有通道加成一个数。",
        ),
        {
            "one_window": [
                lambda patch, w: {"y": np.asarray((patch * w)[..., 0].sum())},
                lambda patch, w: {"y": np.asarray((patch * w)[..., -1].sum())},
                lambda patch, w: {"y": np.asarray((patch * w).sum((0, 1)))},
            ]
        },
    ),
]
