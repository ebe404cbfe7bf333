"""Networks of 8-bit integers in our own weight files: how each tensor is stored, as arrays of its own.

"quantization/NAME.scale" (float32) and "quantization/NAME.zero_point" (of the tensor's own dtype, one
number where all channels have the same) stand beside the weights, under the same SHA-256.  The plan in
the metadata is the one that was quantised; folding it again gives the network of integers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from ..quantization.plan import QuantizedPlan
from ..quantization.preparing import prepared_plan
from ..text import of_json

PREFIX = "quantization/"  # no layer is called so


def numbers_as_arrays(quantized: QuantizedPlan) -> dict[str, Array]:
    """The scales and zero points of all tensors.

    ValueError for a network whose plan no arguments make: a file could not say which it is.
    """
    if prepared_plan(plan(**quantized.plan.asked)) != quantized.plan:
        raise ValueError(
            f"save: the layers of {quantized.plan.model} are not those that its rows make; a weight "
            "file could not say them"
        )
    found: dict[str, Array] = {}
    for name, numbers in quantized.numbers.items():
        zeros = numbers.zero_point
        zeros = zeros[:1] if len(set(zeros)) == 1 else zeros
        found[f"{PREFIX}{name}.scale"] = np.array(numbers.scale, np.float32)
        found[f"{PREFIX}{name}.zero_point"] = np.array(zeros, numbers.dtype)
    return found


def settings_as_json(quantized: QuantizedPlan) -> str:
    """What is not a tensor's, for a file's metadata."""
    names = ("rounding", "pooling", "connected")
    return json.dumps({name: getattr(quantized, name) for name in names})


def quantized_of(made: Plan, settings: str, tensors: dict[str, Array]) -> QuantizedPlan:
    """The network of integers in a file; takes its numbers out of tensors.

    made: the plan that was quantised.  ValueError, naming the tensor, where they are not as
    `numbers_as_arrays` makes them.
    """
    asked = of_json(settings)
    numbers: dict[str, Quantization] = {}
    for name in [name for name in tensors if name.startswith(PREFIX)]:
        tensor, _, part = name.removeprefix(PREFIX).rpartition(".")
        if part == "scale":
            numbers[tensor] = _numbers(tensor, tensors)
    for name in [name for name in tensors if name.startswith(PREFIX)]:
        if name.removeprefix(PREFIX).rpartition(".")[0] not in numbers:
            raise ValueError(f"{name} has no scale beside it")
        del tensors[name]
    return QuantizedPlan(plan=prepared_plan(made), numbers=numbers, **asked)


def _numbers(tensor: str, tensors: Mapping[str, Array]) -> Quantization:
    scale, zeros = (tensors.get(f"{PREFIX}{tensor}.{part}") for part in ("scale", "zero_point"))
    if scale is None or scale.ndim != 1 or scale.dtype != np.float32 or not len(scale):
        raise ValueError(f"{PREFIX}{tensor}.scale must be float32 (n,)")
    if zeros is None or zeros.shape not in ((1,), scale.shape) or zeros.dtype.kind not in "iu":
        raise ValueError(f"{PREFIX}{tensor}.zero_point must be integers, 1 or {len(scale)} of them")
    spread = np.broadcast_to(zeros, scale.shape)
    try:
        return Quantization(str(zeros.dtype), tuple(map(float, scale)), tuple(map(int, spread)))
    except ValueError as error:
        raise ValueError(f"{tensor}: {error}") from None
