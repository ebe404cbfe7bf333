"""Draws chapter 5 of the book, which is in English alone: python docs/pictures/book_normalisation.py."""

from functools import cache

import drawsvg as dw
import numpy as np
from panel import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PLAIN,
    SECOND,
    SOFT,
    THIRD,
    Say,
    arrow,
    box,
    curve,
    dot,
    line,
    panel,
    word,
    write,
)
from PIL import Image

import npmobilenet as nm
from npmobilenet.data import fashion_mnist_arrays
from npmobilenet.images.preprocessing import prepare

LAYER, CHANNEL = "blocks.5.depthwise", 0  # far from 0 and wide: what normalisation does is seen
IMAGES = 64


def batch_of_two(say: Say) -> dw.Drawing:
    """Two numbers on a line, and where normalisation puts them."""
    x = np.array([1.0, 5.0])
    normalised = (x - x.mean()) / x.std()
    d = panel(260, say("A batch of two numbers, normalised", "两个数的批次，归一化"))
    titles = say("before", "归一化前"), say("after", "归一化后")
    for top, numbers, title in zip((96, 216), (x, normalised), titles, strict=True):
        mean, deviation = f"{numbers.mean():g}", f"{numbers.std():g}"
        text = say(
            f"{title}: mean {mean}, deviation {deviation}",
            f"{title}：均值 {mean}，标准差 {deviation}",
        )
        word(d, 24, top - 60, text, 16, bold=True)
        line(d, 40, top, 600, top, INK)

        def at(number: float) -> float:
            return 40 + 70 * (float(number) + 2)

        for n in range(-2, 7):
            line(d, at(n), top - 4, at(n), top + 4, INK)
            word(d, at(n), top + 26, str(n).replace("-", "\u2212"), 14, "middle", SOFT)
        middle = at(numbers.mean())
        curve(d, [(middle, top - 30), (middle, top + 8)], THIRD)
        for number in numbers:
            arrow(d, (middle, top - 22), (at(number), top - 22), color=THIRD)
            dot(d, at(number), top, 8, ORANGE, INK)
    return d


@cache
def channel() -> tuple[float, float, list[np.ndarray]]:
    """gamma, beta, and the channel's numbers: before, normalised, with gamma and beta."""
    model = nm.load("fashion-mnist")
    test = fashion_mnist_arrays().test_images[:IMAGES]
    x = np.stack([prepare(Image.fromarray(image), model.preprocessing) for image in test])
    kept = nm.intermediates(model.plan, model.params, x, [LAYER], rung="numpy")[LAYER]
    gamma, beta = (
        float(model.params[f"{LAYER}_norm.{name}"][CHANNEL]) for name in ("gamma", "beta")
    )
    numbers = kept[..., CHANNEL].astype(np.float64).reshape(-1, 1)
    one, eps = np.ones(1), model.plan.dialect.bn_eps
    after, own = (
        nm.batch_norm(numbers, a, b, 0 * one, one, train=True, eps=eps, rung="numpy")[0]
        for a, b in ((one, 0 * one), (gamma * one, beta * one))
    )
    return gamma, beta, [numbers, after, own]


def histograms(say: Say) -> dw.Drawing:
    """A channel of the shipped `fashion-mnist` on test images: before, after, with gamma and beta."""
    gamma, beta, parts = channel()
    heading = say(
        f"Channel {CHANNEL} of {LAYER}, {IMAGES} images of clothes",
        f"{LAYER} 的通道 {CHANNEL}，{IMAGES} 张衣物图片",
    )
    title = say("A channel's numbers, before and after normalisation", "一个通道的数，归一化前后")
    d = panel(516, title, heading)
    low, high = -4.0, 10.0
    edges = np.linspace(low, high, 57)

    def across(number: float) -> float:
        return 34 + 572 * (float(number) - low) / (high - low)

    texts = (
        say("before", "归一化前"),
        say("normalised", "归一化后"),
        say(
            f"times γ = {gamma:.2f}, plus β = {beta:.2f}", f"乘 γ = {gamma:.2f}，加 β = {beta:.2f}"
        ),
    )
    for place, (values, title, color) in enumerate(
        zip(parts, texts, (PLAIN, BLUE, GREEN), strict=True)
    ):
        bottom = 174 + 154 * place
        counts, _ = np.histogram(np.clip(values, low, high), edges)
        for left, right, count in zip(edges, edges[1:], counts, strict=False):
            height = 92 * count / counts.max()
            if count:
                box(d, across(left), bottom - height, across(right) - across(left), height, color,
                    edge="#6b6f76")  # fmt: skip
        line(d, 24, bottom, 616, bottom, INK)
        curve(d, [(across(0), bottom - 96), (across(0), bottom + 4)], SECOND, 1.5)
        for n in range(int(low), int(high) + 1, 2):
            word(d, across(n), bottom + 20, str(n).replace("-", "\u2212"), 14, "middle", SOFT)
        word(d, 24, bottom - 106, title, 15, bold=True)
        mean, deviation = f"{abs(values.mean()):.2f}", f"{values.std():.2f}"
        said = say(f"mean {mean}, deviation {deviation}", f"均值 {mean}，标准差 {deviation}")
        word(d, 616, bottom - 106, said, 15, "end")
    return d


PICTURES = {"batch-of-two": batch_of_two, "bn-histograms": histograms}

if __name__ == "__main__":
    write(PICTURES)
