"""Activations in TFLite graphs: fused, an operator of their own, or several.

A hard sigmoid is an addition of 3, a ReLU6 and a sixth; a hard swish one operator, or x times that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tflite_place import Differs, Place, Step


def activation(step: Step, place: Place) -> list[Any]:
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


def _simple(kind: str) -> Callable[[Step, int], int]:
    return lambda step, tensor: step.maker(tensor, kind).inputs[0]


def _hard_sigmoid(step: Step, tensor: int) -> int:
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


def _times_gate(step: Step, tensor: int, gate: Callable[[Step, int], int]) -> int:
    """x in x times gate(x)."""
    operator = step.made(Place(tensor), "MUL")
    for x, y in (operator.inputs, operator.inputs[::-1]):
        try:
            if gate(step, y) == x:
                return x
        except Differs:
            continue
    raise step.differs(operator, "no gate of its other input")


def _hard_swish(step: Step, tensor: int) -> int:
    if step.maker(tensor, "HARD_SWISH", "MUL").kind == "HARD_SWISH":
        return step.maker(tensor, "HARD_SWISH").inputs[0]
    return _times_gate(step, tensor, _hard_sigmoid)


ACTIVATIONS: dict[str, Callable[[Step, int], int]] = {
    "hard_swish": _hard_swish,
    "hard_sigmoid": _hard_sigmoid,
    "sigmoid": _simple("LOGISTIC"),
    "swish": lambda step, tensor: _times_gate(step, tensor, _simple("LOGISTIC")),
}
