"""The second part of an integer operator in hardware: from accumulators back to 8 bits.

y = finished(sums, back_of(case))   clamp(zero + rounded(sums), low, high)
y = computed(case)                  of operators that have no accumulators too
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..ops import integers
from ..ops.checks import Array
from ..ops.integers.scales import (
    bounds,
    of_layer,
    of_mean,
    of_product,
    of_sum,
    requantise,
)
from . import rungs
from .sums import Case, accumulated, window_sums


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
    areas: Array = window_sums(case.changed(inputs=(ones,)))[0]
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
