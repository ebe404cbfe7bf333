"""One separable convolution, put in numbers: MobileNetV1's equations 2 to 7 for any sizes.

    found = separable_cost(k=3, m=64, n=128, df=7)
    found.standard.macs      # 3,612,672
    found.separable.macs     #   429,632
    found.ratio              # 137/1152 = 1/128 + 1/9

Everything is an integer or a Fraction, so equal means equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from ..ops import checks
from ..ops.checks import Pair
from .ratio import separable_ratio


@dataclass(frozen=True)
class Work:
    """MACs and weights; terms are the products that the MACs are the sum of."""

    macs: int
    weights: int
    terms: tuple[tuple[int, ...], ...]

    @property
    def text(self) -> str:
        """The formula of the MACs with its numbers put in."""
        return " + ".join("·".join(map(str, factors)) for factors in self.terms)


@dataclass(frozen=True)
class SeparableCost:
    """A K x L convolution of m channels to n on a map of (I, J) output pixels, both ways."""

    k: Pair
    m: int
    n: int
    df: Pair
    alpha: Fraction
    rho: Fraction

    def _counted(self, *factors: int) -> Work:
        """Weights are a product, and each of them multiplies once for every pixel of the map."""
        weights = prod(factors)
        return Work(weights * prod(self.df), weights, ((*factors, *self.df),))

    @property
    def standard(self) -> Work:
        """Equation 2: every filter sees all m channels."""
        return self._counted(*self.k, self.m, self.n)

    @property
    def depthwise(self) -> Work:
        """Equation 4: one filter for each channel."""
        return self._counted(*self.k, self.m)

    @property
    def pointwise(self) -> Work:
        """The second half of equation 5: every pixel's channels are mixed."""
        return self._counted(self.m, self.n)

    @property
    def separable(self) -> Work:
        """Equation 5: both halves."""
        a, b = self.depthwise, self.pointwise
        return Work(a.macs + b.macs, a.weights + b.weights, a.terms + b.terms)

    @property
    def formula(self) -> Fraction:
        """1/N + 1/(K L)."""
        return separable_ratio(k=self.k, n=self.n)

    @property
    def macs_ratio(self) -> Fraction:
        """Separable over standard, by counting multiplications."""
        return Fraction(self.separable.macs, self.standard.macs)

    @property
    def weights_ratio(self) -> Fraction:
        """Separable over standard, by counting weights."""
        return Fraction(self.separable.weights, self.standard.weights)

    @property
    def equal(self) -> bool:
        """Whether the formula is what counting gives, exactly."""
        return self.formula == self.macs_ratio == self.weights_ratio

    def to_json(self) -> dict[str, Any]:
        """One object for programs; fractions as "137/1152"."""
        parts: Mapping[str, Work] = {
            name: getattr(self, name)
            for name in ("standard", "depthwise", "pointwise", "separable")
        }
        return {
            "k": list(self.k),
            "m": self.m,
            "n": self.n,
            "df": list(self.df),
            "alpha": str(self.alpha),
            "rho": str(self.rho),
            **{name: {"macs": x.macs, "weights": x.weights} for name, x in parts.items()},
            "formula": str(self.formula),
            "macs_ratio": str(self.macs_ratio),
            "weights_ratio": str(self.weights_ratio),
            "equal": self.equal,
            "times_fewer": float(1 / self.formula),
        }


def _scale(name: str, value: float | str | Fraction) -> Fraction:
    """A multiplier as it is written, 0.7 as 7/10; ValueError unless it is above 0 and at most 16."""
    try:
        # a look at the size first: 1e999999999 as a fraction has a billion digits
        rough = float(Fraction(value) if isinstance(value, str) and "/" in value else value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        rough = 0.0
    if not rough > 0:
        raise ValueError(f"separable: {name} must be a number above 0, found {checks.shown(value)}")
    if rough > 16:
        raise ValueError(f"separable: {name} must be at most 16, found {checks.shown(value)}")
    return Fraction(str(value))


def separable_cost(
    *,
    k: int | Pair,
    m: int,
    n: int,
    df: int | Pair,
    alpha: float | str | Fraction = 1,
    rho: float | str | Fraction = 1,
) -> SeparableCost:
    """A K x L convolution of m channels to n with a map of df pixels, after alpha and rho.

    k, df: one number, or (height, width).  alpha, the width multiplier, takes both channel counts to
    the whole number below, at least 1; rho, the resolution multiplier, takes the map's sides to the
    nearest: with them m, n and df of the result are the scaled ones.  ValueError, naming the argument,
    for anything else than positive numbers.
    """
    scales = {name: _scale(name, value) for name, value in (("alpha", alpha), ("rho", rho))}
    for name, count in (("m", m), ("n", n)):
        checks.positive("separable", name, count)
    sides = checks.pair("separable", "df", df)
    return SeparableCost(
        k=checks.pair("separable", "k", k),
        m=max(1, int(m * scales["alpha"])),
        n=max(1, int(n * scales["alpha"])),
        df=(_nearest(sides[0] * scales["rho"]), _nearest(sides[1] * scales["rho"])),
        alpha=scales["alpha"],
        rho=scales["rho"],
    )


def _nearest(size: Fraction) -> int:
    """The nearest whole number, halves upwards, at least 1."""
    return max(1, int(size + Fraction(1, 2)))
