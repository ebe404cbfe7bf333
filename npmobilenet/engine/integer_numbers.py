"""Quantised tensors as the integer kernels hold them, and the numbers of each requantisation.

Maps are unsigned bytes: a signed tensor is shifted by 128, its zero point too.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.simd.integer.joined import DIVIDE
from ..kernels.simd.integer.requantise import SINGLE

if TYPE_CHECKING:
    pass

Scales = tuple[NDArray[Any], ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor of one scale."""

    quantization: Any

    @property
    def scale(self) -> np.float32:
        """Of all its elements."""
        return np.float32(self.quantization.scale[0])

    @property
    def flip(self) -> int:
        """What is added to its elements."""
        return 128 if self.quantization.dtype == "int8" else 0

    @cached_property
    def zero(self) -> int:
        """Its zero point, shifted likewise."""
        return int(self.quantization.zero_point[0]) + self.flip


def wrapped(values: NDArray[Any]) -> NDArray[Any]:
    """Their lowest 32 bits, as sums have them."""
    return np.asarray(values).astype(np.int64).astype(np.int32)


def multipliers(scale):
    m, e = np.frexp(np.asarray(scale, np.float64))
    q = np.floor(m * (1 << 31) + 0.5).astype(np.int64)
    over = q == 1 << 31
    q, e = np.where(over, q // 2, q), e + over
    q = np.where(e < -31, 0, q)
    e = np.where(e < -31, 0, e)
    return np.maximum(e, 0).astype(np.int32), q.astype(np.int32), np.maximum(-e, 0).astype(np.int32)


def of_products(rounding, x, w_q, y, filters):
    sw = np.broadcast_to(np.asarray(w_q.scale, np.float32), filters)
    if rounding == SINGLE:
        return (x.scale * sw / y.scale,)
    if len(w_q.scale) == 1 and w_q.dtype == "uint8":
        d = (x.scale * sw).astype(np.float64) / np.float64(y.scale)
    else:
        d = np.float64(x.scale) * sw.astype(np.float64) / np.float64(y.scale)
    return multipliers(d)


def bounds(y, activation):
    lo, hi = 0, 255
    if activation:
        lo = max(lo, y.zero)
    if activation == "relu6":
        hi = min(hi, y.zero + int(np.floor(np.float32(6) / y.scale + np.float32(0.5))))
    return lo, hi


def of_sum(rounding, a, b, y):
    if rounding == SINGLE:
        ra, rb = a.scale / y.scale, b.scale / y.scale
        e = int(np.frexp(max(ra, rb))[1]) - 1
        shift = 20 - e
        ma, mb = (int(np.rint(np.ldexp(r, shift))) for r in (ra, rb))
        bias = (1 << (shift - 1)) - a.zero * ma - b.zero * mb
        return {"zero": y.zero, "bias": bias, "a": ma, "b": mb, "shift": shift}
    twice = 2 * max(float(a.scale), float(b.scale))
    l, m, r = multipliers(twice / ((1 << 20) * float(y.scale)))
    d = {"zero": y.zero, "left": l, "sum": m, "right": r}
    for n, t in (("a", a), ("b", b)):
        _, m, r = multipliers(float(t.scale) / twice)
        d |= {f"{n}_zero": t.zero, n: m, f"{n}_right": r}
    return d


def of_mean(quantized, x, y, pixels):
    if quantized.pooling == "average_pool":
        return DIVIDE, -x.flip * pixels, ()
    if quantized.rounding == SINGLE:
        return SINGLE, -x.zero * pixels, (np.float32(x.scale / (y.scale * np.float32(pixels))),)
    return "double", -x.zero * pixels, multipliers(float(x.scale) / float(y.scale) / pixels)


def of_multiply(rounding, x, g, y):
    if rounding == SINGLE:
        return (x.scale * g.scale / y.scale,)
    return multipliers(float(x.scale) * float(g.scale) / float(y.scale))


def table(quantized, step):
    raise NotImplementedError
