"""One integer operator in the two parts that hardware has: an accumulator, and back to 8 bits.

    sums = accumulated(case)            of 32 bits; None where an operator has none
    y = finished(sums, back_of(case))   clamp(zero + rounded(sums), low, high)
    y = computed(case)                  both

Everything is a field of `Case` or `Back`, so that what somebody else may have done instead is the same
two functions on a changed record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..ops import integers
from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from ..ops.integers.scales import (
    bounds,
    of_layer,
    of_mean,
    of_product,
    of_sum,
    requantise,
)
from . import rungs

Sides = tuple[int, int, int, int]  # above, below, left, right

WEIGHTED = ("conv2d", "grouped_conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")
SUMMED = (*WEIGHTED, "add", "multiply", "mean", "avg_pool2d")  # what has an accumulator
TABLES = ("hard_swish", "hard_sigmoid", "requantize")  # what is a table of 256 bytes


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operator with all that it reads.

    operator   as in `npmobilenet.ops.integers`
    inputs     (N, H, W, C) or (N, C), one or two
    x_q, y_q   quantizations of them, and of the output
    zeros      what is subtracted from each input: its zero point
    pad        what is put around the map: the zero point too
    weight     (K, L, M, O), (K, L, M) or (M, O), with w_q; weight_zeros of each output channel
    bias       (O,) int32
    between    of a hard sigmoid: "shifted", "three", "sixth"
    flat       whether a pool of the whole map puts out (N, C), not (N, 1, 1, C)
    """

    operator: str
    rounding: str
    inputs: tuple[Array, ...]
    x_q: tuple[Quantization, ...]
    y_q: Quantization
    zeros: tuple[int, ...]
    pad: int = 0
    weight: Array | None = None
    w_q: Quantization | None = None
    weight_zeros: Array | None = None
    bias: Array | None = None
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    sides: Sides = (0, 0, 0, 0)
    groups: int = 1
    activation: str | None = None
    between: dict[str, Quantization] | None = None
    flat: bool = False

    def changed(self, **fields: Any) -> Case:
        """The same with other fields."""
        return replace(self, **fields)


class Back(NamedTuple):
    """How sums become y: by which rule of `RULES`, with which numbers, and within which bounds.

    multiplier, shift   int32, one a channel or one: times multiplier / 2^31, then / 2^shift; a shift
                        below 0 is to the left, before the multiplication
    factor              float32 (rule "single") or float64 ("exact"), one a channel
    """

    rule: str
    zero: int
    low: int
    high: int
    dtype: str
    multiplier: Array | None = None
    shift: Array | None = None
    factor: Array | None = None


# --- sums ------------------------------------------------------------------------------------------


def accumulated(case: Case) -> Array | None:
    """The accumulators, bias included: int32, which wrap around; None where there are none."""
    sums = _SUMS.get(case.operator)
    return sums(case) if sums else None


def _padded(case: Case) -> Array:
    top, bottom, left, right = case.sides
    width = ((0, 0), (top, bottom), (left, right), (0, 0))
    return np.pad(case.inputs[0].astype(np.int32), width, constant_values=case.pad)


def _map(case: Case, padded: Array, channels: int) -> Array:
    size = zip(padded.shape[1:3], case.kernel, case.stride, strict=True)
    rows, columns = ((have - taps) // step + 1 for have, taps, step in size)
    return np.empty((len(padded), rows, columns, channels), np.int32)


def _conv(case: Case) -> Array:
    assert case.weight is not None
    padded = _padded(case)
    sums = _map(case, padded, case.weight.shape[-1])
    zeros = case.zeros[0], case.weight_zeros
    how = (case.stride, case.groups)
    rungs.conv_sums(padded, case.weight, case.bias, zeros, *how, sums)
    return sums


def _depthwise(case: Case) -> Array:
    assert case.weight is not None
    padded = _padded(case)
    sums = _map(case, padded, case.weight.shape[-1])
    zeros = case.zeros[0], case.weight_zeros
    rungs.depthwise_sums(padded, case.weight, case.bias, zeros, case.stride, sums)
    return sums


def _pointwise(case: Case) -> Array:
    assert case.weight is not None
    (x,) = case.inputs
    sums = np.empty((x.size // x.shape[-1], case.weight.shape[-1]), np.int32)
    zeros = case.zeros[0], case.weight_zeros
    rungs.pointwise_sums(x.reshape(-1, x.shape[-1]), case.weight, case.bias, zeros, sums)
    return sums.reshape(*x.shape[:-1], -1)


def _sum(case: Case) -> Array:
    """Both operands on one scale."""
    a, b = (x.astype(np.int64) - zero for x, zero in zip(case.inputs, case.zeros, strict=True))
    (ma, mb, _), _, (ra, rb, _) = of_sum(case.rounding, case.x_q[0], case.x_q[1], case.y_q)
    if case.rounding == "single":
        return np.asarray((a * ma + b * mb).astype(np.int32))
    a, b = a << rungs.FRACTION, b << rungs.FRACTION
    return np.asarray((rungs.twice(a, 0, ma, ra) + rungs.twice(b, 0, mb, rb)).astype(np.int32))


def operands(case: Case) -> dict[str, Array]:
    """What each operand of an addition is multiplied by and, with two roundings, shifted by."""
    (ma, mb, _), _, (ra, rb, _) = of_sum(case.rounding, case.x_q[0], case.x_q[1], case.y_q)
    found = {"operand_multiplier": np.array([ma, mb], np.int32)}
    double = {"operand_shift": np.array([ra, rb], np.int32)}
    return found | (double if case.rounding == "double" else {})


def _product(case: Case) -> Array:
    x, g = case.inputs
    maps = x.reshape(len(x), -1, x.shape[-1])
    sums = np.empty(maps.shape, np.int32)
    rungs.product_sums(maps, g.reshape(len(g), -1, g.shape[-1]), case.zeros, sums)
    return sums.reshape(x.shape)


def _mean(case: Case) -> Array:
    (x,) = case.inputs
    sums = np.empty((len(x), x.shape[-1]), np.int32)
    rungs.mean_sums(x, case.zeros[0], sums)
    return sums


def _window_sums(case: Case) -> Array:
    (x,) = case.inputs
    sums = np.zeros(_map(case, _padded(case), x.shape[-1]).shape, np.int32)
    corner = case.sides[0], case.sides[2]
    for place in rungs.places(x, case.kernel, case.stride, corner, sums, 0):
        sums += place
    return sums.reshape(len(x), -1) if case.flat else sums


_SUMS: dict[str, Callable[[Case], Array]] = {
    "conv2d": _conv,
    "grouped_conv2d": _conv,
    "depthwise_conv2d": _depthwise,
    "pointwise_conv2d": _pointwise,
    "dense": _pointwise,
    "add": _sum,
    "multiply": _product,
    "mean": _mean,
    "avg_pool2d": _window_sums,
}


# --- back to 8 bits --------------------------------------------------------------------------------


def back_of(case: Case) -> Back:
    """How the sums of an operator become y."""
    y_q = case.y_q
    limits = bounds(y_q, case.activation, case.rounding)
    ends = (y_q.zero_point[0], *limits, y_q.dtype)
    if case.operator == "add":
        (_, _, multiplier), left, (*_, right) = of_sum(case.rounding, case.x_q[0], case.x_q[1], y_q)
        if case.rounding == "single":
            return Back("shift", *ends, shift=np.array([right], np.int32))
        return Back("double", *ends, *_int32([multiplier], [right - left]))
    if case.operator == "avg_pool2d":  # the zero point is part of the sums
        return Back("area", 0, *limits, y_q.dtype, multiplier=_areas(case))
    if case.operator == "mean":
        pixels = case.inputs[0].shape[1] * case.inputs[0].shape[2]
        numbers = requantise(
            case.rounding, of_mean(case.rounding, case.x_q[0], y_q, pixels), y_q, limits, 1
        )
    elif case.operator == "multiply":
        numbers = requantise(
            case.rounding, of_product(case.x_q[0], case.x_q[1], y_q), y_q, limits, 1
        )
    else:
        assert case.weight is not None
        assert case.w_q is not None
        channels = case.weight.shape[-1]
        what = (case.operator, case.rounding, case.x_q[0], case.w_q, y_q, case.activation)
        numbers = of_layer(*what, channels)
    if numbers.exact is not None:
        return Back("exact", *ends, factor=numbers.exact)
    if numbers.single:
        return Back("single", *ends, factor=numbers.scale)
    return Back("double", *ends, *_int32(numbers.multiplier, numbers.right - numbers.left))


def _int32(*given: Any) -> list[Array]:
    return [np.asarray(numbers, np.int32) for numbers in given]


def _areas(case: Case) -> Array:
    """How many pixels of each window lie in the map: (I, J, 1), or of the whole map (1,)."""
    ones = np.ones((1, *case.inputs[0].shape[1:3], 1), np.int32)
    areas: Array = _window_sums(case.changed(inputs=(ones,)))[0]
    return areas


def _double(sums: Array, back: Back) -> Array:
    assert back.shift is not None
    left, right = np.maximum(-back.shift, 0), np.maximum(back.shift, 0)
    return np.asarray(rungs.twice(sums, left, back.multiplier, right))


def _shift(sums: Array, back: Back) -> Array:
    assert back.shift is not None
    right = back.shift.astype(np.int64)
    return np.asarray((sums.astype(np.int64) + ((1 << right) >> 1)) >> right)


def _area(sums: Array, back: Back) -> Array:
    assert back.multiplier is not None
    area = back.multiplier
    return np.asarray((np.abs(sums) + area // 2) // area * np.sign(sums), np.int64)


# how the real quotient becomes an integer; the manifest has each in words
RULES: dict[str, Callable[[Array, Back], Array]] = {
    "double": _double,
    "single": lambda sums, back: np.asarray(rungs.once(sums, back.factor)),
    "exact": lambda sums, back: np.asarray(rungs.away(sums * back.factor)),
    "shift": _shift,
    "area": _area,
}


def finished(sums: Array, back: Back) -> Array:
    """y of sums."""
    return clamped(RULES[back.rule](sums, back), back)


def clamped(value: Array, back: Back) -> Array:
    """With the zero point, within the bounds."""
    return np.asarray(np.clip(value + back.zero, back.low, back.high).astype(back.dtype))


def computed(case: Case) -> Array:
    """y."""
    sums = accumulated(case)
    return _WHOLE[case.operator](case) if sums is None else finished(sums, back_of(case))


def _largest(case: Case) -> Array:
    how: dict[str, Any] = {"stride": case.stride, "padding": case.sides, "rung": "numpy"}
    (x_q,) = case.x_q
    return integers.max_pool2d(
        case.inputs[0], x_q, case.y_q, case.kernel, activation=case.activation, **how
    )


def _sigmoid(case: Case) -> Array:
    own = dict(case.between or {})
    how: dict[str, Any] = {"rounding": case.rounding, "rung": "numpy"}
    how |= {"three_q": own["three"], "sixth_q": own["sixth"]}
    return integers.hard_sigmoid(case.inputs[0], case.x_q[0], own["shifted"], case.y_q, **how)


def _whole(operator: Callable[..., Array]) -> Callable[[Case], Array]:
    def run(case: Case) -> Array:
        return operator(case.inputs[0], case.x_q[0], case.y_q, rounding=case.rounding, rung="numpy")

    return run


def _changed_scale(case: Case) -> Array:
    how: dict[str, Any] = {"rounding": case.rounding, "rung": "numpy"}
    how["activation"] = case.activation
    return integers.requantize(case.inputs[0], case.x_q[0], case.y_q, **how)


_WHOLE: dict[str, Callable[[Case], Array]] = {
    "max_pool2d": _largest,
    "hard_swish": _whole(integers.hard_swish),
    "hard_sigmoid": _sigmoid,
    "requantize": _changed_scale,
    "softmax": _whole(integers.softmax),
}


def table(case: Case) -> Array:
    """y of every byte, the byte read as a number from 0 to 255 being its place: (256,)."""
    every = np.arange(256, dtype=np.uint8).view(case.x_q[0].dtype)
    return computed(case.changed(inputs=(every.reshape(256, 1),))).reshape(256)
