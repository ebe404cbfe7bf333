"""Draws the figures of chapter 5: python docs/pictures/book_normalisation.py (with drawsvg)."""

from __future__ import annotations

import numpy as np
from kit import BLUE, FAINT, GREEN, GREY, ORANGE, Picture
from PIL import Image

import npmobilenet as nm
from npmobilenet.data import fashion_mnist_arrays
from npmobilenet.images.preprocessing import prepare


def batch_of_two(words: dict[str, str]) -> None:
    """Two numbers on a line, and where normalisation puts them."""
    x = np.array([1.0, 5.0])
    mean, deviation = x.mean(), x.std()
    p = Picture(720, 250, "A batch of two numbers, normalised", words)
    for top, numbers, title in (
        (95, x, "before: mean 3, deviation 2"),
        (200, (x - mean) / deviation, "after: mean 0, deviation 1"),
    ):
        p.text(60, top - 48, title, anchor="start", bold=True)
        p.line((60, top), (660, top))
        for n in range(-2, 7):
            at = 60 + 75 * (n + 2)
            p.line((at, top - 4), (at, top + 4))
            p.text(at, top + 24, n, size=13, color=FAINT)
        for number in numbers:
            p.box(60 + 75 * (number + 2) - 8, top - 8, 16, 16, ORANGE, corner=8)
        low, middle, high = (60 + 75 * (n + 2) for n in (numbers[0], numbers.mean(), numbers[1]))
        p.line((middle, top - 26), (middle, top + 8), color="#0b62a8", width=2.4)
        for end in (low, high):
            p.arrow((middle, top - 18), (end, top - 18), color="#0b62a8")
    p.save("batch-of-two")


def histograms(words: dict[str, str]) -> None:
    """A channel of the shipped `fashion-mnist` on test images: before, after, and with gamma and beta."""
    model = nm.load("fashion-mnist")
    test = fashion_mnist_arrays().test_images[:64]
    x = np.stack([prepare(Image.fromarray(image), model.preprocessing) for image in test])
    layer = "blocks.2.depthwise"
    kept = nm.intermediates(model.plan, model.params, x, [layer], rung="numpy")[layer]
    gamma, beta = (model.params[f"{layer}_norm.{name}"] for name in ("gamma", "beta"))
    channel = int(np.argmax(np.abs(beta)))
    before = kept[..., channel].astype(np.float64).ravel()
    after = (before - before.mean()) / np.sqrt(before.var() + 1e-3)
    own = gamma[channel] * after + beta[channel]
    p = Picture(720, 430, "A channel's numbers, before and after normalisation", words)
    parts = (before, after, own)
    low = max(-6.0, float(np.floor(min(part.min() for part in parts))))
    high = min(8.0, float(np.ceil(max(part.max() for part in parts))))
    edges = np.linspace(low, high, 49)

    def across(number: float) -> float:
        return 60 + 600 * (float(number) - low) / (high - low)

    texts = ("before", "normalised", "times γ, plus β")
    colors = (GREY, BLUE, GREEN)
    for number, (numbers, title, color) in enumerate(zip(parts, texts, colors, strict=True)):
        bottom = 120 + 135 * number
        counts, _ = np.histogram(np.clip(numbers, low, high), edges)
        for left, right, count in zip(edges, edges[1:], counts, strict=False):
            height, width = 86 * count / counts.max(), across(right) - across(left)
            p.box(across(left), bottom - height, width, height, color, edge="#6b6f76")
        p.line((60, bottom), (660, bottom))
        p.line((across(0), bottom - 92), (across(0), bottom + 4), color="#b3470f", width=1.4)
        for n in range(int(low), int(high) + 1, 2):
            p.text(across(n), bottom + 18, n, size=13, color=FAINT)
        p.text(60, bottom - 70, title, anchor="start", bold=True)
        said = f"mean {abs(numbers.mean()):.2f}, deviation {numbers.std():.2f}"
        p.text(60, bottom - 50, said, anchor="start", color=FAINT)
    p.save("bn-histograms")


FIGURES = (batch_of_two, histograms)


def main() -> None:
    """Write both."""
    for figure in FIGURES:
        figure({})


if __name__ == "__main__":
    main()
