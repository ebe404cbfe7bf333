"""Mistakes 6, 13, 18, 21, 30, 36, 52, 78 and 81 as they are often made besides.

Only where shapes allow it, in one image alone, one window short.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ...ops.checks import Array
from .overwriting import overwritten
from .parts.bending import clipped, curve_of
from .parts.block import inverted_residual
from .parts.convolving import conv2d, depthwise_conv2d, pointwise_conv2d_backward
from .parts.costing import separable
from .parts.cutting import CONVOLUTIONS, cropped
from .parts.normalising import Norm, batch_norm
from .record import Mistake, Outputs, Program, Sentence, mistakes, on, out, played

FORWARD: dict[str, Program] = {"conv2d": conv2d, "depthwise_conv2d": depthwise_conv2d}
Sides = tuple[int, int, int, int]  # zeros above, below, left, right


def if_square(first: int, second: int) -> Callable[[Array], Array]:
    """Two axes exchanged, where both are equally long."""
    return lambda w: w.swapaxes(first, second) if w.shape[first] == w.shape[second] else w


def last_image(*names: str) -> dict[str, list[Program]]:
    """Gradients that hold what the last image gave."""
    there = {"conv2d_backward": ("dx", "dw", "db"), "depthwise_conv2d_backward": ("dx", "dw")}
    return {
        name: [overwritten(operator, (0,), names)]
        for name, operator in CONVOLUTIONS.items()
        if set(names) <= set(there[name])
    }


def without_last(operator: Program, *axes: int) -> Program:
    """No product in the last row (1), the last column (2); a bias is there."""

    def program(**a: object) -> Outputs:
        bias = a.get("b")
        y = operator(**(a | {"b": None} if "b" in a else a))["y"].copy()
        for axis in axes:
            np.moveaxis(y, axis, 0)[-1:] = 0
        return {"y": y if bias is None else y + bias}

    return program


def short(sentence: Sentence, *axes: int) -> list[Mistake]:
    """A loop over outputs that is one short."""
    ways = {name: [without_last(operator, *axes)] for name, operator in FORWARD.items()}
    return list(mistakes(52, sentence, ways))


def cut(sentence: Sentence, way: Callable[[Array, Sides, Array], Array]) -> list[Mistake]:
    """dx cut out of its padded form in another way."""
    return list(mistakes(21, sentence, {name: [cropped(name, way)] for name in CONVOLUTIONS}))


def cut_below(padded: Array, sides: Sides, x: Array) -> Array:
    """As many rows cut off above as there are zeros below."""
    return padded[:, sides[1] :][:, : x.shape[1], sides[2] : sides[2] + x.shape[2]]


def cut_right(padded: Array, sides: Sides, x: Array) -> Array:
    """As many columns cut off on the left as there are zeros on the right."""
    return padded[:, sides[0] : sides[0] + x.shape[1], sides[3] :][:, :, : x.shape[2]]


def cut_both(padded: Array, sides: Sides, x: Array) -> Array:
    """Both."""
    return padded[:, sides[1] :, sides[3] :][:, : x.shape[1], : x.shape[2]]


def of_each_image(ddof: int, whole: bool) -> Program:
    """Each image by its own statistics; the running variance moves to the mean of the images'.

    ddof: of each image's variance; whole: its mean times P / (P - 1).
    """

    def program(**a: object) -> Outputs:
        found = batch_norm(**a, norm=Norm(axes=(1, 2)))  # type: ignore[arg-type]
        x, old, new = np.asarray(a["x"]), np.asarray(a["variance"]), float(str(a["momentum"]))
        if not a["train"]:
            return found
        count = x[..., 0].size
        spread = x.var((1, 2), ddof=ddof).mean(0) * (count / (count - 1) if whole else 1)
        return found | {"variance": (1 - new) * old + new * spread}

    return program


def repeated(x: Array, y: Array, stride: int) -> bool:
    """x is added where NumPy can repeat the one channel of either."""
    m, o = x.shape[-1], y.shape[-1]
    return stride == 1 and (m == o or 1 in (m, o))


COMMON: list[Mistake] = [
    *mistakes(
        6,
        (
            "Where your filter is square its rows and columns are swapped: w[v, u] stands where "
            "w[u, v] must. Filters that are not square are right.",
            "滤波器是正方形时，你的行列颠倒了：本该是 w[u, v] 的地方写成了 w[v, u]。不是正方形时是对的。",
        ),
        {name: [played(f, on("w", if_square(0, 1)))] for name, f in FORWARD.items()},
    ),
    *mistakes(
        13,
        (
            "Where M equals O, input and output channels are swapped in your dx: it is dy times the "
            "transpose of w.",
            "M 等于 O 时，你的 dx 里输入通道和输出通道弄反了：应当是 dy 乘以 w 的转置。",
        ),
        {
            "pointwise_conv2d_backward": [
                played(pointwise_conv2d_backward, on("w", if_square(0, 1)))
            ]
        },
    ),
    *mistakes(
        13,
        (
            "Where M equals O, your dw is transposed: its shape is (M, O), as that of w.",
            "M 等于 O 时，你的 dw 被转置了：它的形状和 w 一样，是 (M, O)。",
        ),
        {
            "pointwise_conv2d_backward": [
                played(pointwise_conv2d_backward, after=out("dw", if_square(0, 1)))
            ]
        },
    ),
    *[
        one
        for names in (("dw",), ("db",), ("dw", "db"))
        for one in mistakes(
            18,
            (
                f"Your {' and '.join(names)} {'holds' if len(names) == 1 else 'hold'} what the last "
                "image gave; all images are added up.",
                f"你的 {' 和 '.join(names)} 只有最后一张图像的那一份；所有图像的都应当加起来。",
            ),
            last_image(*names),
        )
    ],
    *cut(
        (
            "Of your dx as many rows are cut off above as there are zeros below, and as many columns on "
            "the left as there are on the right.",
            "裁剪 dx 时，上面裁掉的行数是下面补零的行数，左边裁掉的列数是右边补零的列数。",
        ),
        cut_both,
    ),
    *cut(
        (
            "Of your dx as many rows are cut off above as there are zeros below.",
            "裁剪 dx 时，上面裁掉的行数是下面补零的行数。",
        ),
        cut_below,
    ),
    *cut(
        (
            "Of your dx as many columns are cut off on the left as there are zeros on the right.",
            "裁剪 dx 时，左边裁掉的列数是右边补零的列数。",
        ),
        cut_right,
    ),
    *mistakes(
        30,
        (
            "You normalise each image by its own mean and variance: that is instance normalisation. "
            "Here they are taken over all images together.",
            "你用每张图像自己的均值和方差做归一化：那是实例归一化。这里应当对所有图像一起统计。",
        ),
        {"batch_norm": [of_each_image(ddof, whole) for ddof in (0, 1) for whole in (True, False)]},
    ),
    *mistakes(
        36,
        (
            "// rounds down to a whole number; / 6 does not.",
            "“//”会向下取整；“/ 6”不会。",
        ),
        {
            "hard_swish": [
                partial(curve_of, curve=lambda x: x * clipped(0, 6)(x + 3) // 6),
                partial(curve_of, curve=lambda x: x * (clipped(0, 6)(x + 3) // 6)),
            ]
        },
    ),
    *short(
        (
            "The last row and the last column of your y hold no product: your loops over the outputs "
            "are one short.",
            "你的 y 最后一行和最后一列里没有任何乘积：遍历输出的循环都少了一次。",
        ),
        1,
        2,
    ),
    *short(
        (
            "The last row of your y holds no product: your loop over its rows is one short.",
            "你的 y 最后一行里没有任何乘积：遍历行的循环少了一次。",
        ),
        1,
    ),
    *short(
        (
            "The last column of your y holds no product: your loop over its columns is one short.",
            "你的 y 最后一列里没有任何乘积：遍历列的循环少了一次。",
        ),
        2,
    ),
    *mistakes(
        78,
        (
            "You add x where M or O is 1 too, and that one channel is repeated for all; x is added "
            "only where M equals O.",
            "M 或 O 为 1 时你也加了 x，那唯一的通道被重复用于所有通道；只有 M 等于 O 时才加 x。",
        ),
        {"inverted_residual": [partial(inverted_residual, residual=repeated)]},
    ),
    *mistakes(
        81,
        (
            "You multiply the products of both halves at each pixel; they are added.",
            "你把每个像素上两部分的乘法次数相乘了；它们应当相加。",
        ),
        {
            "separable_cost": [
                partial(separable, pointwise=lambda h, w, stride: 1, halves=lambda a, b: a * b)
            ]
        },
    ),
]
