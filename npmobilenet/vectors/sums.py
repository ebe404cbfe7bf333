"""The first of the two parts of an integer operator in hardware: accumulators of 32 bits.

    sums = accumulated(case)            None where an operator has none
    y = finished(sums, back_of(case))   outputs.py

Everything is a field of `Case` or `Back`, so that what somebody else may have done instead is the same
two functions on a changed record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from ..ops.integers.scales import of_sum
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


def window_sums(case: Case) -> Array:
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
    "avg_pool2d": window_sums,
}
