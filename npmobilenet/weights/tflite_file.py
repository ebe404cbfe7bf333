"""The graph of a TFLite file as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..models.layers import Shape
from ..ops.checks import Array


class Numbers(NamedTuple):
    """How a tensor is stored: as many zero points as scales; axis is theirs where they are several."""

    scale: Array
    zero_point: Array
    axis: int


@dataclass(frozen=True)
class Tensor:
    """One tensor; data is there if it is a constant."""

    index: int
    name: str
    shape: Shape
    dtype: str
    data: Array | None = field(repr=False)
    numbers: Numbers | None = field(repr=False)

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name})"

    def integers(self) -> list[int] | None:
        """The elements of a constant of axes or sizes, one after another; None for what is none."""
        if self.data is None or self.dtype not in ("int32", "int64"):
            return None
        return [int(x) for x in self.data.ravel()]

    def number(self) -> float | None:
        """The one element of a constant, as a real number; None for what is none."""
        if self.data is None or self.data.size != 1:
            return None
        value = float(self.data.reshape(())[()])
        if self.numbers is not None:
            value = float(self.numbers.scale[0]) * (value - int(self.numbers.zero_point[0]))
        return value

    def stored_as(self, other: Tensor) -> bool:
        """Whether equal bytes of the two stand for equal numbers."""
        if self.dtype != other.dtype or self.numbers is None or other.numbers is None:
            return self.dtype == other.dtype and self.numbers is other.numbers
        pairs = zip(self.numbers[:2], other.numbers[:2], strict=True)
        return all(a.shape == b.shape and (a == b).all() for a, b in pairs)


@dataclass(frozen=True)
class Operator:
    """One operator; bias of a product, its third input, is -1 where it is left out."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    output: int
    options: dict[str, Any]
    writes: str  # the name of its output

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind}, {self.writes})"


@dataclass(frozen=True)
class File:
    """The graph of a file from its image to its result, and its metadata by name."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    image: int
    result: int
    metadata: dict[str, bytes] = field(repr=False)
    maker: dict[int, Operator] = field(repr=False)  # tensor -> the operator that writes it

    def constant(self, index: int) -> Tensor:
        """A tensor, or what a DEQUANTIZE makes it of: weights of half precision are stored so."""
        maker = self.maker.get(index)
        if maker is not None and maker.kind == "DEQUANTIZE":
            return self.tensors[maker.inputs[0]]
        return self.tensors[index]
