"""What integer operators are tried on: arrays, scales and windows, drawn from a random generator.

Scales are drawn so that about half of the results are clamped to neither end, and zero points often lie
at one of their ends.
"""

from typing import Any

import numpy as np

from npmobilenet.ops.integers import Quantization
from npmobilenet.ops.integers.numbers import LIMITS

Array = Any


def f32(value: float) -> float:
    return float(np.float32(value))


def draw_q(rng: np.random.Generator, dtype: str, scale: float | None = None) -> Quantization:
    """A scale between 1/1000 and 1 unless given, a zero point often at an end or in the middle."""
    low, high = LIMITS[dtype]
    zero = (low, high, (low + high + 1) // 2, int(rng.integers(low, high + 1)))[rng.integers(4)]
    scale = 10 ** rng.uniform(-3, 0) if scale is None else scale * 2 ** rng.uniform(-1, 1)
    return Quantization(dtype, (f32(scale),), (zero,))


def draw_x(rng: np.random.Generator, q: Quantization, shape: tuple[int, ...]) -> Array:
    """All integers alike, or all the smallest, or all the largest."""
    low, high = LIMITS[q.dtype]
    kind = rng.integers(8)
    if kind < 2:
        return np.full(shape, (low, high)[kind], q.dtype)
    return rng.integers(low, high + 1, shape).astype(q.dtype)


def spread(x: Array, q: Quantization) -> float:
    """The standard deviation of the numbers that x stands for, and not 0."""
    real = q.scale[0] * (x.astype(float) - q.zero_point[0])
    return float(np.sqrt(np.mean(real**2))) + q.scale[0]


def draw_weights(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: str, per_channel: bool
) -> tuple[Array, Quantization]:
    """int8 weights are symmetric and without -128, as LiteRT wants them; uint8 ones have a zero point."""
    channels = shape[-1] if per_channel else 1
    scale = tuple(f32(s) for s in 10 ** rng.uniform(-3, -1, channels))
    if dtype == "uint8":
        w = rng.integers(0, 256, shape).astype(np.uint8)
        return w, Quantization("uint8", scale, tuple(rng.integers(0, 256, channels).tolist()))
    low = -127 if rng.integers(6) else 127
    w = (rng.integers(low, 128, shape) * rng.choice([1, -1])).astype(np.int8)
    return w, Quantization("int8", scale, (0,) * channels)


def draw_bias(
    rng: np.random.Generator, channels: int, x_q: Quantization, w_q: Quantization, taps: int
) -> tuple[Array, Quantization]:
    """int32 at the scale of a product."""
    b = rng.integers(-64 * taps - 1, 64 * taps + 1, channels).astype(np.int32) * 16
    scale = tuple(float(np.float32(x_q.scale[0]) * np.float32(s)) for s in w_q.scale)
    return b, Quantization("int32", scale, (0,) * len(scale))


def draw_dtype(rng: np.random.Generator) -> tuple[str, bool]:
    """int8 per channel or per tensor, or uint8."""
    return (("int8", True), ("int8", False), ("uint8", False))[rng.integers(3)]


def draw_y(
    rng: np.random.Generator, x_q: Quantization, w: Array, w_q: Quantization, x: Array, taps: int
) -> Quantization:
    """A quantization of y that fits a sum of `taps` products; sometimes far too fine or too coarse."""
    size = spread(x, x_q) * float(np.mean(w_q.scale)) * 80 * np.sqrt(taps)
    return draw_q(rng, x_q.dtype, size / 100 * (1, 1, 1, 20, 1 / 20)[rng.integers(5)])


def draw_window(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "stride": int(rng.integers(1, 3)),
        "padding": ("same", "valid")[rng.integers(2)],
    }
