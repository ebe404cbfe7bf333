"""Numbers that count how often they are multiplied.

    tally = Tally()
    x, w = tally_array(tally, (1, 7, 7, 64)), tally_array(tally, (3, 3, 64))
    ops.depthwise_conv2d(x, w, rung="loops")
    tally.multiplications                     # 28,224: executed, not computed from a formula

The loops rung runs on any objects that multiply and add, so it counts its own work.  Products with
a zero of the padding are counted, as the papers do, and also reported apart.  Divisions and roots,
which pooling and batch normalisation need, have counts of their own; a square is a multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ops.checks import Array


@dataclass
class Tally:
    """What has been executed so far."""

    multiplications: int = 0
    with_padding: int = 0  # of these, how many had a padding zero as a factor
    divisions: int = 0
    roots: int = 0


@dataclass(frozen=True, slots=True)
class Tallied:
    """A number without a value: only what is done with it matters."""

    tally: Tally
    is_padding: bool = False

    def zero(self) -> Tallied:
        """The zero that padding is made of."""
        return Tallied(self.tally, is_padding=True)

    def __mul__(self, other: object) -> Tallied:
        self.tally.multiplications += 1
        padding = isinstance(other, Tallied) and other.is_padding
        self.tally.with_padding += self.is_padding or padding
        return Tallied(self.tally)

    def __pow__(self, exponent: int) -> Tallied:
        self.tally.multiplications += exponent - 1
        return Tallied(self.tally)

    def __truediv__(self, other: object) -> Tallied:
        self.tally.divisions += 1
        return Tallied(self.tally)

    def sqrt(self) -> Tallied:
        """np.sqrt of an object asks the object."""
        self.tally.roots += 1
        return Tallied(self.tally)

    def __add__(self, other: object) -> Tallied:
        return self

    __radd__ = __sub__ = __rsub__ = __add__


def tally_array(tally: Tally, shape: tuple[int, ...]) -> Array:
    """An array of that shape whose numbers all report to `tally`."""
    return np.full(shape, Tallied(tally), dtype=object)
