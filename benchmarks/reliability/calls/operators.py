"""Right calls of the operators on floats, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.ops.checks import Cache
from npmobilenet.ops.rungs import COMMON, RUNGS

from . import wrong
from .subjects import Call, Draw, Subject
from .wrong import Kind, arrays, choices, flags, integers, numbers, paddings, pairs

Made = tuple[dict[str, Any], dict[str, Kind]]
ANY = {"...": "..."}


def _rungs(draw: Draw, offered: tuple[str, ...]) -> tuple[str, Kind]:
    """A rung that computes in the precision of the call, and what is none."""
    found = draw.rung(offered)
    kind = choices(*offered, none=True)
    if "simd" in offered and draw.dtype == np.float64:
        kind = wrong.both(kind, wrong.more("simd"))
    return found, kind


def _floats(draw: Draw, axes: dict[str, tuple[str, tuple[int, ...]]], rung: str = "") -> Made:
    """Arrays by name, each with the names of its axes, which others share."""
    good, kinds = {}, {}
    for name, (named, shape) in axes.items():
        others = {a for o, (words, _) in axes.items() if o != name for a in words.split()}
        good[name] = draw.floats(*shape, positive=name in ("variance", "scale"))
        several = len(axes) > 1 and name not in ("mean", "variance")
        kinds[name] = arrays(
            named,
            others,
            together=several,
            none=name == "b" and "w" in axes,
            objects=rung == "loops",
        )
    return good, kinds


def _window(draw: Draw, good: dict[str, Any], kinds: dict[str, Kind], *more: str) -> None:
    """Settings of a sliding window, and what is wrong with them."""
    good["stride"], kinds["stride"] = draw.some(1, 2, (1, 2)), pairs(none="kernel_size" in good)
    if "padding" in more:
        good["padding"] = (
            draw.some("same", "symmetric", 3, (3, 4), (4, 3, 5, 2)) if draw.k < 5 else "same"
        )
        kinds["padding"] = paddings()
    if "dilation" in more:
        good["dilation"], kinds["dilation"] = draw.some(1, 1, 2), pairs()
        large = wrong.more((draw.h + 1, 10**6), 10**6, must=False)
        kinds["dilation"] = wrong.both(kinds["dilation"], large)


def _conv2d(draw: Draw) -> Made:
    rung, kind = _rungs(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("K L M O", (draw.k, draw.k, draw.m, draw.o)),
    }
    return _convolution(draw, axes, rung, kind)


def _depthwise(draw: Draw) -> Made:
    rung, kind = _rungs(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("K L M", (draw.k, draw.k, draw.m)),
    }
    return _convolution(draw, axes, rung, kind, "M")


def _grouped(draw: Draw) -> Made:
    rung, kind = _rungs(draw, COMMON)
    groups, part = draw.some(1, 2, 3), draw.some(1, 2)
    draw.m, draw.o = groups * part, groups * draw.some(1, 2)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("K L P O", (draw.k, draw.k, part, draw.o)),
    }
    good, kinds = _convolution(draw, axes, rung, kind)
    good["groups"], kinds["groups"] = (
        groups,
        wrong.both(integers(), wrong.more(5, 7, 2**31, 10**30)),
    )
    kinds["x"] = arrays("N H W M", {"M"}, together=True, objects=rung == "loops")
    kinds["w"] = arrays("K L P O", {"P", "O"}, together=True, objects=rung == "loops")
    return good, kinds


def _convolution(
    draw: Draw, axes: dict[str, Any], rung: str, kind: Kind, filters: str = "O"
) -> Made:
    if draw.rng.random() < 0.5:
        axes["b"] = (filters, (axes["w"][1][-1],))
    good, kinds = _floats(draw, axes, rung)
    _window(draw, good, kinds, "padding", "dilation")
    return good | {"rung": rung}, kinds | {"rung": kind}


def _pointwise(draw: Draw) -> Made:
    rung, kind = _rungs(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("M O", (draw.m, draw.o)),
        "b": ("O", (draw.o,)),
    }
    good, kinds = _floats(draw, axes, rung)
    _window(draw, good, kinds)
    return good | {"rung": rung}, kinds | {"rung": kind}


def _dense(draw: Draw) -> Made:
    rung, kind = _rungs(draw, RUNGS)
    axes = {"x": ("N M", (draw.n, draw.m)), "w": ("M O", (draw.m, draw.o)), "b": ("O", (draw.o,))}
    good, kinds = _floats(draw, axes, rung)
    return good | {"rung": rung}, kinds | {"rung": kind}


def _batch_norm(draw: Draw) -> Made:
    rung, kind = _rungs(draw, COMMON)
    x = ("N H W C", (draw.n, draw.h, draw.w, draw.m))
    vectors = dict.fromkeys(("gamma", "beta", "mean", "variance"), ("C", (draw.m,)))
    good, kinds = _floats(draw, {"x": x, **vectors})
    good |= {"train": draw.some(True, False), "eps": 1e-3, "momentum": 0.1, "rung": rung}
    kinds |= {"train": flags(), "rung": kind, "eps": numbers(lambda v: v >= 0)}
    kinds |= {"momentum": numbers(lambda v: 0 <= v <= 1), "total": wrong.callables(none=True)}
    return good, kinds


def _pool(draw: Draw) -> Made:
    rung, kind = _rungs(draw, COMMON)
    good, kinds = _floats(draw, {"x": ("N H W M", (draw.n, draw.h, draw.w, draw.m))})
    good["kernel_size"], kinds["kernel_size"] = draw.some(1, 2, (3, 2)), pairs()
    _window(draw, good, kinds)
    good |= {
        "padding": draw.some("valid", "same"),
        "ceil_mode": draw.some(True, False),
        "rung": rung,
    }
    return good, kinds | {"padding": paddings(), "ceil_mode": flags(), "rung": kind}


def _avg_pool(draw: Draw) -> Made:
    good, kinds = _pool(draw)
    return good | {"count_padding": draw.some(True, False)}, kinds | {"count_padding": flags()}


def _max_pool(draw: Draw) -> Made:
    good, kinds = _pool(draw)
    return good | {"dilation": 1}, kinds | {"dilation": pairs()}


def _global(draw: Draw) -> Made:
    rung, kind = _rungs(draw, COMMON)
    good, kinds = _floats(draw, {"x": ("N H W M", (draw.n, draw.h, draw.w, draw.m))})
    return good | {"rung": rung}, kinds | {"rung": kind}


def _any_shape(draw: Draw) -> tuple[int, ...]:
    shapes = (draw.n, draw.m), (draw.n, draw.h, draw.w, draw.m), (draw.m,)
    return shapes[int(draw.rng.integers(len(shapes)))]


def _clip(draw: Draw) -> Made:
    rung, kind = _rungs(draw, ("numpy", "numba"))
    good, kinds = _floats(draw, {"x": ("...", _any_shape(draw))})
    kinds["x"] = arrays("...", ())
    return good | {"rung": rung}, kinds | {"rung": kind}


def _element(draw: Draw) -> Made:
    good, _ = _floats(draw, {"x": ("...", _any_shape(draw))})
    return good, {"x": arrays("...", ())}


def _hard_sigmoid(draw: Draw) -> Made:
    good, kinds = _element(draw)
    return good | {"slope": 0.2}, kinds | {"slope": numbers(lambda v: v > 0)}


def _logits(draw: Draw) -> Made:
    good, kinds = _element(draw)
    return {"logits": good["x"]}, {"logits": kinds["x"]}


def _add(draw: Draw) -> Made:
    shape = _any_shape(draw)
    return _floats(draw, {"a": ("...", shape), "b": ("...", shape)})


def _scale(draw: Draw) -> Made:
    return _floats(
        draw, {"x": ("N H W C", (draw.n, draw.h, draw.w, draw.m)), "g": ("N C", (draw.n, draw.m))}
    )


def _dropout(draw: Draw) -> Made:
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


def _loss(draw: Draw) -> Made:
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


def _fake(draw: Draw) -> Made:
    rung, kind = _rungs(draw, ("numpy", "numba"))
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


NAN, INF = wrong.NAN, wrong.INF
MADE: dict[str, Callable[[Draw], Made]] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise,
    "grouped_conv2d": _grouped,
    "pointwise_conv2d": _pointwise,
    "dense": _dense,
    "batch_norm": _batch_norm,
    "avg_pool2d": _avg_pool,
    "max_pool2d": _max_pool,
    "global_avg_pool": _global,
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


def _ran(name: str, draw: Draw) -> tuple[Any, Any]:
    """Result and cache of a right call."""
    found = getattr(nm, name)(**MADE[name](draw)[0])
    return (found, found) if name == "softmax" else found[:2]


def _caches(name: str, draw: Draw, y: Any) -> Kind:
    """What is not the cache of that call: of another operator, made up, of another precision."""

    def kind(own: Any) -> Any:
        yield from wrong.junk(lambda v: False)(None)
        yield wrong.Wrong("y", y)
        yield wrong.Wrong("made up", Cache(name, own.result, own.dtype))
        yield wrong.Wrong("its class", type(own))
        for other in MADE:
            if other not in (name, "softmax"):
                again = Draw(
                    np.random.default_rng(draw.rng.integers(2**32)), draw.guards, draw.rungs
                )
                z, foreign = _ran(other, again)
                yield wrong.Wrong(f"that of {other}", foreign)
                if (
                    isinstance(z, np.ndarray)
                    and z.dtype == draw.dtype
                    and isinstance(y, np.ndarray)
                ):
                    yield wrong.Wrong(f"that of {other}, made to fit", _fitting(foreign, own))

    return kind


def _fitting(foreign: Cache, own: Cache) -> Cache:
    """Another operator's cache that says it is of our shape."""
    import copy

    found = copy.copy(foreign)
    object.__setattr__(found, "result", own.result)
    return found


def _backwards(name: str) -> Subject:
    def make(draw: Draw) -> Call:
        y, cache = _ran(name, draw)
        dy: Any = 1.0
        kinds: dict[str, Kind] = {}
        grad = "dy"
        if name == "softmax_cross_entropy":
            grad = "dloss"
            kinds[grad] = numbers(lambda v: True)
        if isinstance(y, np.ndarray):
            dy = draw.guards.like(draw.rng.standard_normal(y.shape).astype(y.dtype))
            every = " ".join("abcd"[: y.ndim])
            kinds[grad] = arrays(every, set(every.split()), dtypes=(str(y.dtype),), together=True)
        good = {grad: dy, "y" if name == "softmax" else "cache": cache}
        if name == "softmax":
            every = " ".join("abcd"[: y.ndim])
            kinds["y"] = arrays(every, set(every.split()), together=True)
        else:
            kinds["cache"] = _caches(name, draw, y)
        if name.endswith("conv2d") or name == "dense":
            good["input_gradient"], kinds["input_gradient"] = True, flags()
        if name == "fake_quantize":
            good["scale_gradient"], kinds["scale_gradient"] = True, flags()
        words = {"y": ("y ", "dy"), "cache": ("cache",), "dy": ("dy ",)}
        return Call(getattr(nm, f"{name}_backward"), good, kinds, words)

    return Subject(f"{name}_backward", make, (f"{name}_backward",), memory=True, compiled=True)


def subjects() -> list[Subject]:
    """Every operator, forwards and backwards."""
    return [*map(_forwards, MADE), *map(_backwards, MADE)]
