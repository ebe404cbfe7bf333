"""Mistakes 20 to 24, 58 to 60: gradients of a convolution, wrong apart from their windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ...ops.checks import Array
from .parts.block import inverted_residual_backward
from .parts.convolving import (
    conv2d_backward,
)
from .parts.cutting import (
    CONVOLUTIONS,
    cropped,
    first_rows,
    last_rows,
    missing_rows,
    to_minus,
    uncut,
)
from .parts.guarded import transposed_gradients
from .parts.means import ALL, COUNTS, averaged, means
from .parts.normalising import batch_norm_backward
from .parts.weights import (
    diagonal_or_zero,
    first_filter,
    first_only,
    half_turn,
    last_filter,
    last_input_only,
    last_only,
    outputs_and_inputs,
    transposed_square,
)
from .record import Arguments, Mistake, Outputs, Sentence, mistakes, on, out, played

MEAN: Sentence = (
    "You divide the gradient by a count, as a mean would. The gradient of a sum is a sum, over the "
    "batch too; a mean belongs in the loss.",
    "你像求平均那样把梯度除以了个数。和的梯度仍是和，对批次也一样；取平均是损失函数的事。",
)


def _db(change: Callable[[Array], Array]) -> Callable[[Outputs, Arguments], Outputs]:
    """Another db, made of dy."""
    return lambda found, a: found | {"db": np.asarray(change(a["dy"]))}


GRADIENTS: list[Mistake] = [
    *mistakes(
        20,
        (
            "In your dx the filter is turned by half a circle too little or too often: turn it where "
            "it slides over dy, leave it as it is where dy is scattered through it.",
            "你的 dx 里，滤波器少转或多转了 180 度：让它在 dy 上滑动时要转，把 dy 经由它散布回去时"
            "则不转。",
        ),
        {name: [played(f, on("w", half_turn))] for name, f in CONVOLUTIONS.items()}
        | {"inverted_residual_backward": [partial(inverted_residual_backward, turned=half_turn)]},
    ),
    *mistakes(
        21,
        (
            "The gradient of the padding is still around your dx: cut it off.",
            "你的 dx 四周还带着填充部分的梯度：把它裁掉。",
        ),
        {name: [cropped(name, uncut)] for name in CONVOLUTIONS},
    ),
    *mistakes(
        21,
        (
            "You cut the gradient of the padding off on the wrong side.",
            "填充部分的梯度裁错了边。",
        ),
        {name: [cropped(name, cut) for cut in (first_rows, last_rows)] for name in CONVOLUTIONS},
    ),
    *mistakes(
        21,
        (
            "A slice [p:−p] is empty where p is 0; [p : p + H] is not.",
            "p 为 0 时切片 [p:−p] 是空的；[p : p + H] 才对。",
        ),
        {name: [cropped(name, to_minus)] for name in CONVOLUTIONS},
    ),
    *mistakes(
        22,
        (
            "The last rows of your dx are missing: the stride does not divide this size. What no "
            "window reads gets 0.",
            "你的 dx 缺了最后几行：步幅除不尽这个尺寸。没有任何窗口读到的地方，梯度是 0。",
        ),
        {name: [missing_rows(name, cut) for cut in (True, False)] for name in CONVOLUTIONS},
    ),
    *mistakes(23, MEAN, {name: means(name) for name in ALL}),
    *mistakes(
        23,
        (
            "You divide dgamma or dbeta by a count, as a mean would; both are sums.",
            "你像求平均那样把 dgamma 或 dbeta 除以了个数；两者都是求和。",
        ),
        {
            "batch_norm_backward": [
                played(batch_norm_backward, after=averaged(count, *names))
                for names in (("dgamma", "dbeta"), ("dgamma",), ("dbeta",))
                for count in (COUNTS[0], COUNTS[2])
            ]
        },
    ),
    *mistakes(
        24,
        (
            "Your dw is turned by half a circle: x and dy are swapped in the correlation.",
            "你的 dw 转了 180 度：做相关运算时 x 和 dy 的位置弄反了。",
        ),
        {name: [played(f, after=out("dw", half_turn))] for name, f in CONVOLUTIONS.items()},
    ),
    *mistakes(
        58,
        (
            "Input and output channels are swapped in your gradient.",
            "你的梯度里，输入通道和输出通道弄反了。",
        ),
        {
            name: [
                played(ALL[name], on("w", outputs_and_inputs)),
                played(ALL[name], after=out("dw", lambda dw: dw.swapaxes(-1, -2))),
                played(
                    ALL[name],
                    on("w", outputs_and_inputs),
                    out("dw", lambda dw: dw.swapaxes(-1, -2)),
                ),
            ]
            for name in ("conv2d_backward", "pointwise_conv2d_backward")
        },
    ),
    *mistakes(
        6,
        (
            "Rows and columns are swapped in your gradient: [v, u] stands where [u, v] must.",
            "你的梯度里行列颠倒了：本该是 [u, v] 的地方写成了 [v, u]。",
        ),
        {
            name: [
                *[
                    transposed_gradients(f, *which, bounds=bounds)
                    for which in ((True, False), (False, True), (True, True))
                    for bounds in (True, False)
                ],
                played(f, after=out("dw", lambda dw: dw.swapaxes(0, 1))),
                played(f, on("w", transposed_square), out("dw", lambda dw: dw.swapaxes(0, 1))),
            ]
            for name, f in CONVOLUTIONS.items()
        },
    ),
    *mistakes(
        59,
        (
            "Your gradient uses one filter or channel in place of all; each of them takes part.",
            "你的梯度里，所有滤波器或通道都只用了其中一个；每一个都应当参与。",
        ),
        {
            name: [played(ALL[name], on("w", change)) for change in ways]
            for name, ways in {
                "conv2d_backward": (
                    first_only,
                    last_only,
                    diagonal_or_zero,
                    last_input_only,
                    first_filter,
                ),
                "depthwise_conv2d_backward": (first_only, last_only),
                "pointwise_conv2d_backward": (
                    first_only,
                    last_only,
                    diagonal_or_zero,
                    last_input_only,
                    last_filter,
                    first_filter,
                ),
            }.items()
        },
    ),
    *mistakes(
        60,
        (
            "db is the sum of dy over images, rows and columns: one number for each filter.",
            "db 是 dy 对图像、行、列求和：每个滤波器得到一个数。",
        ),
        {
            "conv2d_backward": [
                played(conv2d_backward, after=_db(change))
                for change in (
                    lambda dy: dy.sum(0),
                    lambda dy: dy.sum((0, 1)),
                    lambda dy: dy.sum((1, 2)),
                    lambda dy: dy.sum(),
                    lambda dy: np.ones(dy.shape[-1]),
                    lambda dy: np.full(dy.shape[-1], float(dy[..., 0].size)),
                    lambda dy: np.zeros(dy.shape[-1]),
                )
            ]
        },
    ),
]
