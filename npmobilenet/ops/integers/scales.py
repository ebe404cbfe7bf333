"""From scales to the numbers that kernels multiply by: plain NumPy, for every rung and the engine.

A sum of products has the scale sx * sw; the result has the scale sy.  What the sum is multiplied by is
s = sx * sw / sy, and how s is held is what the two roundings differ in:

    double    s = multiplier / 2^31 * 2^(left - right), multiplier an integer of 31 bits
    single    s as a float32

Where s comes from is each operator's own affair, for its last bit depends on the order in which it is
computed and on the precision: docs/integers.md has a worked number of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import frexp
from typing import Any

import numpy as np

from ...kernels.integer.requantise import Requantise
from ..checks import Array, shown
from .numbers import LIMITS, Quantization

ROUNDINGS = ("double", "single")
ACTIVATIONS = (None, "relu", "relu6")
FRACTION = 31  # bits of a multiplier
SUM = 20  # bits by which `add` shifts its operands to the left before it rounds them

Multipliers = tuple[Array, Array, Array]


@contextmanager
def unbounded() -> Iterator[None]:
    """NumPy is silent of an infinite factor, which is refused in words."""
    with np.errstate(over="ignore"):
        yield


def multipliers(scale: Any) -> Multipliers:
    """Real factors as (left, multiplier, right): factor = multiplier / 2^31 * 2^(left - right).

    Half an integer is rounded away from zero.  A factor below 2^-32 becomes 0, as LiteRT has it;
    above 2^31 - 1: ValueError.

    >>> [int(part[0]) for part in multipliers([0.1])]    # 0.1 = 0.8 * 2^-3
    [0, 1717986918, 3]
    """
    _require_bounded(scale)
    fraction, exponent = np.frexp(np.atleast_1d(np.asarray(scale, np.float64)))
    fixed = np.floor(fraction * 2.0**FRACTION + 0.5).astype(np.int64)
    full = fixed == 1 << FRACTION  # the fraction was rounded up to 1
    fixed, exponent = np.where(full, fixed >> 1, fixed), exponent + full
    vanishes = (exponent < -FRACTION) | (fixed == 0)
    fixed, exponent = np.where(vanishes, 0, fixed), np.where(vanishes, 0, exponent)
    left, right = np.maximum(exponent, 0), np.maximum(-exponent, 0)
    return left.astype(np.int32), fixed.astype(np.int32), right.astype(np.int32)


def _require_bounded(factor: Any, bits: int = 31) -> None:
    """ValueError for scales so far apart that every sum is shifted out of 32 bits."""
    largest = np.max(factor, initial=0.0)
    if not largest <= 2**bits - 1:
        raise ValueError(
            f"scales: what goes in must be less than 2^{bits} times as coarse as the result, found "
            f"{largest:.3g} times"
        )


def single(q: Quantization) -> np.float32:
    """The one scale of a tensor."""
    return np.float32(q.scale[0])


@unbounded()
def of_products(
    rounding: str,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    channels: int,
    *,
    dense: bool = False,
) -> Array:
    """s of each output channel of a convolution or dense layer: sx * sw / sy.

    double: in float64; but the product sx * sw is rounded to float32 first where a convolution has uint8
    weights of one scale.  single: in float32 throughout.
    """
    sx, sy = single(x_q), single(y_q)
    sw = np.broadcast_to(np.asarray(w_q.scale, np.float32), (channels,))
    if rounding == "single":
        return np.asarray(sx * sw / sy)
    if len(w_q.scale) == 1 and w_q.dtype == "uint8" and not dense:
        return np.asarray((sx * sw).astype(np.float64) / np.float64(sy))
    return np.asarray(np.float64(sx) * sw.astype(np.float64) / np.float64(sy))


@unbounded()
def of_product(x_q: Quantization, g_q: Quantization, y_q: Quantization) -> Array:
    """s of a multiplication of two tensors, computed in float32 for either rounding."""
    return np.asarray([single(x_q) * single(g_q) / single(y_q)])


@unbounded()
def of_ratio(rounding: str, x_q: Quantization, y_q: Quantization) -> Array:
    """s where a tensor changes its quantization: sx / sy."""
    if rounding == "single":
        return np.asarray([single(x_q) / single(y_q)])
    return np.asarray([np.float64(single(x_q)) / np.float64(single(y_q))])


@unbounded()
def of_mean(rounding: str, x_q: Quantization, y_q: Quantization, pixels: int) -> Any:
    """What a sum over `pixels` is multiplied by: s, or for double (left, multiplier, right).

    double: the multiplier of sx / sy is divided by the number of pixels as an integer, after a shift to
    the left by as many bits as that number has, less one; the quotient is cut, not rounded.
    """
    if rounding == "single":
        return np.asarray([single(x_q) / single(y_q) * (np.float32(1) / np.float32(pixels))])
    left, multiplier, right = (int(part[0]) for part in multipliers(of_ratio("double", x_q, y_q)))
    exponent = left - right
    shift = min(pixels.bit_length() - 1, 32, FRACTION + exponent)
    exponent -= shift
    multiplier = (multiplier << shift) // pixels
    return tuple(
        np.asarray([n], np.int32) for n in (max(exponent, 0), multiplier, max(-exponent, 0))
    )


SumNumbers = tuple[tuple[int, int, int], int, tuple[int, int, int]]


@unbounded()
def of_sum(rounding: str, a_q: Quantization, b_q: Quantization, y_q: Quantization) -> SumNumbers:
    """Multipliers, left and right shifts of `add`, as `kernels.integer.elementwise.Sum` has them.

    double: both operands, shifted to the left by 20 bits, are brought to twice the larger of their
    scales, added, and brought to sy.  single: sa / sy and sb / sy as integers, the larger of 21 bits;
    the last right shift is how many of their bits are fraction.

    >>> one = Quantization("int8", (1.0,), (0,))
    >>> of_sum("single", one, one, one)
    ((1048576, 1048576, 0), 0, (0, 0, 20))
    """
    sa, sb, sy = single(a_q), single(b_q), single(y_q)
    if rounding == "single":
        ra, rb = sa / sy, sb / sy
        _require_bounded((ra, rb), SUM)
        shift = min(SUM + 1 - frexp(float(max(ra, rb)))[1], 48)  # from 32 bits on all are fraction
        ma, mb = (int(np.rint(np.ldexp(np.float64(ratio), shift))) for ratio in (ra, rb))
        return (ma, mb, 0), 0, (0, 0, shift)
    twice = 2.0 * max(float(sa), float(sb))
    factors = [float(sa) / twice, float(sb) / twice, twice / (2.0**SUM * float(sy))]
    left, fixed, right = (part.tolist() for part in multipliers(factors))
    return tuple(fixed), left[2], tuple(right)


@unbounded()
def bounds(y_q: Quantization, activation: str | None, rounding: str = "double") -> tuple[int, int]:
    """The smallest and largest integer that y may have: those of its dtype, or of a fused activation.

    relu: not below the zero point.  relu6: not above the integer nearest to zy + 6 / sy, computed in
    float32; where half an integer is left over, double rounds 6 / sy up, single takes the even sum.

    >>> bounds(Quantization("int8", (0.0625,), (-128,)), "relu6")
    (-128, -32)
    """
    if not isinstance(activation, str | None) or activation not in ACTIVATIONS:
        raise ValueError(f"activation must be None, 'relu' or 'relu6', found {shown(activation)}")
    low, high = LIMITS[y_q.dtype]
    zero = y_q.zero_point[0]
    if activation:
        low = max(low, zero)
    if activation == "relu6":
        six = np.float32(6) / single(y_q)
        if rounding == "single":
            high = int(min(high, np.rint(six + np.float32(zero))))
        else:
            high = int(min(high, zero + np.floor(float(six) + 0.5)))
    return low, high


def requantise(
    rounding: str, factor: Any, y_q: Quantization, limits: tuple[int, int], channels: int
) -> Requantise:
    """Everything a kernel needs to turn sums into y.

    factor: s of each channel, or of all; for double also (left, multiplier, right) themselves.
    """
    scale = np.zeros(channels, np.float32)
    parts: Multipliers = (*(np.zeros(channels, np.int32) for _ in range(3)),)  # type: ignore[assignment]
    if rounding == "single":
        _require_bounded(factor)
        scale[:] = factor
    else:
        given = factor if isinstance(factor, tuple) else multipliers(factor)
        for part, values in zip(parts, given, strict=True):
            part[:] = values
    return Requantise(rounding == "single", scale, *parts, y_q.zero_point[0], *limits)


def of_change(
    rounding: str, x_q: Quantization, y_q: Quantization, activation: str | None
) -> Requantise:
    """Everything that brings single integers from x's quantization to y's.

    single: s = sx / sy to 8 bits behind its point, floor((256 s (x - zx) + 128) / 256), as XNNPACK; but
    between int8 and uint8, which it does not take, and where s is not between 2^-8 and 2^7, as double.
    """
    ratio = of_ratio(rounding, x_q, y_q)
    limits = bounds(y_q, activation, rounding)
    if rounding == "double" or x_q.dtype != y_q.dtype or not 2**-8 <= ratio[0] <= 2**7:
        return requantise("double", of_ratio("double", x_q, y_q), y_q, limits, 1)
    multiplier = int(np.rint(np.float32(256) * ratio[0]))
    factor = tuple(np.asarray([n], np.int32) for n in (15, multiplier << 8, 0))  # total * 2^15 fits
    return requantise("double", factor, y_q, limits, 1)


def of_layer(
    operator: str,
    rounding: str,
    x_q: Quantization,
    w_q: Quantization,
    y_q: Quantization,
    activation: str | None,
    channels: int,
) -> Requantise:
    """Everything that turns the sums of a convolution or dense layer into y.

    operator: "conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense" ...  One of them is not as the
    others: a dense layer that would round twice rounds once, in float64.
    """
    dense = operator == "dense"
    factor = of_products(rounding, x_q, w_q, y_q, channels, dense=dense)
    out = requantise(rounding, factor, y_q, bounds(y_q, activation, rounding), channels)
    return out._replace(exact=factor) if dense and rounding == "double" else out
