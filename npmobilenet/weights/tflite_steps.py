"""What each kind of layer is in a TFLite graph: its operator, and the tensors that it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models.layers import (
    Activation,
    Add,
    AveragePool,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
)
from ..ops.window import window
from .tflite_arrays import DEPTHWISE, depthwise
from .tflite_file import Operator
from .tflite_gates import activation
from .tflite_place import Place, Step, shaped


def _product(step: Step, place: Place) -> list[Any]:
    layer = step.layer
    kinds = (DEPTHWISE,) if depthwise(layer) else ("CONV_2D", "FULLY_CONNECTED")
    operator = step.made(place, *kinds)
    x, options = operator.inputs[0], operator.options
    if step.file.constant(operator.inputs[1]).data is None:
        raise step.differs(operator, "its weight is no constant")
    step.found.operators[layer.name] = operator
    if operator.kind == "FULLY_CONNECTED":
        if len(layer.output) == 3:
            raise step.differs(operator)
        return [shaped(step.file, Place(x))]
    stride = options["StrideH"], options["StrideW"]
    expected = getattr(layer, "stride", (1, 1))
    if stride != expected and len(layer.output) == 3:
        raise step.differs(operator, f"stride {stride}, expected {expected}")
    if isinstance(layer, Conv | Depthwise | GroupedConv):
        x = _sides(step, operator, x)
    return [x]


def _sides(step: Step, operator: Operator, x: int) -> int:
    """Differs unless zeros lie around the image as the layer has them; the image without them."""
    place, before = step.layer.window, step.file.maker.get(x)
    size, sides = (place.size, place.kernel, place.stride), (0, 0, 0, 0)
    if operator.options["Padding"] == "same":
        sides = window(step.layer.name, *size, "same").sides
    elif before is not None and before.kind in ("PAD", "PADV2"):
        sides, x = _widened(step, before), before.inputs[0]
    if sides != place.sides:
        raise step.differs(
            operator, f"zeros {sides} above, below, left, right, expected {place.sides}"
        )
    return x


def _widened(step: Step, pad: Operator) -> tuple[int, int, int, int]:
    """The zeros that a PAD puts above, below, left and right."""
    around = step.tensor(pad.inputs[1]).integers()
    if around is None or len(around) != 8 or any(around[:2]) or any(around[6:]):
        raise step.differs(pad, "it pads more than height and width")
    if pad.kind == "PADV2" and step.tensor(pad.inputs[2]).number() != 0:
        raise step.differs(pad, "it pads with something else than zeros")
    if not step.tensor(pad.output).stored_as(step.tensor(pad.inputs[0])):
        raise step.differs(pad, "its output is stored otherwise than its input")
    top, bottom, left, right = around[2:6]
    return top, bottom, left, right


def _two(kind: str) -> Callable[[Step, Place], list[Any]]:
    def lay(step: Step, place: Place) -> list[Any]:
        operator = step.made(place, kind)
        if any(step.tensor(x).data is not None for x in operator.inputs):
            raise step.differs(operator)
        return list(operator.inputs)

    return lay


def _global_pool(step: Step, place: Place) -> list[Any]:
    operator = step.made(place, "MEAN", "AVERAGE_POOL_2D")
    size, options = step.layer.input[:2], operator.options
    if operator.kind == "MEAN":
        axes = step.tensor(operator.inputs[1]).integers() or []
        if sorted(axis % 4 for axis in axes) != [1, 2]:
            raise step.differs(operator, "not the mean over height and width")
        return [operator.inputs[0]]
    if (options["FilterHeight"], options["FilterWidth"]) != size or options["Padding"] != "valid":
        raise step.differs(operator, "not the mean over the whole image")
    step.found.pooling = "average_pool"
    return [operator.inputs[0]]


def _pool(step: Step, place: Place) -> list[Any]:
    kind = "MAX_POOL_2D" if isinstance(step.layer, MaxPool) else "AVERAGE_POOL_2D"
    operator, place_of = step.made(place, kind), step.layer.window
    options = operator.options
    kernel = options["FilterHeight"], options["FilterWidth"]
    if kernel != place_of.kernel or (options["StrideH"], options["StrideW"]) != place_of.stride:
        raise step.differs(operator, f"windows {kernel}, expected {place_of.kernel}")
    return [_sides(step, operator, operator.inputs[0])]


def _dropout(step: Step, place: Place) -> list[Any]:
    if step.layer.mode == "inverted":
        return [place]
    operator = step.made(place, "MUL")
    x, _, value = step.with_number(operator)
    if abs(value - (1 - step.layer.rate)) > 1e-3:
        raise step.differs(operator, f"times {value:g}, expected {1 - step.layer.rate:g}")
    return [x]


STEPS: dict[type[Layer], Callable[[Step, Place], list[Any]]] = {
    Conv: _product,
    Depthwise: _product,
    GroupedConv: _product,
    Pointwise: _product,
    Dense: _product,
    Activation: activation,
    AveragePool: _pool,
    MaxPool: _pool,
    GlobalAveragePool: _global_pool,
    Dropout: _dropout,
    Add: _two("ADD"),
    Scale: _two("MUL"),
}
