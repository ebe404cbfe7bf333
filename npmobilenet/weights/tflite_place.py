"""Where a layer's result lies in a TFLite graph, and one layer beside the operator that should be it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .tflite_file import File, Operator, Tensor

SHAPING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


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


def shaped(file: File, place: Place) -> Place:
    """The same elements before operators that give them another shape."""
    tensor = place.tensor
    while (operator := file.maker.get(tensor)) is not None and operator.kind in SHAPING:
        before, after = file.tensors[operator.inputs[0]], file.tensors[tensor]
        if before.shape[-1:] != after.shape[-1:] or not before.stored_as(after):
            break
        tensor = operator.inputs[0]
    return Place(tensor, place.fused)


class Step:
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
            raise self.differs(
                self.tensor(place.tensor), f"shape {shape}, expected (N, {expected[0]})"
            )
        if not flat and shape[1:] != expected:
            raise self.differs(
                self.tensor(place.tensor), f"shape {shape}, expected (N, *{expected})"
            )

    def with_number(self, operator: Operator) -> tuple[int, int, float]:
        """Of an operator with a variable and one number: the variable, the number's tensor, it."""
        for x, y in (operator.inputs, operator.inputs[::-1]):
            if (value := self.tensor(y).number()) is not None:
                return x, y, value
        raise self.differs(operator, "no single number in it")
