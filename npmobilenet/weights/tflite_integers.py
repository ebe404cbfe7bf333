"""A quantised TFLite file as a QuantizedPlan: the integers as they are, and how each tensor is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..models.layers import Activation
from ..models.network_plan import Plan
from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from ..quantization.plan import QuantizedPlan, Step, lowered
from ..quantization.preparing import prepared_plan
from .tflite_arrays import PRODUCTS, of_sums, outputs_axis, to_ours
from .tflite_file import File, Operator, Tensor
from .tflite_place import Walk

_BYTES = ("int8", "uint8")
_AS_FLOATS = "as floats it can be imported, with --float (dequantize=True)"


def taken(
    path: Path, integers: Callable[[Plan], Any], network: Plan, *, sigmoid: bool
) -> tuple[QuantizedPlan, dict[str, Array]]:
    """The file's integers as they are; ValueError where they are none of a quantised plan's."""
    if sigmoid:
        raise ValueError(
            f"{path}: one output and a sigmoid, which integers do not take; {_AS_FLOATS}"
        )
    try:
        found: tuple[QuantizedPlan, dict[str, Array]] = integers(network)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return found


def is_quantised(file: File) -> bool:
    """Whether all that it multiplies and computes are integers of eight bits."""
    products = [operator for operator in file.operators if operator.kind in PRODUCTS]
    tensors = [file.tensors[x] for op in products for x in (*op.inputs[:2], op.output) if x >= 0]
    return bool(products) and all(x.dtype in _BYTES and x.numbers is not None for x in tensors)


def integers_of(file: File, found: Walk, network: Plan) -> tuple[QuantizedPlan, dict[str, Array]]:
    """The quantised plan and its arrays; network: the plan, at whatever resolution.

    ValueError, naming the tensor, for numbers that no integer operator takes.
    """
    ready = prepared_plan(network)
    low = lowered(ready)
    numbers = {"image": numbers_of(file.tensors[found.places["image"].tensor])}
    arrays: dict[str, Array] = {}
    for step in low.steps:
        _one_operator(file, found, step, low.ends[step.name])
        if step.name in found.operators:
            for short, own in _own(file, found.operators[step.name], step.layer):
                numbers[f"{step.name}.{short}"], arrays[f"{step.name}.{short}"] = own
        if f"{step.name}.shifted" in found.between:
            for short in ("shifted", "three", "sixth"):
                tensor = file.tensors[found.between[f"{step.name}.{short}"]]
                numbers[f"{step.name}.{short}"] = numbers_of(tensor)
        numbers[step.name] = numbers_of(file.tensors[found.places[low.ends[step.name]].tensor])
    if found.outcome == "SOFTMAX" and file.tensors[found.softmax].numbers is not None:
        numbers["softmax"] = numbers_of(file.tensors[found.softmax])
    if (pixels := _pixels(file, found.places["image"].tensor)) is not None:
        numbers["pixels"] = numbers_of(pixels)
    connected = tuple(
        step.name
        for step in low.steps
        if step.name in found.operators and found.operators[step.name].kind == "FULLY_CONNECTED"
    )
    made = QuantizedPlan(plan=ready, numbers=numbers, pooling=found.pooling, connected=connected)
    return made, arrays


def _pixels(file: File, image: int) -> Tensor | None:
    """The input where a QUANTIZE makes the image of its integers; None where it is the image."""
    given = file.tensors[file.image]
    if given.index == image or given.dtype not in _BYTES:
        return None
    if (made := file.maker[image]).kind != "QUANTIZE" or made.inputs[0] != given.index:
        raise ValueError(
            f"{made} stands between the pixels and the first convolution; {_AS_FLOATS}"
        )
    return given


def _one_operator(file: File, found: Walk, step: Step, end: str) -> None:
    """ValueError where the file computes a step by other operators, which would round elsewhere."""
    tensor = found.places[end].tensor
    last = file.maker[tensor]
    kinds = [last.kind]
    if isinstance(step.layer, Activation) and step.layer.function == "hard_sigmoid":
        kinds.append(file.maker[found.between[f"{step.name}.shifted"]].kind)
        usual = kinds == ["MUL", "ADD"]
    elif isinstance(step.layer, Activation) and step.layer.function == "hard_swish":
        usual = kinds == ["HARD_SWISH"]
    else:
        usual = found.places[step.name].tensor == tensor
    if not usual:
        raise ValueError(
            f"{last}: {step.name} is made of several operators, which integers do not take; {_AS_FLOATS}"
        )


def numbers_of(tensor: Tensor) -> Quantization:
    """How a tensor is stored; ValueError where nothing says it."""
    if tensor.numbers is None:
        raise ValueError(f"{tensor} holds {tensor.dtype}, and no scale says what they stand for")
    scale, zeros, _ = tensor.numbers
    try:
        return Quantization(tensor.dtype, tuple(scale.tolist()), tuple(zeros.tolist()))
    except ValueError as error:
        raise ValueError(f"{tensor}: {error}") from None


def _own(
    file: File, operator: Operator, layer: Any
) -> Iterator[tuple[str, tuple[Quantization, Array]]]:
    """Weight and bias of a layer in our layout, each with its numbers."""
    weight = file.tensors[operator.inputs[1]]
    stored, axis = numbers_of(weight), weight.numbers.axis if weight.numbers else 0
    if weight.data is None:
        raise ValueError(f"{operator}: {weight} is no constant")
    if len(stored.scale) > 1 and axis != (expected := outputs_axis(operator.kind)):
        raise ValueError(f"{weight}: scales along axis {axis}, expected {expected}, the outputs")
    yield "weight", (stored, np.ascontiguousarray(to_ours(layer, weight.data)))
    if "bias" not in layer.arrays:
        return
    zeros = np.zeros(layer.output[-1], np.int32)
    bias = Tensor(-1, f"bias of {operator.writes}", zeros.shape, "int32", zeros, None)
    if operator.inputs[2:] not in ((), (-1,)):
        bias = file.tensors[operator.inputs[2]]
    if bias.data is None or bias.dtype != "int32":
        raise ValueError(f"{operator}: {bias} holds {bias.dtype}, expected a constant of int32")
    sums = replace(bias, numbers=bias.numbers or of_sums(file, operator))
    yield "bias", (numbers_of(sums), np.array(bias.data))
