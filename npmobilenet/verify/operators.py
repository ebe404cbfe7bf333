"""Every operator as something that can be checked: how to draw a case, run it, and ask PyTorch.

`choose(low, high)` draws an integer, ends included; it decides shapes and settings, so that a seed
or Hypothesis can play its part.  Arrays are drawn from `rng`, in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..ops.checks import Array
from ..ops.loss import REDUCTIONS
from ..ops.rungs import COMMON, RUNGS
from ..ops.window import window
from . import torch_peers

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


@dataclass(frozen=True)
class Operator:
    """How to draw, run and check one operator.

    run(arrays, settings, rung) -> outputs by name, "y" first, and the cache;
    gradients(dy, cache) -> gradient by the names of arrays;
    torch(arrays, settings) -> outputs by name, from and as torch tensors;
    smooth(case) -> where the gradients are by rule those of another function: that one, arrays -> y.
    """

    name: str
    draw: Callable[[Choose, np.random.Generator], Case]
    run: Callable[[Arrays, dict[str, Any], str | None], tuple[Arrays, Any]]
    gradients: Callable[[Any, Any], Arrays]
    torch: Callable[[Any, dict[str, Any]], dict[str, Any]]
    rungs: tuple[str, ...] = COMMON
    linear_in: tuple[str, ...] = ()
    smooth: Callable[[Case], Callable[[Arrays], Array]] | None = None


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


def _draw_conv(choose: Choose, rng: np.random.Generator) -> Case:
    kernel = choose(1, 4), choose(1, 4)
    m, o = choose(1, 5), choose(_FEW, 9)
    arrays = {"x": _image(choose, rng, m), "w": rng.standard_normal((*kernel, m, o))}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays, _windowed(choose, kernel))


def _draw_depthwise(choose: Choose, rng: np.random.Generator) -> Case:
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


def _draw_pointwise(choose: Choose, rng: np.random.Generator) -> Case:
    m, o = choose(1, 17), choose(_FEW, 40)
    arrays = {"x": _image(choose, rng, m), "w": shuffled(rng.standard_normal((m, o)), choose)}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays, {"stride": (choose(1, 3), choose(1, 3))})


def _draw_dense(choose: Choose, rng: np.random.Generator) -> Case:
    n, m, o = choose(1, 20), choose(1, 20), choose(_FEW, 17)
    x = shuffled(rng.standard_normal((n, m)), choose)
    arrays = {"x": x, "w": shuffled(rng.standard_normal((m, o)), choose)}
    if choose(0, 1):
        arrays["b"] = rng.standard_normal(o)
    return Case(arrays)


def _draw_batch_norm(train: bool) -> Callable[[Choose, np.random.Generator], Case]:
    def draw(choose: Choose, rng: np.random.Generator) -> Case:
        c = choose(_FEW, 9)
        x = _image(choose, rng, c) * rng.uniform(0.5, 2, c) + rng.standard_normal(c)
        arrays = {"x": x, "gamma": rng.uniform(0.5, 2, c), "beta": rng.standard_normal(c)}
        # drawn, not 0 and 1: the defaults would hide a forgotten eps or a swapped pair
        running = {"mean": rng.standard_normal(c), "variance": rng.uniform(0.2, 3, c)}
        eps, momentum = (1e-3, 1e-5)[choose(0, 1)], (0.1, 0.01, 0.9)[choose(0, 2)]
        return Case(arrays, {**running, "train": train, "eps": eps, "momentum": momentum})

    return draw


def _draw_grouped(choose: Choose, rng: np.random.Generator) -> Case:
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


def _draw_max_pool(choose: Choose, rng: np.random.Generator) -> Case:
    size = choose(1, 4), choose(1, 4)
    padding = _halves(choose, size)
    settings: dict[str, Any] = {"kernel_size": size, "stride": (choose(1, 3), choose(1, 3))}
    settings["padding"] = padding
    largest = [(3 + 2 * p - 1) // max(1, k - 1) for k, p in zip(size, padding, strict=True)]
    settings["dilation"] = tuple(choose(1, min(2, most)) for most in largest)
    return Case(
        {"x": _image(choose, rng, choose(1, 9))}, settings | {"ceil_mode": bool(choose(0, 1))}
    )


def _draw_pool(choose: Choose, rng: np.random.Generator) -> Case:
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


def _draw_bright(choose: Choose, rng: np.random.Generator) -> Case:
    """A map whose mean is near 1: of one near 0, where everything cancels, an error has no scale."""
    return Case({"x": _image(choose, rng, choose(1, 9)) + 1})


def _draw_activation(*kinks: float, **slopes: tuple[float, ...]) -> Callable[..., Case]:
    """x from -8 to 8, at least 0.01 from every kink, where central differences mean nothing."""

    def draw(choose: Choose, rng: np.random.Generator) -> Case:
        x = _image(choose, rng, choose(1, 9)) * 3
        settings = {name: values[choose(0, len(values) - 1)] for name, values in slopes.items()}
        ends = [s * 0.5 / settings["slope"] for s in (-1, 1)] if "slope" in settings else kinks
        for kink in ends:
            x = np.where(np.abs(x - kink) < 0.01, kink + 0.02, x)
        return Case({"x": shuffled(x, choose)}, settings)

    return draw


def _draw_dropout(choose: Choose, rng: np.random.Generator) -> Case:
    settings = {
        "rate": choose(0, 10) / 10,
        "seed": choose(0, 1000),
        "train": bool(choose(0, 1)),
        "mode": ("inverted", "downscale_in_infer")[choose(0, 1)],
    }
    return Case({"x": _image(choose, rng, choose(1, 9))}, settings)


def _draw_loss(choose: Choose, rng: np.random.Generator) -> Case:
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


def _draw_logits(choose: Choose, rng: np.random.Generator) -> Case:
    shape = choose(_FEW, 7), choose(2, 12)
    return Case({"logits": shuffled(rng.standard_normal(shape) * 3, choose)})


def _draw_add(choose: Choose, rng: np.random.Generator) -> Case:
    a = _image(choose, rng, choose(1, 9))
    return Case({"a": a, "b": shuffled(rng.standard_normal(a.shape), choose)})


def _draw_scale(choose: Choose, rng: np.random.Generator) -> Case:
    x = _image(choose, rng, choose(_FEW, 9))
    return Case({"x": x, "g": shuffled(rng.standard_normal((len(x), x.shape[-1])), choose)})


def _draw_fake_quantize(choose: Choose, rng: np.random.Generator) -> Case:
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


def _standing_still(case: Case) -> Callable[[Arrays], Array]:
    """Fake quantisation whose rounding errors, and what is clipped to which end, are those of a case.

    Of this function the straight-through rule gives the gradient.
    """
    v, settings = case.arrays["x"] / case.arrays["scale"], case.settings
    zero = settings["zero_point"]
    q = np.rint(v) + zero
    clipped = np.clip(q, settings["least"], settings["greatest"])
    error, inside = np.rint(v) - v, clipped == q

    def function(arrays: Arrays) -> Array:
        moved = arrays["x"] / arrays["scale"] + error
        y: Array = np.where(inside, moved, clipped - zero) * arrays["scale"]
        return y

    return function


def _with_rung(function: Callable[..., Any]) -> Callable[..., tuple[Arrays, Any]]:
    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y, cache = function(*arrays.values(), **settings, rung=rung)
        return {"y": y}, cache

    return run


def _formula(function: Callable[..., Any]) -> Callable[..., tuple[Arrays, Any]]:
    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y, cache = function(*arrays.values(), **settings)
        return {"y": np.asarray(y)}, cache

    return run


def _run_batch_norm(
    arrays: Arrays, settings: dict[str, Any], rung: str | None
) -> tuple[Arrays, Any]:
    given: dict[str, Any] = arrays | settings
    y, cache, running = ops.batch_norm(**given, rung=rung)
    return {"y": y, "mean": running.mean, "variance": running.variance}, cache


def _run_dropout(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
    given = {name: value for name, value in settings.items() if name != "seed"}
    y, cache = ops.dropout(arrays["x"], rng=np.random.default_rng(settings["seed"]), **given)
    return {"y": y}, cache


def _named(function: Callable[..., Any], *names: str) -> Callable[[Any, Any], Arrays]:
    def gradients(dy: Any, cache: Any) -> Arrays:
        found = function(dy, cache)
        return dict(zip(names, found if isinstance(found, tuple) else (found,), strict=False))

    return gradients


def _loss_gradients(dy: Any, cache: Any) -> Arrays:
    dloss = dy if np.ndim(dy) else float(dy)
    return {"logits": ops.softmax_cross_entropy_backward(dloss, cache)}


def _returned(function: Callable[..., Array]) -> Callable[..., tuple[Arrays, Any]]:
    """Of an operator whose backward pass needs what it returned."""

    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y = function(*arrays.values(), **settings)
        return {"y": y}, y

    return run


def _operator(
    name: str,
    draw: Callable[[Choose, np.random.Generator], Case],
    arrays: str = "x",
    *,
    linear_in: str = "",
    **others: Any,
) -> Operator:
    """The operator `ops.name`; arrays and linear_in are names with blanks between."""
    function, title = name.partition(" ")[0], name
    others.setdefault("rungs", COMMON)
    wrap = _with_rung if "numba" in others["rungs"] else _formula
    others.setdefault("run", wrap(getattr(ops, function)))
    others.setdefault("gradients", _named(getattr(ops, f"{function}_backward"), *arrays.split()))
    peer = getattr(torch_peers, function)
    return Operator(title, draw, torch=peer, linear_in=tuple(linear_in.split()), **others)


_CLIP: dict[str, Any] = {"rungs": ("numpy", "numba")}
_FORMULA: dict[str, Any] = {"rungs": ("numpy",)}
_NORM: dict[str, Any] = {"run": _run_batch_norm, "arrays": "x gamma beta"}

OPERATORS = {
    operator.name: operator
    for operator in (
        _operator("conv2d", _draw_conv, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("depthwise_conv2d", _draw_depthwise, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("grouped_conv2d", _draw_grouped, "x w b", linear_in="x w"),
        _operator("pointwise_conv2d", _draw_pointwise, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("dense", _draw_dense, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("batch_norm train", _draw_batch_norm(True), **_NORM),
        _operator("batch_norm eval", _draw_batch_norm(False), **_NORM, linear_in="x"),
        _operator("avg_pool2d", _draw_pool, linear_in="x"),
        _operator("max_pool2d", _draw_max_pool),
        _operator("global_avg_pool", _draw_bright, linear_in="x"),
        _operator("relu", _draw_activation(0), **_CLIP),
        _operator("relu6", _draw_activation(0, 6), **_CLIP),
        _operator("sigmoid", _draw_activation(), **_FORMULA),
        _operator("swish", _draw_activation(), **_FORMULA),
        _operator("hard_sigmoid", _draw_activation(slope=(1 / 6, 0.2)), **_FORMULA),
        _operator("hard_swish", _draw_activation(-3, 3), **_FORMULA),
        _operator("fake_quantize", _draw_fake_quantize, "x scale", smooth=_standing_still, **_CLIP),
        _operator("dropout", _draw_dropout, linear_in="x", run=_run_dropout, **_FORMULA),
        _operator("softmax", _draw_logits, "logits", run=_returned(ops.softmax), **_FORMULA),
        _operator("log_softmax", _draw_logits, "logits", **_FORMULA),
        _operator("softmax_cross_entropy", _draw_loss, gradients=_loss_gradients, **_FORMULA),
        _operator("add", _draw_add, "a b", linear_in="a b", **_FORMULA),
        _operator("scale_channels", _draw_scale, "x g", linear_in="x g", **_FORMULA),
    )
}
