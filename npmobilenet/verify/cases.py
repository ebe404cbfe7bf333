"""Cases of every operator, drawn: arrays, and settings that fit them.

`choose(low, high)` draws an integer, ends included; it decides shapes and settings, so that a seed
or Hypothesis can play its part.  Arrays are drawn from `rng`, in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.combine import DROPOUTS
from ..ops.loss import REDUCTIONS
from ..ops.window import window

Choose = Callable[[int, int], int]
Arrays = dict[str, Array]

# Output channels drawn at least: an error is scaled by the largest entry of its tensor, and a tensor
# of one or two sums of numbers of either sign can be all but zero, which says nothing of the operator.
_FEW = 3


@dataclass(frozen=True)
class Case:
    """Arguments of one call: arrays that have gradients, and settings."""

    arrays: Arrays
    settings: dict[str, Any] = field(default_factory=dict)


def shuffled(array: Array, choose: Choose) -> Array:
    """The same elements, perhaps laid out in memory some other way."""
    way = choose(0, 3)
    if way == 1:
        return np.asfortranarray(array)
    if way == 2:
        return np.flip(np.flip(array, 0).copy(), 0)  # negative stride
    if way == 3:
        return np.repeat(array, 2, axis=-1)[..., ::2]  # every second element
    return array


def _image(choose: Choose, rng: np.random.Generator, channels: int) -> Array:
    shape = choose(1, 2), choose(3, 6), choose(3, 6), channels
    return shuffled(rng.standard_normal(shape), choose)


def _windowed(choose: Choose, kernel: tuple[int, int], dilated: bool = True) -> dict[str, Any]:
    """stride, padding and dilation that fit an image of at least 3 x 3."""
    dilation = (choose(1, 2), choose(1, 2)) if dilated else (1, 1)
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    kind = choose(0, 3)
    if kind == 0:
        padding: Any = "same"
    elif kind == 1:
        padding = tuple(max(0, r - 2) + choose(0, 1) for r in reach)
    elif kind == 2:
        sides = [(max(0, r - 2) + choose(0, 1), choose(0, 2)) for r in reach]
        padding = (*sides[0], *sides[1])
    else:
        padding = tuple(reach)
    return {"stride": (choose(1, 3), choose(1, 3)), "padding": padding, "dilation": dilation}


def conv(choose: Choose, rng: np.random.Generator) -> Case:
    kernel = choose(1, 4), choose(1, 4)
    m, o = choose(1, 5), choose(_FEW, 9)
    arrays = {"x": _image(choose, rng, m), "w": rng.standard_normal((*kernel, m, o))}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays, _windowed(choose, kernel))


def depthwise(choose: Choose, rng: np.random.Generator) -> Case:
    kernel = choose(1, 5), choose(1, 5)
    m = choose(_FEW, 17)
    usual = choose(0, 2) == 0  # a third as MobileNets have them, which has kernels of its own
    if usual:
        kernel, m = ((3, 3), (5, 5))[choose(0, 1)], choose(4, 25)
    arrays = {"x": _image(choose, rng, m), "w": rng.standard_normal((*kernel, m))}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(m)
    settings = _windowed(choose, kernel, dilated=not usual)
    if usual:
        settings["stride"] = (choose(1, 2),) * 2
    return Case(arrays, settings)


def pointwise(choose: Choose, rng: np.random.Generator) -> Case:
    m, o = choose(1, 17), choose(_FEW, 40)
    arrays = {"x": _image(choose, rng, m), "w": shuffled(rng.standard_normal((m, o)), choose)}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays, {"stride": (choose(1, 3), choose(1, 3))})


def dense(choose: Choose, rng: np.random.Generator) -> Case:
    n, m, o = choose(1, 20), choose(1, 20), choose(_FEW, 17)
    x = shuffled(rng.standard_normal((n, m)), choose)
    arrays = {"x": x, "w": shuffled(rng.standard_normal((m, o)), choose)}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays)


def batch_norm(train: bool) -> Callable[[Choose, np.random.Generator], Case]:
    def draw(choose: Choose, rng: np.random.Generator) -> Case:
        c = choose(_FEW, 9)
        x = _image(choose, rng, c) * rng.uniform(0.5, 2, c) + rng.standard_normal(c)
        arrays = {"x": x, "gamma": rng.uniform(0.5, 2, c), "beta": rng.standard_normal(c)}
        # drawn, not 0 and 1: the defaults would hide a forgotten eps or a swapped pair
        running = {"mean": rng.standard_normal(c), "variance": rng.uniform(0.2, 3, c)}
        eps, momentum = (1e-3, 1e-5)[choose(0, 1)], (0.1, 0.01, 0.9)[choose(0, 2)]
        return Case(arrays, {**running, "train": train, "eps": eps, "momentum": momentum})

    return draw


def grouped(choose: Choose, rng: np.random.Generator) -> Case:
    """Groups of several channels, and as many groups as channels, each with several filters."""
    kernel, groups = (choose(1, 3), choose(1, 3)), choose(1, 4)
    p, q = choose(1, 2), choose(1, 2) + (groups == 1)
    arrays = {"x": _image(choose, rng, p * groups)}
    arrays["w"] = rng.standard_normal((*kernel, p, q * groups))
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(q * groups)
    return Case(arrays, {**_windowed(choose, kernel), "groups": groups})


def _halves(choose: Choose, size: tuple[int, int]) -> tuple[int, int]:
    """Padding that a window in an image of 3 x 3 needs, and no more than half of it, as torch wants."""
    return choose(max(0, size[0] - 3), size[0] // 2), choose(max(0, size[1] - 3), size[1] // 2)


def max_pool(choose: Choose, rng: np.random.Generator) -> Case:
    size = choose(1, 4), choose(1, 4)
    padding = _halves(choose, size)
    settings: dict[str, Any] = {"kernel_size": size, "stride": (choose(1, 3), choose(1, 3))}
    settings["padding"] = padding
    largest = [(3 + 2 * p - 1) // max(1, k - 1) for k, p in zip(size, padding, strict=True)]
    settings["dilation"] = tuple(choose(1, min(2, most)) for most in largest)
    return Case(
        {"x": _image(choose, rng, choose(1, 9))}, settings | {"ceil_mode": bool(choose(0, 1))}
    )


def pool(choose: Choose, rng: np.random.Generator) -> Case:
    size = choose(1, 4), choose(1, 4)
    counted = {"kernel_size": size, "count_padding": bool(choose(0, 1))}
    x = _image(choose, rng, choose(1, 9))
    if choose(0, 2) == 0:  # a third where the last window may hang over
        steps = {"stride": (choose(1, 3), choose(1, 3)), "padding": _halves(choose, size)}
        return Case({"x": x}, {**counted, **steps, "ceil_mode": True})
    settings = _windowed(choose, size, dilated=False)
    del settings["dilation"]
    sides = window("drawn", x.shape[1:3], size, settings["stride"], settings["padding"]).sides
    widest = (size[0] - 1, size[0] - 1, size[1] - 1, size[1] - 1)  # or a window sees only padding
    settings["padding"] = tuple(map(min, sides, widest))
    return Case({"x": x}, {**counted, **settings})


def bright(choose: Choose, rng: np.random.Generator) -> Case:
    """A map whose mean is near 1: of one near 0, where everything cancels, an error has no scale."""
    return Case({"x": _image(choose, rng, choose(1, 9)) + 1})


def activation(*kinks: float, **slopes: tuple[float, ...]) -> Callable[..., Case]:
    """x from -8 to 8, at least 0.01 from every kink, where central differences mean nothing."""

    def draw(choose: Choose, rng: np.random.Generator) -> Case:
        x = _image(choose, rng, choose(1, 9)) * 3
        settings = {name: values[choose(0, len(values) - 1)] for name, values in slopes.items()}
        ends = [s * 0.5 / settings["slope"] for s in (-1, 1)] if "slope" in settings else kinks
        for kink in ends:
            x = np.where(np.abs(x - kink) < 0.01, kink + 0.02, x)
        return Case({"x": shuffled(x, choose)}, settings)

    return draw


def dropout(choose: Choose, rng: np.random.Generator) -> Case:
    settings = {
        "rate": choose(0, 10) / 10,
        "seed": choose(0, 1000),
        "train": bool(choose(0, 1)),
        "mode": DROPOUTS[choose(0, 1)],
    }
    return Case({"x": _image(choose, rng, choose(1, 9))}, settings)


def loss(choose: Choose, rng: np.random.Generator) -> Case:
    n, classes = choose(_FEW, 9), choose(2, 12)  # one sure image's loss is all but zero
    labels = rng.integers(0, classes, n)
    settings: dict[str, Any] = {"labels": labels, "label_smoothing": choose(0, 3) / 10}
    settings["reduction"] = REDUCTIONS[choose(0, 2)]
    if choose(0, 1):
        settings["weight"] = rng.uniform(0.2, 3, classes)
    if choose(0, 2) == 0:
        settings["ignore_index"] = ignored = choose(-2, classes - 1)
        labels[1:][rng.random(n - 1) < 0.3] = ignored
        labels[0] = (ignored + 1) % classes  # one at least that counts
    return Case({"logits": rng.standard_normal((n, classes)) * 2}, settings)


def logits(choose: Choose, rng: np.random.Generator) -> Case:
    shape = choose(_FEW, 7), choose(2, 12)
    return Case({"logits": shuffled(rng.standard_normal(shape) * 3, choose)})


def add(choose: Choose, rng: np.random.Generator) -> Case:
    a = _image(choose, rng, choose(1, 9))
    return Case({"a": a, "b": shuffled(rng.standard_normal(a.shape), choose)})


def scale(choose: Choose, rng: np.random.Generator) -> Case:
    x = _image(choose, rng, choose(_FEW, 9))
    return Case({"x": x, "g": shuffled(rng.standard_normal((len(x), x.shape[-1])), choose)})


def fake_quantize(choose: Choose, rng: np.random.Generator) -> Case:
    """x at least 0.05 from where it is rounded otherwise, in steps; a third of it is clipped."""
    bits = choose(2, 4)
    least = -choose(0, 2**bits - 1)
    settings = {"least": least, "greatest": least + 2**bits - 1}
    settings["zero_point"] = zero = choose(*settings.values())
    scale = rng.uniform(0.05, 2, choose(_FEW, 9))
    shape, reach = _image(choose, rng, len(scale)).shape, 2 ** (bits - 2) + 1
    whole = rng.integers(least - reach, least + 2**bits + reach, shape) - zero
    x = scale * (whole + rng.uniform(-0.45, 0.45, shape))
    return Case({"x": shuffled(x, choose), "scale": scale}, settings)
