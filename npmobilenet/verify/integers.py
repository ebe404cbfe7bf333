"""Every operator on 8-bit integers as something that can be checked, by three witnesses:

    rungs     each rung gives the integers of the loops, which are the formula
    reals     what they stand for is at most one step of y from the same operator on real numbers
    threads   1 and 2 threads give the same integers

No other program's integers are asked: PyTorch's round by a rule of their own.  The test suite asks
LiteRT's, on files of one layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..ops import integers
from ..ops.checks import Array
from ..ops.integers import Quantization
from ..ops.integers.numbers import LIMITS
from ..ops.integers.scales import ACTIVATIONS, ROUNDINGS, bounds
from ..ops.rungs import RUNGS, running
from .cases import Choose
from .checks import Outcome, on_one_thread

PREFIX = "integers."
WEIGHTED = ("conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")


@dataclass(frozen=True)
class IntegerCase:
    """One call: run(rung, rounding) gives integers, stored as y_q says; real is what they stand for."""

    run: Callable[[str, str], Array]
    real: Array  # float64
    y_q: Quantization
    activation: str | None = None


def draw(name: str, choose: Choose, rng: np.random.Generator) -> IntegerCase:
    """A case of the operator `name`, without its prefix."""
    dtype = ("int8", "uint8")[choose(0, 1)]
    x_q = _quantization(choose, rng, dtype)
    if name in WEIGHTED:
        return _weighted(name, choose, rng, x_q)
    return _elements(name, choose, rng, x_q)


def check_integers(name: str, case: IntegerCase) -> list[Outcome]:
    """Run every check on one case, with both roundings."""
    outcomes = []
    rungs = [r for r in running(RUNGS) if r != "simd" or name in WEIGHTED]
    for rounding in ROUNDINGS:
        wanted = case.run(rungs[0], rounding)
        dtype = f"{case.y_q.dtype} {rounding}"
        outcomes.append(Outcome("reals", rungs[0], dtype, _steps(case, wanted, rounding)))
        for rung in rungs[1:]:
            found = case.run(rung, rounding)
            outcomes.append(Outcome("rungs", rung, dtype, _differ(found, wanted)))
            if rung in ("numba", "simd"):
                alone = on_one_thread(partial(case.run, rung, rounding))
                outcomes.append(Outcome("threads", rung, dtype, _differ(alone, found)))
    return outcomes


def _differ(found: Array, wanted: Array) -> float:
    same = found.dtype == wanted.dtype and np.array_equal(found, wanted)
    return 0.0 if same else np.inf


def _steps(case: IntegerCase, y: Array, rounding: str) -> float:
    """The largest distance of y from the real result, clamped as y is, in steps of y."""
    (scale,), (zero,) = case.y_q.scale, case.y_q.zero_point
    low, high = bounds(case.y_q, case.activation, rounding)
    exact = np.clip(case.real / scale + zero, low, high)
    return float(np.abs(exact - y).max())


def _quantization(choose: Choose, rng: np.random.Generator, dtype: str, scale: float = 0.0) -> Any:
    """Zero points at both ends, in the middle, anywhere."""
    low, high = LIMITS[dtype]
    zero = (low, high, (low + high + 1) // 2, choose(low, high))[choose(0, 3)]
    return Quantization(dtype, (scale or 10 ** rng.uniform(-3, 0),), (zero,))


def _stored(choose: Choose, rng: np.random.Generator, q: Quantization, *shape: int) -> Array:
    """Any integers, or all the smallest, or all the largest."""
    low, high = LIMITS[q.dtype]
    kind = choose(0, 7)
    if kind < 2:
        return np.full(shape, (low, high)[kind], q.dtype)
    return rng.integers(low, high + 1, shape).astype(q.dtype)


def _real(x: Array, q: Quantization) -> Array:
    """What integers stand for, in float64."""
    found: Array = np.asarray(q.scale) * (x.astype(np.int64) - np.asarray(q.zero_point))
    return found


def _fitting(choose: Choose, rng: np.random.Generator, real: Array, dtype: str) -> Quantization:
    """A quantization that holds most of these numbers, or is far too coarse."""
    reach = float(np.abs(real).max()) or 1.0
    return Quantization(
        dtype,
        (reach * (1, 1, 20)[choose(0, 2)] * rng.uniform(0.5, 2) / 128,),
        _quantization(choose, rng, dtype).zero_point,
    )


def _weighted(
    name: str, choose: Choose, rng: np.random.Generator, x_q: Quantization
) -> IntegerCase:
    """Sums of products: int8 weights per channel or per tensor, uint8 ones with a zero point."""
    m, o = choose(1, 9), choose(1, 20)
    kernel = choose(1, 3), choose(1, 3)
    window = {"stride": choose(1, 2), "padding": ("same", "valid")[choose(0, 1)]}
    windowed = "pointwise" not in name and name != "dense"
    if name == "depthwise_conv2d":
        o = m
    shapes: dict[str, tuple[int, ...]] = {
        "conv2d": (*kernel, m, o),
        "depthwise_conv2d": (*kernel, m),
    }
    channels = o if x_q.dtype == "int8" and choose(0, 1) else 1
    scales = tuple(float(s) for s in 10 ** rng.uniform(-3, -1, channels))
    zero = choose(0, 255) if x_q.dtype == "uint8" else 0
    w_q = Quantization(x_q.dtype, scales, (zero,) * channels)
    w = _stored(choose, rng, w_q, *shapes.get(name, (m, o)))
    w = np.maximum(w, np.int8(-127)) if x_q.dtype == "int8" else w
    size = (choose(1, 3), m) if name == "dense" else (choose(1, 2), choose(3, 7), choose(3, 7), m)
    x = _stored(choose, rng, x_q, *size)
    b = rng.integers(-(2**14), 2**14, o).astype(np.int32)
    how: dict[str, Any] = window if windowed else {}
    bias = b * (x_q.scale[0] * np.broadcast_to(np.asarray(scales), (o,)))
    real = getattr(ops, name)(_real(x, x_q), _real(w, w_q), bias, **how)[0]
    y_q = _fitting(choose, rng, real, x_q.dtype)
    activation = ACTIVATIONS[choose(0, 2)]
    operator = getattr(integers, name)

    def run(rung: str, rounding: str) -> Array:
        more = {"activation": activation, "rounding": rounding, "rung": rung}
        return np.asarray(operator(x, w, b, x_q, w_q, y_q, **how, **more))

    return IntegerCase(run, real, y_q, activation)


def _elements(
    name: str, choose: Choose, rng: np.random.Generator, x_q: Quantization
) -> IntegerCase:
    """Without weights: the shapes of a map, and where there is one its companion's quantization."""
    x = _stored(choose, rng, x_q, choose(1, 2), choose(2, 6), choose(2, 6), choose(1, 9))
    f, dtype = _real(x, x_q), x_q.dtype
    if name == "add":
        other_q = _quantization(choose, rng, dtype, x_q.scale[0] * 2 ** rng.uniform(-3, 3))
        other = _stored(choose, rng, other_q, *x.shape)
        real = f + _real(other, other_q)
        arguments: tuple[Any, ...] = (x, other, x_q, other_q)
    elif name == "multiply":
        other_q = _quantization(choose, rng, dtype)
        other = _stored(choose, rng, other_q, len(x), x.shape[-1])
        real = f * _real(other, other_q)[:, None, None]
        arguments = (x, other, x_q, other_q)
    else:
        if name == "mean":
            real = f.mean(axis=(1, 2))
        else:
            real = f * np.clip(f + 3, 0, 6) / 6 if name == "hard_swish" else f
        arguments = (x, x_q)
    y_q = _fitting(choose, rng, real, dtype)
    if name == "hard_swish":  # no finer than LiteRT's 16 bits can hold
        y_q = Quantization(dtype, (max(y_q.scale[0], x_q.scale[0] / 64),), y_q.zero_point)
    operator = getattr(integers, name)

    def run(rung: str, rounding: str) -> Array:
        return np.asarray(operator(*arguments, y_q, rounding=rounding, rung=rung))

    return IntegerCase(run, real, y_q)


INTEGERS = (*WEIGHTED, "add", "multiply", "mean", "hard_swish", "requantize")
