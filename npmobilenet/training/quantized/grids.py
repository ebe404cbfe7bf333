"""The grid that each tensor is rounded to in a step: its scale and zero point, from ranges that move.

What moves is in the state of the run, under names that no layer has:

    averaged    TENSOR.range (2,)              least and greatest number, a moving average
    learnt      TENSOR.scale (1,)              takes steps, as a weight does
                TENSOR.zero (1,)               an integer, which stays
                LAYER.weight.scale (1,) or (O,)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ...ops.checks import Array
from ...ops.integers.numbers import Quantization
from ...quantization.storing import SMALLEST, of_range
from .points import Points, Weight
from .settings import Quantize

LEAST, GREATEST = -128, 127  # of activations
FLOOR = 1e-8  # a learnt scale gets no smaller


class Grid(NamedTuple):
    """scale (1,) or (C,) and what `fake_quantize` takes with it."""

    scale: Array
    zero_point: int
    least: int
    greatest: int


def shapes(points: Points, how: Quantize) -> dict[str, tuple[int, ...]]:
    """Of the arrays that quantised training adds to a state, by name."""
    if how.ranges == "averaged":
        return {f"{name}.range": (2,) for name in points.free}
    found: dict[str, tuple[int, ...]] = {}
    for name in points.free:
        found |= {f"{name}.scale": (1,), f"{name}.zero": (1,)}
    for name, weight in points.weights.items():
        found[f"{name}.weight.scale"] = (weight.channels if how.per_channel else 1,)
    return found


def learns(name: str) -> bool:
    """Whether one of those arrays takes steps."""
    return name.endswith(".scale")


def activation_grid(
    name: str, points: Points, params: Mapping[str, Array], dtype: np.dtype[np.generic]
) -> Grid:
    """That of a tensor."""
    name = points.same.get(name, name)
    if f"{name}.scale" in params:
        scale, zero = params[f"{name}.scale"], int(params[f"{name}.zero"][0])
        return Grid(scale.astype(dtype, copy=False), zero, LEAST, GREATEST)
    numbers = numbers_of(name, points, params)
    scale = np.array(numbers.scale, dtype)
    return Grid(scale, numbers.zero_point[0], LEAST, GREATEST)


def numbers_of(name: str, points: Points, params: Mapping[str, Array]) -> Quantization:
    """The same, as the integer network has it."""
    name = points.same.get(name, name)
    if f"{name}.scale" in params:
        scale, zero = float(np.float32(params[f"{name}.scale"][0])), params[f"{name}.zero"][0]
        return Quantization("int8", (scale,), (int(zero),))
    low, high = points.fixed[name] if name in points.fixed else params[f"{name}.range"].tolist()
    return of_range(low, high, "int8")


def weight_grid(weight: Weight, folded: Array, params: Mapping[str, Array], how: Quantize) -> Grid:
    """That of a folded weight: learnt, or as far as its largest number."""
    greatest = how.greatest
    learnt = params.get(f"{weight.layer}.weight.scale")
    if learnt is not None:
        return Grid(learnt, 0, -greatest, greatest)
    reach = np.abs(folded.reshape(-1, folded.shape[-1])).max(axis=0).astype(np.float64)
    if not how.per_channel:
        reach = reach.max(keepdims=True)
    scale = np.maximum(reach / greatest, SMALLEST).astype(np.float32)  # as files have it
    return Grid(scale.astype(folded.dtype), 0, -greatest, greatest)


def factor(weight: Weight, eps: float, params: Mapping[str, Array]) -> Array | None:
    """gamma / sqrt(variance + eps), by which folding multiplies each output channel; None: nothing."""
    if weight.norm is None:
        return None
    gamma = params[f"{weight.norm}.gamma"]
    variance = params[f"{weight.norm}.variance"].astype(np.float64)
    found: Array = (gamma / np.sqrt(variance + eps)).astype(gamma.dtype)
    return found
