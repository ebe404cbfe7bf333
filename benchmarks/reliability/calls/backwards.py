"""Right calls of backward passes: their dy, and whose caches they may be given."""

from __future__ import annotations

from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.ops.checks import Cache

from . import wrong
from .operators import MADE
from .subjects import Call, Draw, Subject
from .wrong import Kind, flags, numbers
from .wrong_arrays import arrays


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
    """Every operator, backwards."""
    return list(map(_backwards, MADE))
