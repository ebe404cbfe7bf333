"""Draws chapters 1 to 3 of the book: python docs/pictures/book_convolutions.py."""

import drawsvg as dw
import numpy as np
from panel import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PINK,
    SOFT,
    VIOLET,
    YELLOW,
    Say,
    arrow,
    box,
    frame,
    grid,
    panel,
    sheets,
    word,
    write,
)

import npmobilenet as nm

X = np.array(
    [[1, 2, 0, 1, 3], [0, 1, 2, 1, 0], [2, 0, 1, 3, 1], [1, 1, 0, 2, 2], [3, 0, 1, 0, 1]], float
)
W = np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]], float)
SQUARE = [(u, v) for u in range(3) for v in range(3)]


def window(say: Say) -> dw.Drawing:
    """A window on a 5 x 5 image, the filter that lies on it, and the number they give."""
    y, _ = nm.conv2d(X[None, :, :, None], W[:, :, None, None], padding="valid", rung="loops")
    products = [(int(a), int(b)) for a, b in zip(X[1:4, 1:4].flat, W.flat, strict=True)]
    total = int(y[0, 1, 1, 0])
    assert sum(a * b for a, b in products) == total
    d = panel(290, say("A window on an image", "图像上的一个窗口"))
    grid(d, 30, 56, X.astype(int), BLUE, 34, [(1 + u, 1 + v) for u, v in SQUARE])
    frame(d, 64, 90, 102, 102)
    grid(d, 252, 90, W.astype(int), ORANGE, 34, SQUARE)
    grid(d, 486, 84, y[0, :, :, 0].astype(int), GREEN, 38, [(1, 1)])
    word(d, 115, 40, say("the image", "图像"), 16, "middle", bold=True)
    word(d, 303, 40, say("the filter", "卷积核"), 16, "middle", bold=True)
    word(d, 543, 40, say("the map", "特征图"), 16, "middle", bold=True)
    word(d, 226, 150, "×", 24, "middle")
    arrow(d, (372, 141), (470, 141))
    word(d, 420, 128, say("multiply,", "相乘，"), 14, "middle", SOFT)
    word(d, 420, 162, say("then add", "再相加"), 14, "middle", SOFT)
    terms = " + ".join(f"{a}·{b}" for a, b in products)
    word(d, 320, 264, f"y[1,1] = {terms} = {total}", 15, "middle")
    return d


def heads(d: dw.Drawing, *columns: tuple[float, str, str]) -> None:
    """A title over each column: what it is, and how large."""
    for x, what, size in columns:
        word(d, x, 34, what, 16, "middle", bold=True)
        word(d, x, 56, size, 15, "middle", SOFT)


def standard(say: Say) -> dw.Drawing:
    """Two channels in, three filters of two sheets each, three channels out."""
    d = panel(360, say("A standard convolution", "标准卷积"))
    sheets(d, 36, 150, 5, 5, [BLUE, GREEN], 22, 14, SQUARE)
    for number, color in enumerate((PINK, VIOLET, YELLOW)):
        top = 98 + 80 * number
        sheets(d, 270, top, 3, 3, [color, color], 17)
        arrow(d, (176, 196), (258, top + 24))
        arrow(d, (346, top + 22), (462, 196 + (number - 1) * 20))
    sheets(d, 476, 166, 3, 3, [PINK, VIOLET, YELLOW], 28, 14)
    heads(
        d,
        (100, say("2 channels in", "2 个输入通道"), "5 × 5 × 2"),
        (305, say("3 filters", "3 个卷积核"), say("3 × 3 × 2 each", "各 3 × 3 × 2")),
        (530, say("3 channels out", "3 个输出通道"), "3 × 3 × 3"),
    )
    caption(d, 344, say("each filter sees every channel", "每个卷积核看到所有通道"))
    return d


def depthwise(say: Say) -> dw.Drawing:
    """Three channels, each with a filter of its own, three channels out."""
    d = panel(380, say("A depthwise convolution", "深度卷积"))
    for number, color in enumerate((BLUE, GREEN, PINK)):
        top = 76 + 88 * number
        sheets(d, 62, top, 5, 5, [color], 15, marked=SQUARE)
        sheets(d, 279, top + 11, 3, 3, [color], 18)
        sheets(d, 503, top + 11, 3, 3, [color], 18)
        arrow(d, (150, top + 38), (265, top + 38))
        arrow(d, (346, top + 38), (489, top + 38))
    heads(
        d,
        (100, say("3 channels in", "3 个输入通道"), "5 × 5 × 3"),
        (305, say("3 filters", "3 个卷积核"), say("3 × 3 each", "各 3 × 3")),
        (530, say("3 channels out", "3 个输出通道"), "3 × 3 × 3"),
    )
    caption(d, 362, say("each filter sees one channel", "每个卷积核只看一个通道"))
    return d


def pointwise(say: Say) -> dw.Drawing:
    """Three channels, four filters of one pixel and three sheets, four channels out."""
    d = panel(360, say("A pointwise convolution", "逐点卷积"))
    shades = (YELLOW, VIOLET, "#c8e3b4", "#f2c0b3")
    sheets(d, 36, 160, 5, 5, [BLUE, GREEN, PINK], 21, 14, [(2, 1)])
    for number, color in enumerate(shades):
        top = 112 + 58 * number
        sheets(d, 282, top, 1, 1, [color] * 3, 22)
        arrow(d, (184, 205), (270, top + 12))
        arrow(d, (342, top + 6), (452, 205 + (number - 1.5) * 18))
    sheets(d, 466, 170, 5, 5, list(shades), 20, 14)
    heads(
        d,
        (104, say("3 channels in", "3 个输入通道"), "5 × 5 × 3"),
        (305, say("4 filters", "4 个卷积核"), say("1 × 1 × 3 each", "各 1 × 1 × 3")),
        (536, say("4 channels out", "4 个输出通道"), "5 × 5 × 4"),
    )
    text = say("each filter sees one pixel of every channel", "每个卷积核看所有通道的同一个像素")
    caption(d, 344, text)
    return d


def caption(d: dw.Drawing, y: float, text: str) -> None:
    """What is to be seen, below."""
    word(d, 320, y, text, 15, "middle", SOFT)


def rows(say: Say) -> dw.Drawing:
    """Six pixels of two channels as rows, times a matrix of three columns."""
    image = np.arange(1, 13).reshape(6, 2)
    w = np.array([[1, 0, 2], [1, 3, 0]])
    d = panel(290, say("Pixels as rows of a matrix", "像素写成矩阵的行"))
    for number, (a, b) in enumerate(image):
        x, y = 24 + 60 * (number % 3), 104 + 60 * (number // 3)
        box(d, x, y, 28, 48, BLUE, a, 15)
        box(d, x + 28, y, 28, 48, ORANGE, b, 15)
    arrow(d, (208, 158), (244, 158))
    for number, (a, b) in enumerate(image):
        box(d, 258, 72 + 30 * number, 32, 30, BLUE, a, 15)
        box(d, 290, 72 + 30 * number, 32, 30, ORANGE, b, 15)
    word(d, 338, 168, "·", 28, "middle")
    grid(d, 354, 130, w[:1], BLUE, 32)
    grid(d, 354, 162, w[1:], ORANGE, 32)
    word(d, 470, 168, "=", 22, "middle")
    for number, numbers in enumerate(image @ w):
        for column, value in enumerate(numbers):
            box(d, 492 + 34 * column, 72 + 30 * number, 34, 30, GREEN, value, 15)
    heads = (
        (112, say("6 pixels,", "6 个像素，"), say("2 channels", "2 个通道")),
        (290, say("a row for", "每个像素"), say("each pixel", "一行")),
        (410, say("a column for", "每个卷积核"), say("each filter", "一列")),
        (543, say("a row for each", "还是每个"), say("pixel again", "像素一行")),
    )
    for x, *lines in heads:
        for number, text in enumerate(lines):
            word(d, x, 30 + 20 * number, text, 14, "middle", INK)
    return d


PICTURES = {
    "window-5x5": window,
    "sheets": standard,
    "sheets-depthwise": depthwise,
    "sheets-pointwise": pointwise,
    "pixels-as-rows": rows,
}

if __name__ == "__main__":
    write(PICTURES)
