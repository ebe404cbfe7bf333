"""Whether the numbers of a quantised plan, and arrays beside it, are as the integer operators expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..models.layers import Activation, AveragePool, GlobalAveragePool, MaxPool
from ..ops.checks import Array, plain, shown_name
from ..ops.integers.numbers import Quantization

if TYPE_CHECKING:
    from .plan import QuantizedPlan, Step


def tensors_of(steps: tuple[Step, ...]) -> list[str]:
    """Names of all that a quantised plan needs numbers for, in the order they are made."""
    names = ["image"]
    for step in steps:
        names += [f"{step.name}.{short}" for short in step.layer.arrays]
        if shifts(step):
            names.append(f"{step.name}.shifted")
        names.append(step.name)
    return names


def shifts(step: Step) -> bool:
    """Whether it is a hard sigmoid, which has a tensor between its two operators."""
    return isinstance(step.layer, Activation) and step.layer.function == "hard_sigmoid"


def constants(step: Step) -> tuple[str, str]:
    """What the constants 3 and 1/6 of a hard sigmoid are called, where a file stores them its own way."""
    return f"{step.name}.three", f"{step.name}.sixth"


def keeps_scale(step: Step, pooling: str) -> bool:
    """Whether its output must be stored as its input: pools choose or average numbers as they are."""
    mean = isinstance(step.layer, GlobalAveragePool) and pooling == "average_pool"
    return mean or isinstance(step.layer, AveragePool | MaxPool)


def check_numbers(qplan: QuantizedPlan) -> None:
    """ValueError or TypeError, naming the tensor, unless each has numbers that its operators take."""
    numbers, steps, model = qplan.numbers, qplan.steps, qplan.plan.model
    needed = tensors_of(steps)
    for name in needed:
        if name not in numbers:
            raise ValueError(f"{model}: no numbers say how {name} is stored")
    known = {
        *needed,
        "softmax",
        "pixels",
        *(c for step in steps if shifts(step) for c in constants(step)),
    }
    for name, found in numbers.items():
        if name not in known:
            raise ValueError(f"{model}: numbers say how {name!r} is stored, which is no tensor")
        if not isinstance(found, Quantization):
            kind = type(found).__name__
            raise TypeError(f"{model}: {name} must have a Quantization, found {kind}")
    dtype = numbers["image"].dtype
    if dtype not in ("int8", "uint8"):
        raise ValueError(f"{model}: image must be int8 or uint8, found {dtype}")
    for name in needed:
        if name.endswith(".bias") and numbers[name].dtype != "int32":
            raise ValueError(f"{model}: {name} must be int32, found {numbers[name].dtype}")
        if not name.endswith(".bias") and numbers[name].dtype != dtype:
            raise ValueError(
                f"{model}: {name} must be {dtype} as the image is, found {numbers[name].dtype}"
            )
    for step in steps:
        _check_step(qplan, step)


def _check_step(qplan: QuantizedPlan, step: Step) -> None:
    numbers, model = qplan.numbers, qplan.plan.model
    arrays = step.layer.arrays
    for name in (step.name, *((f"{step.name}.shifted",) if shifts(step) else ())):
        if len(numbers[name].scale) != 1:
            raise ValueError(
                f"{model}: {name} must have one scale, found {len(numbers[name].scale)}"
            )
    for short, shape in arrays.items():
        name = f"{step.name}.{short}"
        count = len(numbers[name].scale)
        if count not in (1, shape[-1]):
            raise ValueError(f"{model}: {name} must have 1 or {shape[-1]} scales, found {count}")
        if count > 1 and any(numbers[name].zero_point):
            raise ValueError(f"{model}: {name} has a scale a channel: zero points must be 0")
    bias = numbers.get(f"{step.name}.bias")
    if bias is not None and any(bias.zero_point):
        raise ValueError(f"{model}: {step.name}.bias must have zero point 0")
    if keeps_scale(step, qplan.pooling) and numbers[step.name] != numbers[step.inputs[0]]:
        raise ValueError(
            f"{model}: {step.name} is a pool: it must be stored as {step.inputs[0]} is"
        )


def check_arrays(qplan: QuantizedPlan, arrays: Mapping[str, Array]) -> None:
    """ValueError or TypeError, in one line, unless arrays are exactly those of a quantised plan."""
    model = qplan.plan.model
    if not isinstance(arrays, Mapping):
        raise TypeError(f"params must be a dict of arrays by name, found {type(arrays).__name__}")
    expected = qplan.arrays
    missing = [name for name in expected if name not in arrays]
    unexpected = [name for name in arrays if name not in expected]
    for word, names in (("missing", missing), ("unexpected", unexpected)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            listed = ", ".join(map(shown_name, names[:3]))
            raise ValueError(f"params do not fit the quantised {model}: {word} {listed}{more}")
    for name, (shape, dtype) in expected.items():
        value = arrays[name]
        if not plain(value):
            found = type(value).__name__
            raise ValueError(f"{model}: {name} must be an array, found {found}")
        if value.shape != shape or value.dtype != np.dtype(dtype):
            raise ValueError(
                f"{model}: {name} must be {dtype} {shape}, found {value.dtype} {value.shape}"
            )
