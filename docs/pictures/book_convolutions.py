"""Draws the figures of chapters 1 to 4: python docs/pictures/book_convolutions.py (with drawsvg)."""

from __future__ import annotations

from collections import Counter

import numpy as np
from kit import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PINK, Picture

import npmobilenet as nm
from npmobilenet.models.layers import Pointwise

CHINESE = {
    "the image": "图像", "the filter": "卷积核", "the map": "特征图",
    "multiply and add": "对应相乘，再相加", "channels in": "输入通道", "filters": "卷积核",
    "channels out": "输出通道", "each filter sees every channel": "每个卷积核看到所有通道",
    "each filter sees one channel": "每个卷积核只看一个通道",
    "each filter sees one pixel of every channel": "每个卷积核看每个通道的同一个像素",
    "standard": "标准卷积",
    "depthwise": "深度卷积", "pointwise": "逐点卷积", "six pixels, two channels": "六个像素，两个通道",
    "a row for each pixel": "每个像素一行", "a column for each filter": "每个卷积核一列",
    "a row for each pixel again": "还是每个像素一行",
    "64 channels of 7 x 7 to 128 with filters of 3 x 3":
        "3 × 3 的卷积核，7 × 7 的图，64 个通道变成 128 个",
    "how many times cheaper": "便宜多少倍", "filters N": "卷积核个数 N",
    "never 9": "到不了 9", "V1's thirteen blocks": "V1 的十三个模块",
    "A window on an image": "图像上的一个窗口", "A standard convolution": "标准卷积",
    "A depthwise convolution": "深度卷积", "A pointwise convolution": "逐点卷积",
    "Pixels as rows of a matrix": "像素写成矩阵的行",
    "Where the work of a separable convolution is": "可分离卷积的计算量在哪里",
    "V1's blocks on the curve": "曲线上的 V1 模块",
}  # fmt: skip
VIOLET, YELLOW = "#d9cdf2", "#f4e3a1"
X = np.array(
    [[1, 2, 0, 1, 3], [0, 1, 2, 1, 0], [2, 0, 1, 3, 1], [1, 1, 0, 2, 2], [3, 0, 1, 0, 1]], float
)
W = np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]], float)


def window(words: dict[str, str]) -> None:
    """A window on a 5 x 5 image, the filter that lies on it, and the number they give."""
    y, _ = nm.conv2d(X[None, :, :, None], W[:, :, None, None], padding="valid", rung="loops")
    p = Picture(720, 250, "A window on an image", words)
    place = [(1 + u, 1 + v) for u in range(3) for v in range(3)]
    p.grid(40, 60, X.astype(int), BLUE, cell=30, marked=place)
    p.line((70, 90), (160, 90), (160, 180), (70, 180), (70, 90), width=3)
    p.grid(300, 75, W.astype(int), ORANGE, cell=30)
    p.grid(510, 75, y[0, :, :, 0].astype(int), GREEN, cell=36, marked=[(1, 1)], mark=ORANGE)
    p.text(115, 45, "the image")
    p.text(345, 45, "the filter")
    p.text(564, 45, "the map")
    p.text(250, 126, "×", size=24)
    p.arrow((410, 120), (488, 120))
    p.text(448, 106, "multiply and add", size=12 if words else 11, color=FAINT)
    p.text(360, 232, "y[1,1] = 1·1 + 2·2 + 1·0 + 0·0 + 1·1 + 3·3 + 1·2 + 0·0 + 2·1 = 19", size=14)
    p.save("window-5x5")


SQUARE = [(u, v) for u in range(3) for v in range(3)]


def standard(words: dict[str, str]) -> None:
    """Two channels in, three filters of two sheets each, three channels out."""
    p = Picture(720, 330, "A standard convolution", words)
    p.sheets(40, 130, 5, 5, [BLUE, GREEN], cell=20, marked=SQUARE, mark=ORANGE)
    for number, color in enumerate((PINK, VIOLET, YELLOW)):
        top = 70 + 82 * number
        p.sheets(300, top, 3, 3, [color, color], cell=16)
        p.arrow((190, 165), (285, top + 24))
        p.arrow((375, top + 24), (505, 165 + (number - 1) * 22))
    p.sheets(520, 145, 3, 3, [PINK, VIOLET, YELLOW], cell=24)
    heads(p, (95, "channels in", "2"), (332, "filters", "3"), (570, "channels out", "3"))
    p.text(360, 316, "each filter sees every channel", color=FAINT)
    p.save("sheets")


def depthwise(words: dict[str, str]) -> None:
    """Three channels, each with a filter of its own, three channels out."""
    p = Picture(720, 330, "A depthwise convolution", words)
    for number, color in enumerate((BLUE, GREEN, PINK)):
        top = 62 + 84 * number
        p.sheets(70, top, 5, 5, [color], cell=14, marked=SQUARE, mark=ORANGE)
        p.sheets(320, top + 11, 3, 3, [color], cell=16)
        p.sheets(570, top + 11, 3, 3, [color], cell=16)
        p.arrow((160, top + 35), (305, top + 35))
        p.arrow((385, top + 35), (555, top + 35))
    heads(p, (105, "channels in", "3"), (344, "filters", "3"), (594, "channels out", "3"))
    p.text(360, 318, "each filter sees one channel", color=FAINT)
    p.save("sheets-depthwise")


def pointwise(words: dict[str, str]) -> None:
    """Three channels, four filters of one pixel and three sheets, four channels out."""
    p = Picture(720, 330, "A pointwise convolution", words)
    p.sheets(40, 135, 5, 5, [BLUE, GREEN, PINK], cell=20, marked=[(2, 1)], mark=ORANGE)
    shades = (YELLOW, VIOLET, "#c8e3b4", "#f2c0b3")
    for number, color in enumerate(shades):
        top = 78 + 56 * number
        p.sheets(320, top, 1, 1, [color] * 3, cell=20)
        p.arrow((205, 175), (305, top + 8))
        p.arrow((380, top + 4), (495, 165 + (number - 1.5) * 16))
    p.sheets(510, 140, 5, 5, list(shades), cell=20)
    heads(p, (105, "channels in", "3"), (345, "filters", "4"), (585, "channels out", "4"))
    p.text(360, 318, "each filter sees one pixel of every channel", color=FAINT)
    p.save("sheets-pointwise")


def heads(p: Picture, *columns: tuple[float, str, str]) -> None:
    """A title over each column: how many of what."""
    for x, what, count in columns:
        p.text(x, 34, f"{count} {p.said(what)}", size=15, bold=True)


def rows(words: dict[str, str]) -> None:
    """Six pixels of two channels as rows, times a matrix of three columns."""
    image = np.arange(1, 13).reshape(6, 2)
    w = np.array([[1, 0, 2], [1, 3, 0]])
    p = Picture(720, 270, "Pixels as rows of a matrix", words)
    for number, (a, b) in enumerate(image):
        x, y = 36 + 62 * (number % 3), 90 + 62 * (number // 3)
        p.box(x, y, 31, 50, BLUE, a)
        p.box(x + 31, y, 31, 50, ORANGE, b)
    p.arrow((235, 145), (285, 145))
    for number, (a, b) in enumerate(image):
        p.grid(300, 62 + 28 * number, [[a]], BLUE, cell=28)
        p.grid(328, 62 + 28 * number, [[b]], ORANGE, cell=28)
    p.text(383, 152, "·", size=26)
    p.grid(410, 118, w[:1], BLUE, cell=28)
    p.grid(410, 146, w[1:], ORANGE, cell=28)
    p.text(520, 152, "=", size=22)
    p.grid(552, 62, image @ w, GREEN, cell=28)
    p.text(129, 46, "six pixels, two channels", size=13)
    p.text(328, 46, "a row for each pixel", size=13)
    p.text(455, 106, "a column for each filter", size=13)
    p.text(594, 46, "a row for each pixel again", size=13)
    p.save("pixels-as-rows")


def pieces(words: dict[str, str]) -> None:
    """The standard cost as a bar, the separable one's two pieces on it, to scale."""
    found = nm.cost.separable.separable_cost(k=3, m=64, n=128, df=7)
    halves = found.standard.macs // 128, found.standard.macs // 9
    assert sum(halves) == found.separable.macs
    p = Picture(720, 250, "Where the work of a separable convolution is", words)
    scale = 640 / found.standard.macs
    p.text(
        40,
        36,
        "64 channels of 7 x 7 to 128 with filters of 3 x 3",
        anchor="start",
        size=15,
        bold=True,
    )
    p.box(40, 62, 640, 38, GREY, f"{p.said('standard')}  {found.standard.macs:,}")
    p.box(40, 132, scale * halves[0], 38, ORANGE)
    p.box(40 + scale * halves[0], 132, scale * halves[1], 38, BLUE)
    p.line((40 + scale * halves[0] / 2, 170), (40 + scale * halves[0] / 2, 196), color=FAINT)
    p.text(40, 212, f"{p.said('depthwise')}  {halves[0]:,} = 1/128", anchor="start")
    p.text(122, 156, f"{p.said('pointwise')}  {halves[1]:,} = 1/9", anchor="start")
    p.text(
        40,
        236,
        f"1/128 + 1/9 = {found.formula} = {float(found.formula):.4f}",
        anchor="start",
        color=FAINT,
    )
    p.save("ratio-two-pieces")


def curve(words: dict[str, str]) -> None:
    """How many times cheaper over N, and V1's blocks on it."""
    p = Picture(720, 340, "V1's blocks on the curve", words)

    def at(n: float, times: float) -> tuple[float, float]:
        return 70 + 62 * float(np.log2(n)), 280 - 25 * times

    for times in range(0, 10, 3):
        p.line(at(1, times), at(1024, times), color=GREY if times else INK)
        p.text(58, at(1, times)[1] + 5, times, anchor="end", size=13)
    for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        p.text(at(n, 0)[0], 300, n, size=13)
    line = [at(n, float(1 / nm.separable_ratio(k=3, n=n))) for n in range(1, 1025)]
    p.line(*line, color="#0b62a8", width=2.4)
    p.line(at(1, 1), at(1024, 1), color="#b3470f", width=1)
    blocks = Counter(layer.filters for layer in nm.plan("v1") if isinstance(layer, Pointwise))
    for filters, count in blocks.items():
        x, y = line[filters - 1]
        p.box(x - 6, y - 6, 12, 12, ORANGE, corner=6)
        p.text(x, y + 26, f"{count} ×", size=13, color=FAINT)
    p.text(430, 40, "never 9", size=13, color=FAINT)
    p.text(300, 262, "1", size=13, color="#b3470f")
    p.text(20, 28, "how many times cheaper", anchor="start", size=14, bold=True)
    p.text(700, 326, "filters N", anchor="end", size=14, bold=True)
    p.text(690, 130, "V1's thirteen blocks", anchor="end", size=14)
    p.save("v1-on-the-curve")


FIGURES = (window, standard, depthwise, pointwise, rows, pieces, curve)


def main() -> None:
    """Write all of them, in English and Chinese."""
    for figure in FIGURES:
        for words in ({}, CHINESE):
            figure(words)


if __name__ == "__main__":
    main()
