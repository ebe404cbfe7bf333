"""What may be wrong with an argument of each kind.  Whether it is nonsense is decided here, by the kind.

A kind is a function from the right value to wrong ones.  `must` is True where no answer is right, so that
the call has to be refused, and False where it may be either right or refused.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Wrong:
    """A value in the place of a right one; `what` is how a line calls it."""

    what: str
    value: Any
    must: bool = True


Kind = Callable[[Any], Iterator[Wrong]]
Judged = bool | None  # True: a right value; None: right or refused; False: nonsense


class _Two(enum.IntEnum):
    TWO = 2


class _Sub(np.ndarray):
    """A subclass, which may mean something else by its elements."""


class _Stands:
    """An object that turns into an array when asked."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.ones((2, 4, 4, 3), np.float32)


def _function(*_: Any) -> None:
    return None


# of no type that an argument has, but for those that a kind says are fine
JUNK: tuple[Any, ...] = (
    None,
    (),
    [],
    {},
    "",
    "text",
    b"text",
    "1",
    object(),
    object,
    1j,
    0,
    1,
    2,
    -1,
    -(2**63),
    2**31,
    2**32 + 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 + 1,
    10**30,
    10**400,
    0.0,
    -0.0,
    0.5,
    1.0,
    2.5,
    -0.5,
    1e308,
    1e-320,
    NAN,
    INF,
    -INF,
    True,
    False,
    np.True_,
    np.float32(2),
    np.float64(NAN),
    np.int8(-1),
    np.int64(2),
    np.uint64(2**64 - 1),
    np.array(2),
    np.array([1, 1]),
    np.array([1.5]),
    np.ma.masked,
    np.ma.array([1, 2], mask=[0, 1]),
    _Two.TWO,
    _Stands(),
    (1,),
    (1, 1),
    [2, 2],
    (1, 2, 3),
    (0, 1),
    (1, -1),
    (1, 1.5),
    (1, 2**63),
    (2**40, 1),
    (True, 1),
    [True, 1],
    (None, 1),
    ("1", "1"),
    (NAN, 1),
    [[1], [2, 3]],
    {1: 2},
    {"a"},
    frozenset({3}),
    range(2),
    slice(2),
    ...,
    _function,
    NotImplemented,
    ValueError("no"),
    "a\nb",
    "\x00",
    "é" * 3,
    "x" * 10_000,
    iter(()),
    memoryview(b"ab"),
    np,
)


def said(value: Any) -> str:
    """A value in a few letters."""
    text = f"{type(value).__name__} {value!r}" if not isinstance(value, str) else repr(value)
    return " ".join(text.split())[:50]


def whole(value: Any) -> bool:
    """An integer that is no bool."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def junk(fine: Callable[[Any], Judged]) -> Kind:
    """Everything of no type that fits; `fine` judges what is among it."""

    def kind(_: Any) -> Iterator[Wrong]:
        for value in JUNK:
            judged = fine(value)
            judged = judged if judged is None else bool(judged)
            if judged is not True:
                yield Wrong(said(value), value, judged is False)

    return kind


def both(*kinds: Kind) -> Kind:
    """What either kind says."""

    def kind(good: Any) -> Iterator[Wrong]:
        for each in kinds:
            yield from each(good)

    return kind


def more(*values: Any, must: bool = True) -> Kind:
    """These, too."""
    return lambda _: (Wrong(said(value), value, must) for value in values)


def instance(*kinds: type, none: bool = False) -> Kind:
    """An object of a class, which none of the junk is."""
    return junk(lambda v: (v is None and none) or isinstance(v, kinds))


def integers(least: int = 1, most: int | None = None, *, none: bool = False) -> Kind:
    """An integer; how large it may be at most is not said where `most` is None."""

    def fine(value: Any) -> Judged:
        if value is None:
            return none
        if not whole(value) or value < least or (most is not None and value > most):
            return False
        return None

    return both(junk(fine), more(least - 1, *([most + 1] if most is not None else [])))


def numbers(holds: Callable[[float], bool], *, none: bool = False) -> Kind:
    """A finite real number of which something holds."""

    def fine(value: Any) -> Judged:
        if value is None:
            return none
        real = whole(value) or isinstance(value, float | np.floating)
        return None if real and abs(value) <= 1.8e308 and holds(float(value)) else False

    def safe(value: Any) -> Judged:
        try:
            return fine(value)
        except OverflowError:
            return False

    return junk(safe)


def flags() -> Kind:
    """True or False, NumPy's too."""
    return junk(lambda v: isinstance(v, bool | np.bool_))


def choices(*names: str, none: bool = False) -> Kind:
    """One of some words."""
    near = [word.upper() for word in names[:1]] + [f"{word} " for word in names[:1]]
    return both(
        junk(lambda v: (v is None and none) or (isinstance(v, str) and v in names)),
        more(*near, [names[0]], names[0].encode(), tuple(names)),
    )


def pairs(least: int = 1, *, none: bool = False) -> Kind:
    """An integer for height and width, or two of them."""

    def fine(value: Any) -> Judged:
        if value is None:
            return none
        each = list(value) if isinstance(value, tuple | list) else [value, value]
        return None if len(each) == 2 and all(whole(v) and v >= least for v in each) else False

    return junk(fine)


def paddings() -> Kind:
    """A word, one number, two or four."""

    def fine(value: Any) -> Judged:
        if isinstance(value, str):
            return value in ("same", "symmetric", "valid")
        each = list(value) if isinstance(value, tuple | list) else [value]
        good = len(each) in (1, 2, 4) and all(whole(v) and v >= 0 for v in each)
        return None if good else False

    huge = [10**6, 10**10, (0, 10**12), (0, 0, 0, 2**63), (10**30, 0, 0, 0)]
    return both(
        junk(fine),
        more(*huge, must=False),
        more("SAME", b"same", (1,) * 3, (1,) * 5, (1, 1, 1, -1), [0.5] * 2),
    )


def strings(*, known: Collection[str] = (), none: bool = False) -> Kind:
    """A text; one of those that are known, where any are."""

    def fine(value: Any) -> Judged:
        if value is None:
            return none
        return (value in known if known else None) if isinstance(value, str) else False

    return junk(fine)


def names(known: Collection[str], *, none: bool = False, empty: bool = True) -> Kind:
    """A collection of names that the plan has."""
    some = next(iter(known), "stem")

    def fine(value: Any) -> Judged:
        if value is None:
            return none
        if isinstance(value, str | bytes | memoryview | np.ndarray) or not isinstance(
            value, Collection
        ):
            return False
        return empty if not len(value) else False

    return both(junk(fine), more(some, ["no.such"], [some, 3], (some, None), {some: 1, "no": 2}))


def callables(*, none: bool = False) -> Kind:
    """Something that can be called; what it does is its own affair."""
    return junk(lambda v: True if callable(v) else (v is None and none))


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
    yield "stands for an array", _Stands()
    yield "bytes", x.tobytes()
    if x.size:
        yield "memoryview", memoryview(np.ascontiguousarray(x))
    yield "masked", np.ma.masked_array(x, mask=np.zeros(x.shape, bool))
    yield "subclass", x.view(_Sub)
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
