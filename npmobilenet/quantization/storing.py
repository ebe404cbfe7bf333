"""From ranges of real numbers to scales and zero points, and from real numbers to integers.

    real = scale * (q - zero_point)

Activations use all 256 integers, from their least to their greatest number; 0 is always one of the
numbers, exactly, since padding and ReLU are made of it.  Weights of int8 are symmetric, from -127 to 127,
which is what LiteRT's kernels take: a zero point of weights would cost a product of its own.
"""

from __future__ import annotations

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import LIMITS, Quantization

SMALLEST = float(np.finfo(np.float32).tiny)  # scale of a range that is nothing but 0
# how much of 32 bits a bias may take: the products that are added to it need the rest
BIAS_LIMIT = 2**30


def of_range(low: float, high: float, dtype: str, symmetric: bool = False) -> Quantization:
    """How numbers from low to high are stored, 0 among them; symmetric: 0 in the middle."""
    least, greatest = LIMITS[dtype]
    low, high = min(low, 0.0), max(high, 0.0)
    middle = (least + greatest + 1) // 2
    if symmetric or low == high:
        reach = max(-low, high)
        scale = float(np.float32(reach / (greatest - middle))) if reach else 1.0
        return Quantization(dtype, (max(scale, SMALLEST),), (middle,))
    scale = max(float(np.float32((high - low) / (greatest - least))), SMALLEST)
    zero = int(np.clip(np.floor(least - low / scale + 0.5), least, greatest))
    return Quantization(dtype, (scale,), (zero,))


def of_weight(
    w: Array,
    bias: Array | None,
    x: Quantization,
    *,
    dtype: str,
    per_channel: bool,
    symmetric: bool,
    bits: int = 8,
) -> Quantization:
    """How a weight is stored, its last axis the output channels.

    bits: of a symmetric one, whose integers then reach from -(2^(bits - 1) - 1) to 2^(bits - 1) - 1,
    each in a byte of its own.  A scale is no smaller than lets the bias, at that scale times x's, fit
    into 32 bits.
    """
    flat = w.reshape(-1, w.shape[-1]).astype(np.float64)
    if dtype == "uint8" and not symmetric:
        return _roomy(of_range(float(flat.min()), float(flat.max()), dtype), bias, x)
    reach = np.abs(flat).max(axis=0)
    if not per_channel:
        reach = reach.max(keepdims=True)
    scale = np.maximum(reach / (2.0 ** (bits - 1) - 1), SMALLEST)
    zero = 128 if dtype == "uint8" else 0
    scales = tuple(float(s) for s in scale.astype(np.float32))
    return _roomy(Quantization(dtype, scales, (zero,) * len(scales)), bias, x)


def _roomy(w: Quantization, bias: Array | None, x: Quantization) -> Quantization:
    """With scales that are large enough for the bias."""
    if bias is None:
        return w
    needed = np.abs(bias.astype(np.float64)) / (BIAS_LIMIT * x.scale[0])
    if len(w.scale) == 1:
        needed = needed.max(keepdims=True)
    scale = np.maximum(np.array(w.scale), needed).astype(np.float32)
    return Quantization(w.dtype, tuple(float(s) for s in scale), w.zero_point)


def of_bias(x: Quantization, w: Quantization) -> Quantization:
    """How a bias is stored: at the scale of the products that are added to it, x's times w's."""
    scale = np.float32(x.scale[0]) * np.array(w.scale, np.float32)
    scales = tuple(float(s) for s in np.maximum(scale, np.float32(SMALLEST)))
    return Quantization("int32", scales, (0,) * len(scales))


def stored(values: Array, numbers: Quantization) -> Array:
    """Real numbers as integers, the nearest, halves away from 0; the last axis has the scales.

    Weights of int8 stop at -127.
    """
    least, greatest = LIMITS[numbers.dtype]
    scale, zero = np.array(numbers.scale), np.array(numbers.zero_point)
    real = values.astype(np.float64) / scale
    whole = np.trunc(real + np.copysign(0.5, real)) + zero
    integers: Array = np.clip(whole, least, greatest).astype(numbers.dtype)
    return integers


def restored(values: Array, numbers: Quantization) -> Array:
    """Integers as the real numbers they stand for, float32."""
    scale = np.array(numbers.scale, np.float32)
    zero = np.array(numbers.zero_point, np.int64)
    real: Array = (values.astype(np.int64) - zero).astype(np.float32) * scale
    return real
