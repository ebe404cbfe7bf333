"""What may be wrong with an array: its type, its dtype, its axes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from .junk import Stands, Sub
from .wrong import Kind, Wrong, junk


def arrays_instead(x: np.ndarray[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What is no array of the same kind of numbers in this machine's byte order."""
    yield "None", None
    yield "text", "text"
    yield "()", ()
    yield "object()", object()
    yield "list", x.tolist()
    yield "tuple", tuple(x.tolist()) if x.ndim else ()
    yield "ragged list", [[1.0], [2.0, 3.0]]
    yield "number", 3.0
    yield "NumPy's number", np.float32(3)
    yield "stands for an array", Stands()
    yield "bytes", x.tobytes()
    if x.size:
        yield "memoryview", memoryview(np.ascontiguousarray(x))
    yield "masked", np.ma.masked_array(x, mask=np.zeros(x.shape, bool))
    yield "subclass", x.view(Sub)
    if x.ndim == 2:
        yield "matrix", x.view(np.matrix)
    yield "recarray", np.rec.array(np.zeros(x.shape, [("a", "f4")]))
    for what in ("f2", "i4", "i8", "u2", "?", "c8", "c16", "g", "U8", "S4"):
        if np.dtype(what) != x.dtype:
            yield str(np.dtype(what)), x.astype(what)
    yield (
        "big-endian",
        x.astype(np.dtype(np.int16 if x.itemsize == 1 else x.dtype).newbyteorder(">")),
    )
    yield "dates", np.zeros(x.shape, "M8[s]")
    yield "record", np.zeros(x.shape, [("a", "f4")])
    yield "raw", np.zeros(x.shape, "V4")
    yield "objects of nothing", np.full(x.shape, None, object)
    yield "class", np.ndarray


def arrays(
    axes: str,
    shared: Collection[str],
    *,
    dtypes: Collection[str] = ("float32", "float64"),
    together: bool = False,
    none: bool = False,
    objects: bool = False,
    empty: bool = False,
) -> Kind:
    """An array with named axes, such as "N H W M"; those of `shared` other arguments have, too.

    together: other arrays must have its dtype; none: None is right; objects: arrays of objects may be.
    "..." as axes: any number of them; empty: also none of their last.
    """
    named = axes.split()

    def kind(good: Any) -> Iterator[Wrong]:
        for what, value in arrays_instead(good):
            if value is None and none:
                continue
            dtype = str(value.dtype) if isinstance(value, np.ndarray) else ""
            plain = type(value) is np.ndarray
            if plain and (dtype in dtypes or (dtype == "object" and objects)):
                yield Wrong(what, value, together)
            else:
                yield Wrong(what, value)
        if together:
            for dtype in dtypes:
                if dtype != str(good.dtype):
                    yield Wrong(f"all {dtype}", good.astype(dtype))
        if named == ["..."]:
            yield from (
                w for w in _any_axes(good, shared) if not (empty and w.what == "no channels")
            )
        else:
            yield from _axes(good, named, shared)

    return kind


def _any_axes(good: Any, shared: Collection[str]) -> Iterator[Wrong]:
    if shared:
        yield Wrong("one axis more", good[None])
        yield Wrong("0-d", good.reshape(-1)[:1].reshape(()), good.ndim > 0)
        yield Wrong("last axis +1", np.concatenate([good, good[..., :1]], -1))
        yield Wrong("half of it", good[: len(good) // 2] if len(good) > 1 else good[:0])
        if good.ndim > 1:
            yield Wrong("flat", good.reshape(-1))
    if good.ndim > 1:
        yield Wrong("no channels", good[..., :0])


def _axes(good: Any, named: list[str], shared: Collection[str]) -> Iterator[Wrong]:
    yield Wrong("one axis more", good[None])
    yield Wrong("0-d", np.ones((), good.dtype))
    yield Wrong("six axes", np.ones((1,) * 6, good.dtype))
    if good.ndim > 1:
        yield Wrong("one axis less", good[0])
        yield Wrong("flat", good.reshape(-1))
    for axis, name in enumerate(named):
        if name != "N":
            yield Wrong(f"no {name}", good.take([], axis=axis))
        first = good.take([0], axis=axis)
        fixed = name in shared
        yield Wrong(f"{name} + 1", np.concatenate([good, first], axis), fixed)
        if good.shape[axis] > 1:
            yield Wrong(f"one of {name}", first, fixed)


def mappings(good: Mapping[str, Any], *, changed: bool = True) -> Kind:
    """Arrays by name, which have to be exactly those of a plan."""
    first = next(iter(good))
    array = good[first]

    def kind(_: Any) -> Iterator[Wrong]:
        yield from junk(lambda v: False)(None)
        yield Wrong("one missing", {k: v for k, v in good.items() if k != first})
        yield Wrong("one more", {**good, "more.weight": array})
        yield Wrong("a name that is no text", {**good, 3: array})
        if not changed:
            return
        for what, value in arrays_instead(array):
            yield Wrong(f"{first}: {what}", {**good, first: value})
        yield Wrong(f"{first}: last axis less", {**good, first: array[..., :-1]})
        yield Wrong(f"{first}: one axis more", {**good, first: array[None]})
        yield Wrong(f"{first}: flat", {**good, first: array.reshape(-1)})
        if array.T.shape != array.shape:
            yield Wrong(f"{first}: transposed", {**good, first: array.T})
        for what in ("f2", "i4", "c8", "?", array.dtype.newbyteorder(">"), object, "g"):
            every = {name: value.astype(what) for name, value in good.items()}
            yield Wrong(f"all {np.dtype(what)}", every)

    return kind
