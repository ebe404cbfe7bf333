"""Numbers that count how often they are multiplied, for whatever a learner writes.

Ours (`npmobilenet.cost.tally`) are multiplied by our loops; these also go into arrays of floats, which
learners make for their sums, and meet zeros that np.pad wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..cost.tally import Tallied, Tally


class Counted(Tallied):
    """A number without a value, that can be put where a float is."""

    __slots__ = ()

    def zero(self) -> Counted:
        """The zero that padding is made of."""
        return Counted(self.tally, is_padding=True)

    def __mul__(self, other: object) -> Counted:
        self.tally.multiplications += 1
        # a plain zero is padding's too: np.pad and np.zeros know no other
        padding = other.is_padding if isinstance(other, Tallied) else other == 0
        self.tally.with_padding += bool(self.is_padding or padding)
        return Counted(self.tally)

    __rmul__ = __mul__

    def __add__(self, other: object) -> Counted:
        return self

    __radd__ = __sub__ = __rsub__ = __add__

    def __float__(self) -> float:
        return 0.0


class PlainError(ArithmeticError):
    """A number of an argument became a plain one before it was multiplied: nothing can be counted."""


class Given(Counted):
    """A number of an argument that is multiplied: as a float it would be taken for padding."""

    __slots__ = ()

    def __float__(self) -> float:
        raise PlainError("a number that counts became a plain one")


def counted(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, int]:
    """What a call with those arguments multiplies; its arrays are replaced by numbers that count.

    "plain" is 1 where it makes plain numbers of them, so that its products cannot be counted.
    """
    tally, plain = Tally(), 0
    given = [
        np.full(value.shape, Counted(tally) if name == "b" else Given(tally), dtype=object)
        if isinstance(value, np.ndarray)
        else value
        for name, value in arguments.items()
    ]
    try:
        with _sums_of_anything():
            function(*given)
    except PlainError:
        plain = 1
    return {
        "multiplications": tally.multiplications,
        "with_padding": tally.with_padding,
        "plain": plain,
    }


@contextmanager
def _sums_of_anything() -> Iterator[None]:
    """Inside, np.zeros and np.empty make arrays that whole arrays of counting numbers can be added to."""
    before = {name: getattr(np, name) for name in ("zeros", "empty")}

    def zeros(shape: Any, dtype: Any = float, *others: Any, **more: Any) -> Any:
        any_kind = object if np.dtype(dtype) == np.float64 else dtype
        return before["zeros"](shape, any_kind, *others, **more)

    try:
        for name in before:
            setattr(np, name, zeros)
        yield
    finally:
        for name, function in before.items():
            setattr(np, name, function)
