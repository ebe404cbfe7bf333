"""Values that are no argument of anything."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

NAN, INF = float("nan"), float("inf")


class _Two(enum.IntEnum):
    TWO = 2


class Sub(np.ndarray):
    """A subclass, which may mean something else by its elements."""


class Stands:
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
    Stands(),
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
