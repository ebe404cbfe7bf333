"""How real numbers are stored as integers: a scale and a zero point, or one of each a channel."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from ..checks import real, shown, whole

# the smallest and the largest number of each kind
LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int32": (-(2**31), 2**31 - 1)}


@dataclass(frozen=True)
class Quantization:
    """How real numbers are stored: real = scale * (q - zero_point).

    dtype       "int8", "uint8", or "int32": a bias, whose scale is that of x times that of w
    scale       one, or one for each output channel, the last axis of a weight; above 0, kept as float32
    zero_point  as many integers of that dtype

    ValueError, in one line, for anything else.
    """

    dtype: str
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.dtype, str) or self.dtype not in LIMITS:
            known = ", ".join(LIMITS)
            raise ValueError(
                f"Quantization: dtype must be one of {known}, found {shown(self.dtype)}"
            )
        for name, values in (("scale", self.scale), ("zero_point", self.zero_point)):
            if not isinstance(values, tuple) or not values:
                raise ValueError(
                    f"Quantization: {name} must be a tuple of numbers, found {shown(values)}"
                )
        if len(self.scale) != len(self.zero_point):
            raise ValueError(
                f"Quantization: as many zero points as scales, found {len(self.zero_point)} and "
                f"{len(self.scale)}"
            )
        low, high = LIMITS[self.dtype]
        object.__setattr__(self, "scale", tuple(map(_scale, self.scale)))
        for zero in self.zero_point:
            if not whole(zero) or not low <= zero <= high:
                raise ValueError(
                    f"Quantization: a zero point must be an integer from {low} to {high}, found "
                    f"{shown(zero)}"
                )
        # numbers of NumPy would go over: -(-128) is -128 in int8
        object.__setattr__(self, "zero_point", tuple(map(int, self.zero_point)))


def _scale(given: object) -> float:
    """A scale as files keep it, in float32."""
    with np.errstate(over="ignore", under="ignore"):
        scale = float(np.float32(given)) if real(given) else 0.0
    if not (scale > 0 and isfinite(scale)):
        raise ValueError(
            f"Quantization: a scale must be a float32 number above 0, found {shown(given)}"
        )
    return scale
