"""Mistakes 1 to 4, 7 to 9, 47 to 53: which pixels a window sees, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from .parts import ways as wrong
from .parts.block import inverted_residual, inverted_residual_backward
from .parts.convolving import conv2d, conv2d_backward, depthwise_conv2d, depthwise_conv2d_backward
from .parts.windows import HONEST, Reads
from .record import Mistake, Program, Sentence, mistakes

FORWARD: dict[str, Program] = {
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "inverted_residual": inverted_residual,
}
BACKWARD: dict[str, Program] = {
    "conv2d_backward": conv2d_backward,
    "depthwise_conv2d_backward": depthwise_conv2d_backward,
    "inverted_residual_backward": inverted_residual_backward,
}
CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
BOTH = ((True, True), (True, False), (False, True))  # gradients that go wrong: dx, dw


def windows(
    number: int,
    sentence: Sentence,
    ways: Iterable[Reads] = (),
    *,
    forward: Iterable[Reads] = (),
    backward: Iterable[Reads] = (),
    operators: Iterable[Reads] = (),
    forward_operators: Iterable[Reads] = (),
    backward_operators: Iterable[Reads] = (),
) -> Iterator[Mistake]:
    """Other windows in every operator that has some.

    ways: forwards and backwards, in the convolutions and in the block; forward, backward: only
    there; operators: not in the block, whose kernel is 3 x 3 and padding "same".
    """
    ways, operators = list(ways), list(operators)
    yield from _forward(number, sentence, [*ways, *forward], FORWARD)
    yield from _backward(number, sentence, [*ways, *backward], BACKWARD)
    name = "inverted_residual_backward"
    for reads in ways:  # in the forward pass that the block's gradient computes again
        again = [
            partial(BACKWARD[name], reads=reads, dx_reads=r, dw_reads=r) for r in (reads, HONEST)
        ]
        yield from mistakes(number, sentence, {name: again})
    alone = {name: FORWARD[name] for name in CONVOLUTIONS}
    yield from _forward(number, sentence, [*operators, *forward_operators], alone)
    alone = {f"{name}_backward": BACKWARD[f"{name}_backward"] for name in CONVOLUTIONS}
    yield from _backward(number, sentence, [*operators, *backward_operators], alone)


def _forward(
    number: int, sentence: Sentence, ways: list[Reads], operators: dict[str, Program]
) -> Iterator[Mistake]:
    for reads in ways:
        programs = {name: [partial(f, reads=reads)] for name, f in operators.items()}
        yield from mistakes(number, sentence, programs)


def _backward(
    number: int, sentence: Sentence, ways: list[Reads], operators: dict[str, Program]
) -> Iterator[Mistake]:
    """In both gradients, in dx alone, in dw alone."""
    for reads in ways:
        for dx, dw in BOTH:
            how = {"dx_reads": reads if dx else HONEST, "dw_reads": reads if dw else HONEST}
            programs = {name: [partial(f, **how)] for name, f in operators.items()}
            yield from mistakes(number, sentence, programs)


PADDING: list[Mistake] = [
    *windows(
        1,
        (
            "Your windows stand as if you padded symmetrically, with as many zeros above as below. "
            '"same" with kernel 3 and stride 2 has, where the size is even, its only row of zeros '
            "below and its only column right.",
            "你的窗口位置是对称填充的位置，即上下补零一样多。核为 3、步幅为 2、尺寸为偶数时，“same”只在"
            "下面补一行零，只在右边补一列零。",
        ),
        wrong.SYMMETRIC,
        backward=wrong.beyond(wrong.SYMMETRIC),
        forward_operators=wrong.SYMMETRIC_WITH_ROOM,
    ),
    *windows(
        1,
        (
            'Your odd row of zeros stands above, your odd column left. Where "same" has an odd number '
            "of them, the odd one stands below and right.",
            "你把多出的那一行零放在了上面，多出的那一列零放在了左边。“same”补零的总数为奇数时，"
            "多出的那一行、一列在下面和右边。",
        ),
        wrong.ODD_FIRST,
        backward=wrong.beyond(wrong.ODD_FIRST),
    ),
    *windows(
        2,
        (
            'You pad as "same" does. A number p as padding means p rows and columns of zeros on '
            "every side, whatever the stride.",
            "你按“same”补了零。填充若是数字 p，则不论步幅多少，四边各补 p 行或 p 列零。",
        ),
        operators=wrong.ALWAYS_SAME,
        backward_operators=wrong.beyond(wrong.ALWAYS_SAME),
    ),
    *windows(
        3,
        (
            "Every window starts one pixel off: too far down or right, or too far up or left.",
            "每个窗口的起点都偏了一个像素：偏下、偏右，或者偏上、偏左。",
        ),
        wrong.SHIFTS,
        operators=wrong.SHIFTS_IN_PADDED,
    ),
    *windows(
        4,
        (
            "Outside the image your windows find pixels of the image again. There must be zeros, "
            "which pass nothing on.",
            "窗口伸到图像外面时，你又用到了图像里的像素。那里应当是 0，也不传递任何梯度。",
        ),
        wrong.BORDERS,
        operators=wrong.BORDERS_OR_STOPS,
    ),
    *windows(
        7,
        (
            'Your windows are those of stride 1, of which every s-th is kept. "same" pads for the '
            "stride that is asked for, so they stand elsewhere.",
            "你的窗口是步幅 1 的窗口，每隔 s 个取一个。“same”补的零取决于实际步幅，窗口的位置因此不同。",
        ),
        wrong.AFTERWARDS,
        backward=wrong.beyond(wrong.AFTERWARDS),
    ),
    *windows(
        8,
        (
            "The width of your output follows the height of the image, or the height the width. "
            "Try an image that is not square.",
            "你的输出宽度是按图像高度算的，或者高度是按宽度算的。用一张不是正方形的图像试试。",
        ),
        forward=wrong.FOLLOWERS,
    ),
    *windows(
        9,
        (
            'You make the wrong number of windows: with "same" there are ⌈H / s⌉, not H // s; with '
            "a number p there are (H + 2p − K) // s + 1.",
            "你的窗口个数不对：“same”应有 ⌈H / s⌉ 个，而不是 H // s 个；"
            "填充为 p 时有 (H + 2p − K) // s + 1 个。",
        ),
        forward=wrong.FLOORS,
        forward_operators=wrong.FEWER,
    ),
    *windows(
        47,
        (
            "You do not pad: the first window starts at the first pixel.",
            "你没有补零：第一个窗口是从第一个像素开始的。",
        ),
        wrong.UNPADDED,
        operators=wrong.UNPADDED_SOMEWHERE,
        forward_operators=wrong.UNPADDED_WITH_ROOM,
    ),
    *windows(
        48,
        (
            '"same" never pads less than 0: where the filter is smaller than the stride, the '
            "windows start at the first pixel all the same.",
            "“same”补的零不会少于 0 个：滤波器比步幅小时，窗口仍然从第一个像素开始。",
        ),
        operators=wrong.INSIDE,
    ),
    *windows(
        49,
        (
            "The stride is missing: your windows stand side by side, downwards and to the right.",
            "漏掉了步幅：你的窗口在竖直和水平方向上都是一个像素挨一个像素移动的。",
        ),
        forward=wrong.NO_STRIDE_BOTH,
    ),
    *windows(
        49,
        (
            "The stride is missing downwards: there your windows stand side by side. To the right it "
            "is there.",
            "竖直方向上漏掉了步幅：窗口是一个像素挨一个像素向下移动的。水平方向是对的。",
        ),
        forward=wrong.NO_STRIDE_DOWN,
    ),
    *windows(
        49,
        (
            "The stride is missing to the right: there your windows stand side by side. Downwards it "
            "is there.",
            "水平方向上漏掉了步幅：窗口是一个像素挨一个像素向右移动的。竖直方向是对的。",
        ),
        forward=wrong.NO_STRIDE_RIGHT,
    ),
    *windows(
        19,
        (
            "The stride is missing in your backward pass: window i starts at row i·s, not at row i.",
            "你的反向传播漏掉了步幅：第 i 个窗口从第 i·s 行开始，而不是第 i 行。",
        ),
        backward=wrong.NO_STRIDE,
    ),
    *windows(
        50,
        (
            "A number p as padding means p zeros on every side; you put them on one side, share them "
            "between both, or double them.",
            "填充 p 表示每一边都补 p 个零；你只补了一边，或者把 p 个零分给了两边，或者补了两倍。",
        ),
        operators=wrong.ONE_SIDE,
        forward_operators=wrong.ONLY_BEFORE,
    ),
    *windows(
        84,
        (
            "The zeros of rows and columns are swapped: H and K say how many stand above and below, "
            "W and L how many stand left and right.",
            "行和列的补零弄反了：上下的零由 H 和 K 决定，左右的零由 W 和 L 决定。",
        ),
        operators=wrong.EXCHANGED,
        forward_operators=wrong.EXCHANGED_AND_FITTING,
    ),
    *windows(
        52,
        (
            "One row or column of the filter never meets anything: your loop over it is one short.",
            "滤波器有一行或一列从未参与运算：遍历它的循环少了一次。",
        ),
        wrong.SHORT,
    ),
    *windows(
        53,
        (
            "Windows that reach over the border are left out; the pixels that they do see still count.",
            "伸出边界的窗口被你整个跳过了；它们看得到的像素仍然要算。",
        ),
        wrong.WHOLE,
    ),
]
