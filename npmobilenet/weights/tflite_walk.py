"""A plan laid beside the graph of a TFLite file, from the end to the image.

Names play no part: each of our layers is looked for where the graph has it, and its geometry, activation
and inputs must be the graph's.  What comes back is which operator each layer is and where its result
lies; Differs, a ValueError, says which operator is something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

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
from ..models.network_plan import Plan
from ..ops.window import window
from .tflite_read import File, Operator, Tensor

_SHAPING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_ENDING = (*_SHAPING, "QUANTIZE", "DEQUANTIZE")
PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


class Place(NamedTuple):
    """Where a layer's result lies; fused: what the tensor's operator does to it before it gets there."""

    tensor: int
    fused: str | None = None


class Differs(ValueError):
    """The graph has something else where a plan has a layer; laid: how many layers fitted before."""

    laid = 0


@dataclass
class Walk:
    """What was found: the operators of layers with weights, the tensors of all results.

    between  tensors inside a layer: of a hard sigmoid NAME.shifted, NAME.three, NAME.sixth
    pooling  which operator the global pool is
    outcome  "SOFTMAX" or "LOGISTIC" behind the logits, "" for neither
    """

    operators: dict[str, Operator] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    between: dict[str, int] = field(default_factory=dict)
    pooling: str = "mean"
    outcome: str = ""
    softmax: int = -1


def walk(plan: Plan, file: File) -> Walk:
    """Lay a plan without batch normalisations beside a graph; Differs where they do not agree."""
    found = Walk()
    by_kind = {x: k for k, x in enumerate(layer.name for layer in plan.layers)} | {"image": -1}
    _put(found, plan.layers[-1].name, Place(_end(file, found)))
    laid = 0
    try:
        for layer in reversed(plan.layers):
            step = _Step(file, layer, found)
            place = found.places.get(layer.name)
            if place is None:
                raise Differs(f"no operator reads what a MobileNet's {layer.name} makes")
            if len(layer.output) == 1:
                place = _shaped(file, place)
            if not isinstance(layer, Dropout | Activation):
                step.fits(place)
            inputs = STEPS[type(layer)](step, place)
            # of two inputs the later layer of ours is what the graph writes later
            ordered = sorted(inputs, key=lambda x: file.maker[x].index if x in file.maker else -1)
            names = sorted(layer.inputs, key=by_kind.__getitem__)
            if inputs and isinstance(inputs[0], Place):
                ordered = inputs
            for name, tensor in zip(names, ordered, strict=True):
                _put(found, name, tensor if isinstance(tensor, Place) else Place(tensor))
            laid += 1
    except Differs as error:
        error.laid = laid
        raise
    return found


def _put(found: Walk, name: str, place: Place) -> None:
    if found.places.setdefault(name, place) != place:
        raise Differs(f"two operators read different tensors where a MobileNet has one {name}")


def _end(file: File, found: Walk) -> int:
    """The logits, or the last features: what probabilities are made of."""
    tensor = file.outputs[0]
    while (operator := file.maker.get(tensor)) is not None:
        if operator.kind in ("SOFTMAX", "LOGISTIC") and not found.outcome:
            if operator.options.get("Beta", 1.0) != 1.0:
                raise Differs(f"{operator}: a softmax of beta {operator.options['Beta']}")
            found.outcome, found.softmax = operator.kind, operator.output
        elif operator.kind not in _ENDING:
            break
        tensor = operator.inputs[0]
    return tensor


def _shaped(file: File, place: Place) -> Place:
    """The same elements before operators that give them another shape."""
    tensor = place.tensor
    while (operator := file.maker.get(tensor)) is not None and operator.kind in _SHAPING:
        if file.tensors[operator.inputs[0]].shape[-1] != file.tensors[tensor].shape[-1]:
            break
        tensor = operator.inputs[0]
    return Place(tensor, place.fused)


class _Step:
    """One layer beside the operator that should be it."""

    def __init__(self, file: File, layer: Any, found: Walk) -> None:
        self.file, self.layer, self.found = file, layer, found

    def differs(self, what: object, why: str = "") -> Differs:
        return Differs(f"{what} stands where a MobileNet has {self.layer.name}{why and f': {why}'}")

    def tensor(self, index: int) -> Tensor:
        return self.file.tensors[index]

    def maker(self, tensor: int, *kinds: str) -> Operator:
        """The operator that writes a tensor, one of these kinds."""
        operator = self.file.maker.get(tensor)
        if operator is None:
            raise self.differs(f"the input, {self.tensor(tensor)},")
        if operator.kind not in kinds:
            raise self.differs(operator)
        return operator

    def made(self, place: Place, *kinds: str) -> Operator:
        """The same, with the activation that was taken off and no other."""
        operator = self.maker(place.tensor, *kinds)
        if operator.options.get("FusedActivationFunction") != place.fused:
            fused = operator.options.get("FusedActivationFunction")
            raise self.differs(operator, f"it ends with {fused or 'no activation'}")
        return operator

    def fits(self, place: Place) -> None:
        """Differs unless the result has the layer's shape."""
        shape, expected = self.tensor(place.tensor).shape, self.layer.output
        flat = len(expected) == 1
        if flat and (shape[-1:] != expected or any(side != 1 for side in shape[1:-1])):
            raise self.differs(self.tensor(place.tensor), f"shape {shape}, expected (N, {expected[0]})")
        if not flat and shape[1:] != expected:
            raise self.differs(self.tensor(place.tensor), f"shape {shape}, expected (N, *{expected})")

    def constant(self, index: int) -> float | None:
        """The one number in a constant, as a real number; None for what is none."""
        found = self.tensor(index)
        if found.data is None or found.data.size != 1:
            return None
        value = float(found.data.reshape(())[()])
        if found.numbers is not None:
            value = float(found.numbers.scale[0]) * (value - int(found.numbers.zero_point[0]))
        return value

    def with_number(self, operator: Operator) -> tuple[int, int, float]:
        """Of an operator with a variable and one number: the variable, the number's tensor, it."""
        if len(operator.inputs) == 2:
            for x, y in (operator.inputs, operator.inputs[::-1]):
                if x >= 0 and y >= 0 and (value := self.constant(y)) is not None:
                    return x, y, value
        raise self.differs(operator, "no single number in it")


def _product(step: _Step, place: Place) -> list[Any]:
    layer = step.layer
    depthwise = layer.groups == layer.input[-1] and len(layer.output) == 3
    kinds = ("DEPTHWISE_CONV_2D",) if depthwise and not isinstance(layer, Pointwise) else PRODUCTS[::2]
    operator = step.made(place, *kinds)
    x, options = operator.inputs[0], operator.options
    if len(operator.inputs) < 2 or step.tensor(operator.inputs[1]).data is None:
        raise step.differs(operator, "its weight is no constant")
    step.found.operators[layer.name] = operator
    if operator.kind == "FULLY_CONNECTED":
        if len(layer.output) == 3:
            raise step.differs(operator)
        return [_shaped(step.file, Place(x))]
    stride = options["StrideH"], options["StrideW"]
    expected = getattr(layer, "stride", (1, 1))
    if stride != expected and len(layer.output) == 3:
        raise step.differs(operator, f"stride {stride}, expected {expected}")
    if isinstance(layer, Conv | Depthwise | GroupedConv):
        x = _sides(step, operator, x)
    return [x]


def _sides(step: _Step, operator: Operator, x: int) -> int:
    """Differs unless zeros lie around the image as the layer has them; the image without them."""
    place, before = step.layer.window, step.file.maker.get(x)
    size, sides = (place.size, place.kernel, place.stride), (0, 0, 0, 0)
    if operator.options["Padding"] == "same":
        sides = window(step.layer.name, *size, "same").sides
    elif before is not None and before.kind in ("PAD", "PADV2"):
        zeros = step.tensor(before.inputs[1]).data if len(before.inputs) > 1 else None
        if zeros is None or zeros.shape != (4, 2) or zeros[0].any() or zeros[3].any():
            raise step.differs(before, "it pads more than height and width")
        (top, bottom), (left, right) = zeros[1:3].tolist()
        sides, x = (top, bottom, left, right), before.inputs[0]
    if sides != place.sides:
        raise step.differs(operator, f"zeros {sides} above, below, left, right, expected {place.sides}")
    return x


def _activation(step: _Step, place: Place) -> list[Any]:
    function = step.layer.function
    operator = step.file.maker.get(place.tensor)
    if operator is None:
        raise step.differs("the input")
    if function in ("relu", "relu6"):
        if operator.options.get("FusedActivationFunction") == function and place.fused is None:
            return [Place(place.tensor, function)]
        return [step.made(place, function.upper()).inputs[0]]
    if place.fused is not None:
        raise step.differs(operator)
    return [ACTIVATIONS[function](step, place.tensor)]


def _simple(kind: str) -> Callable[[_Step, int], int]:
    return lambda step, tensor: step.maker(tensor, kind).inputs[0]


def _hard_sigmoid(step: _Step, tensor: int) -> int:
    """relu6(x + 3) / 6, of a factor before it that makes the slope another."""
    name, between = step.layer.name, step.found.between
    last = step.made(Place(tensor), "MUL", "DIV")
    shifted, sixth, value = step.with_number(last)
    if abs((1 / value if last.kind == "DIV" and value else value) - 1 / 6) > 1e-3:
        raise step.differs(last, f"{last.kind} by {value:g}, expected a sixth")
    between |= {f"{name}.shifted": shifted, f"{name}.sixth": sixth}
    clipped = step.maker(shifted, "ADD", "RELU6")
    if clipped.kind == "RELU6":
        added = step.made(Place(clipped.inputs[0]), "ADD")
    else:
        added = step.made(Place(shifted, "relu6"), "ADD")
    x, three, value = step.with_number(added)
    if abs(value - 3) > 0.02:
        raise step.differs(added, f"adds {value:g}, expected 3")
    between[f"{name}.three"] = three
    slope = 1.0 if step.layer.slope is None else 6 * step.layer.slope
    if abs(slope - 1) > 1e-6:
        sloped = step.made(Place(x), "MUL")
        x, _, value = step.with_number(sloped)
        if abs(value - slope) > 1e-3:
            raise step.differs(sloped, f"a slope of {value / 6:g}, expected {slope / 6:g}")
    return x


def _times_gate(step: _Step, tensor: int, gate: Callable[[_Step, int], int]) -> int:
    """x in x times gate(x)."""
    operator = step.made(Place(tensor), "MUL")
    for x, y in (operator.inputs[:2], operator.inputs[1::-1]) if len(operator.inputs) == 2 else ():
        try:
            if gate(step, y) == x:
                return x
        except Differs:
            continue
    raise step.differs(operator, "no gate of its other input")


def _hard_swish(step: _Step, tensor: int) -> int:
    if step.maker(tensor, "HARD_SWISH", "MUL").kind == "HARD_SWISH":
        return step.maker(tensor, "HARD_SWISH").inputs[0]
    return _times_gate(step, tensor, _hard_sigmoid)


ACTIVATIONS: dict[str, Callable[[_Step, int], int]] = {
    "hard_swish": _hard_swish,
    "hard_sigmoid": _hard_sigmoid,
    "sigmoid": _simple("LOGISTIC"),
    "swish": lambda step, tensor: _times_gate(step, tensor, _simple("LOGISTIC")),
}


def _two(kind: str) -> Callable[[_Step, Place], list[Any]]:
    def lay(step: _Step, place: Place) -> list[Any]:
        operator = step.made(place, kind)
        if len(operator.inputs) != 2 or any(step.tensor(x).data is not None for x in operator.inputs):
            raise step.differs(operator)
        return list(operator.inputs)

    return lay


def _global_pool(step: _Step, place: Place) -> list[Any]:
    operator = step.made(place, "MEAN", "AVERAGE_POOL_2D")
    size, options = step.layer.input[:2], operator.options
    if operator.kind == "MEAN":
        axes = step.tensor(operator.inputs[1]).data if len(operator.inputs) == 2 else None
        if axes is None or sorted(int(a) % 4 for a in np.ravel(axes)) != [1, 2]:
            raise step.differs(operator, "not the mean over height and width")
        return [operator.inputs[0]]
    if (options["FilterHeight"], options["FilterWidth"]) != size or options["Padding"] != "valid":
        raise step.differs(operator, "not the mean over the whole image")
    step.found.pooling = "average_pool"
    return [operator.inputs[0]]


def _pool(step: _Step, place: Place) -> list[Any]:
    kind = "MAX_POOL_2D" if isinstance(step.layer, MaxPool) else "AVERAGE_POOL_2D"
    operator, place_of = step.made(place, kind), step.layer.window
    options = operator.options
    kernel = options["FilterHeight"], options["FilterWidth"]
    if kernel != place_of.kernel or (options["StrideH"], options["StrideW"]) != place_of.stride:
        raise step.differs(operator, f"windows {kernel}, expected {place_of.kernel}")
    return [_sides(step, operator, operator.inputs[0])]


def _dropout(step: _Step, place: Place) -> list[Any]:
    if step.layer.mode == "inverted":
        return [place]
    operator = step.made(place, "MUL")
    x, _, value = step.with_number(operator)
    if abs(value - (1 - step.layer.rate)) > 1e-3:
        raise step.differs(operator, f"times {value:g}, expected {1 - step.layer.rate:g}")
    return [x]


STEPS: dict[type[Layer], Callable[[_Step, Place], list[Any]]] = {
    Conv: _product,
    Depthwise: _product,
    GroupedConv: _product,
    Pointwise: _product,
    Dense: _product,
    Activation: _activation,
    AveragePool: _pool,
    MaxPool: _pool,
    GlobalAveragePool: _global_pool,
    Dropout: _dropout,
    Add: _two("ADD"),
    Scale: _two("MUL"),
}
