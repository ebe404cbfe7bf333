"""Right calls of the operators on floats, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import npmobilenet as nm

from . import wrong
from .junk import INF, NAN
from .subjects import Call, Draw, Given, Subject
from .windows import (
    avg_pool,
    batch_norm,
    conv2d,
    dense,
    depthwise,
    floats,
    global_pool,
    grouped,
    max_pool,
    pointwise,
    rungs_of,
)
from .wrong import choices, flags, numbers
from .wrong_arrays import arrays


def _any_shape(draw: Draw) -> tuple[int, ...]:
    shapes = (draw.n, draw.m), (draw.n, draw.h, draw.w, draw.m), (draw.m,)
    return shapes[int(draw.rng.integers(len(shapes)))]


def _clip(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, ("numpy", "numba"))
    good, kinds = floats(draw, {"x": ("...", _any_shape(draw))})
    kinds["x"] = arrays("...", ())
    return good | {"rung": rung}, kinds | {"rung": kind}


def _element(draw: Draw) -> Given:
    good, _ = floats(draw, {"x": ("...", _any_shape(draw))})
    return good, {"x": arrays("...", ())}


def _hard_sigmoid(draw: Draw) -> Given:
    good, kinds = _element(draw)
    return good | {"slope": 0.2}, kinds | {"slope": numbers(lambda v: v > 0)}


def _logits(draw: Draw) -> Given:
    good, kinds = _element(draw)
    return {"logits": good["x"]}, {"logits": kinds["x"]}


def _add(draw: Draw) -> Given:
    shape = _any_shape(draw)
    return floats(draw, {"a": ("...", shape), "b": ("...", shape)})


def _scale(draw: Draw) -> Given:
    return floats(
        draw, {"x": ("N H W C", (draw.n, draw.h, draw.w, draw.m)), "g": ("N C", (draw.n, draw.m))}
    )


def _dropout(draw: Draw) -> Given:
    good, kinds = _element(draw)
    train = draw.some(True, False)
    good |= {
        "rate": draw.some(0, 0.5, 1),
        "train": train,
        "mode": "inverted",
        "rng": np.random.default_rng(0),
    }
    kinds |= {
        "rate": numbers(lambda v: 0 <= v <= 1),
        "train": flags(),
        "mode": choices("inverted", "downscale_in_infer"),
    }
    if train:
        kinds["rng"] = wrong.both(wrong.junk(lambda v: False), wrong.more(np.random.RandomState(0)))
    return good, kinds


def _loss(draw: Draw) -> Given:
    n, classes = draw.n + 2, draw.m + 1
    good: dict[str, Any] = {"logits": draw.floats(n, classes)}
    good["labels"] = draw.integers("int64", n, least=0, most=classes - 1)
    good |= {"label_smoothing": 0.1, "weight": None, "reduction": draw.some("mean", "sum", "none")}
    if draw.rng.random() < 0.5:
        good["weight"] = draw.floats(classes, positive=True)
    spoilt = np.full((n, classes), 1 / classes)
    labels = wrong.both(
        wrong.junk(
            lambda v: (
                isinstance(v, tuple | list)
                and len(v) == n
                and all(map(wrong.whole, v))
                and max(v) < classes
            )
        ),
        wrong.more(
            np.full(n, -1),
            np.full(n, classes),
            np.zeros(n),
            np.zeros((n, 1), int),
            np.zeros(n + 1, int),
            np.zeros(0, int),
            np.array(["a"] * n),
            np.full(n, 2**64 - 1, np.uint64),
            np.full(n, -(2**63)),
            np.zeros(n, bool),
            spoilt * NAN,
            -spoilt,
            spoilt * 2,
            spoilt * INF,
            np.array(0),
            np.array([None] * n),
            np.zeros((n, classes), int),
            np.zeros(n, "M8[s]"),
            np.ma.array(np.zeros(n, int), mask=np.zeros(n)),
            spoilt[:, :-1] if classes > 1 else spoilt[:0],
            np.zeros(n, complex),
            [0.5] * n,
            ["0"] * n,
            [2**63] * n,
        ),
    )
    weights = wrong.both(
        wrong.junk(lambda v: v is None),
        wrong.more(
            np.ones(classes + 1),
            -np.ones(classes),
            np.full(classes, NAN),
            np.full(classes, INF),
            np.ones((1, classes)),
            np.ones(classes, bool),
            np.ones(classes, complex),
            ["1"] * classes,
            np.ma.ones(classes),
            np.array(["a"] * classes),
        ),
    )
    kinds = {
        "logits": arrays("N classes", {"N"}),
        "labels": labels,
        "weight": weights,
        "label_smoothing": numbers(lambda v: 0 <= v <= 1),
        "ignore_index": wrong.junk(
            lambda v: True if v is None else None if wrong.whole(v) else False
        ),
        "reduction": choices("mean", "sum", "none"),
    }
    return good, kinds


def _fake(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, ("numpy", "numba"))
    channels = draw.some(1, draw.m)
    good: dict[str, Any] = {
        "x": draw.floats(draw.n, draw.h, draw.w, draw.m),
        "scale": draw.floats(channels, positive=True),
    }
    good |= {"zero_point": 3, "least": -128, "greatest": 127, "rung": rung}
    c = {"C"} if channels > 1 else set()
    scale = wrong.both(
        arrays("C", c, together=True),
        wrong.more(*(np.full(channels, v, draw.dtype) for v in (0, -1, NAN, INF))),
    )
    kinds = {"x": arrays("N H W C", c, together=True), "scale": scale, "rung": kind}
    if channels == draw.m:
        kinds["x"] = arrays("...", c, together=True)
    ends = wrong.junk(lambda v: None if wrong.whole(v) else False)
    return good, kinds | {"zero_point": ends, "least": ends, "greatest": ends}


MADE: dict[str, Callable[[Draw], Given]] = {
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise,
    "grouped_conv2d": grouped,
    "pointwise_conv2d": pointwise,
    "dense": dense,
    "batch_norm": batch_norm,
    "avg_pool2d": avg_pool,
    "max_pool2d": max_pool,
    "global_avg_pool": global_pool,
    "relu": _clip,
    "relu6": _clip,
    "sigmoid": _element,
    "swish": _element,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": _element,
    "log_softmax": _logits,
    "softmax": _logits,
    "softmax_cross_entropy": _loss,
    "add": _add,
    "scale_channels": _scale,
    "dropout": _dropout,
    "fake_quantize": _fake,
}


def _forwards(name: str) -> Subject:
    def make(draw: Draw) -> Call:
        good, kinds = MADE[name](draw)
        words = {
            "rung": ("rung", "float32"),
            "dilation": ("dilation", "padding"),
            "padding": ("padding", "padded"),
        }
        words |= {
            "kernel_size": ("kernel_size", "window"),
            "a": ("a ", "both"),
            "b": ("b ", "both"),
        }
        words |= {
            "labels": ("label",),
            "logits": ("logits", "labels", "weight"),
            "least": ("least", "zero_point"),
            "groups": ("groups",),
        }
        words |= {
            "greatest": ("greatest", "zero_point", "least"),
            "zero_point": ("zero_point", "least"),
        }
        return Call(getattr(nm, name), good, kinds, words)

    return Subject(name, make, (name,), memory=True, compiled=True)


def subjects() -> list[Subject]:
    """Every operator, forwards."""
    return list(map(_forwards, MADE))
