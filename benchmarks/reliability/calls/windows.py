"""Right calls of convolutions, dense layers, normalisation and pools."""

from __future__ import annotations

from typing import Any

import numpy as np

from npmobilenet.ops.rungs import COMMON, RUNGS

from . import wrong
from .subjects import Draw, Given
from .wrong import Kind, choices, flags, integers, numbers, paddings, pairs
from .wrong_arrays import arrays

ANY = {"...": "..."}


def rungs_of(draw: Draw, offered: tuple[str, ...]) -> tuple[str, Kind]:
    """A rung that computes in the precision of the call, and what is none."""
    found = draw.rung(offered)
    kind = choices(*offered, none=True)
    if "simd" in offered and draw.dtype == np.float64:
        kind = wrong.both(kind, wrong.more("simd"))
    return found, kind


def floats(draw: Draw, axes: dict[str, tuple[str, tuple[int, ...]]], rung: str = "") -> Given:
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


def conv2d(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("K L M O", (draw.k, draw.k, draw.m, draw.o)),
    }
    return _convolution(draw, axes, rung, kind)


def depthwise(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("K L M", (draw.k, draw.k, draw.m)),
    }
    return _convolution(draw, axes, rung, kind, "M")


def grouped(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, COMMON)
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
) -> Given:
    if draw.rng.random() < 0.5:
        axes["b"] = (filters, (axes["w"][1][-1],))
    good, kinds = floats(draw, axes, rung)
    _window(draw, good, kinds, "padding", "dilation")
    return good | {"rung": rung}, kinds | {"rung": kind}


def pointwise(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, RUNGS)
    axes = {
        "x": ("N H W M", (draw.n, draw.h, draw.w, draw.m)),
        "w": ("M O", (draw.m, draw.o)),
        "b": ("O", (draw.o,)),
    }
    good, kinds = floats(draw, axes, rung)
    _window(draw, good, kinds)
    return good | {"rung": rung}, kinds | {"rung": kind}


def dense(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, RUNGS)
    axes = {"x": ("N M", (draw.n, draw.m)), "w": ("M O", (draw.m, draw.o)), "b": ("O", (draw.o,))}
    good, kinds = floats(draw, axes, rung)
    return good | {"rung": rung}, kinds | {"rung": kind}


def batch_norm(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, COMMON)
    x = ("N H W C", (draw.n, draw.h, draw.w, draw.m))
    vectors = dict.fromkeys(("gamma", "beta", "mean", "variance"), ("C", (draw.m,)))
    good, kinds = floats(draw, {"x": x, **vectors})
    good |= {"train": draw.some(True, False), "eps": 1e-3, "momentum": 0.1, "rung": rung}
    kinds |= {"train": flags(), "rung": kind, "eps": numbers(lambda v: v >= 0)}
    kinds |= {"momentum": numbers(lambda v: 0 <= v <= 1), "total": wrong.callables(none=True)}
    return good, kinds


def _pool(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, COMMON)
    good, kinds = floats(draw, {"x": ("N H W M", (draw.n, draw.h, draw.w, draw.m))})
    good["kernel_size"], kinds["kernel_size"] = draw.some(1, 2, (3, 2)), pairs()
    _window(draw, good, kinds)
    good |= {
        "padding": draw.some("valid", "same"),
        "ceil_mode": draw.some(True, False),
        "rung": rung,
    }
    return good, kinds | {"padding": paddings(), "ceil_mode": flags(), "rung": kind}


def avg_pool(draw: Draw) -> Given:
    good, kinds = _pool(draw)
    return good | {"count_padding": draw.some(True, False)}, kinds | {"count_padding": flags()}


def max_pool(draw: Draw) -> Given:
    good, kinds = _pool(draw)
    return good | {"dilation": 1}, kinds | {"dilation": pairs()}


def global_pool(draw: Draw) -> Given:
    rung, kind = rungs_of(draw, COMMON)
    good, kinds = floats(draw, {"x": ("N H W M", (draw.n, draw.h, draw.w, draw.m))})
    return good | {"rung": rung}, kinds | {"rung": kind}
