"""What may be wrong with an argument of each kind.  Whether it is nonsense is decided here, by the kind.

A kind is a function from the right value to wrong ones.  `must` is True where no answer is right, so that
the call has to be refused, and False where it may be either right or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .junk import JUNK


@dataclass(frozen=True)
class Wrong:
    """A value in the place of a right one; `what` is how a line calls it."""

    what: str
    value: Any
    must: bool = True


Kind = Callable[[Any], Iterator[Wrong]]


Judged = bool | None  # True: a right value; None: right or refused; False: nonsense


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
