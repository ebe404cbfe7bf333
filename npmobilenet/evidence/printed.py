"""Printed numbers: how fine they are, and what a count would look like at that fineness."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class Printed:
    """A number and the place its last digit stands for: 4.2 is (21/5, 1/10)."""

    value: Fraction
    place: Fraction
    separated: bool = False  # thousands are set apart by commas

    def of(self, count: Fraction, *, cut: bool = False) -> Fraction:
        """The count at this place: rounded, halves upwards, or cut off."""
        return floor(count / self.place + (0 if cut else Fraction(1, 2))) * self.place

    def show(self, count: Fraction, *, cut: bool = False) -> str:
        """What would be printed for a count."""
        digits = len(str(self.place.denominator)) - 1
        comma = "," if self.separated else ""
        return f"{float(self.of(count, cut=cut)):{comma}.{digits}f}"

    def is_of(self, count: Fraction, *, cut: bool = False) -> bool:
        """Whether the count, rounded or cut off, is what is printed."""
        return self.of(count, cut=cut) == self.value


def read(text: str, *, zeros: bool = False) -> Printed:
    """The first number in a text.  zeros: all but two digits may be zeros of rounding.

    ValueError for a text without a number.
    """
    found = re.search(r"\d[\d,]*(\.\d+)?", text)
    if found is None:
        raise ValueError(f"no number in {text!r}")
    digits = found[0].replace(",", "")
    value = Fraction(digits)
    place = Fraction(1, 10 ** len((found[1] or ".")[1:]))
    while zeros and place >= 1 and value % (10 * place) == 0 and value >= 100 * place:
        place *= 10
    return Printed(value, place, "," in found[0])
