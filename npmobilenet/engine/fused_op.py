"""What inference computes at one go: the record of an op that others may have joined."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from math import inf, prod

from ..kernels.simd.activation import Activation
from ..models.layers import BatchNorm, Conv, Depthwise, Layer, Shape
from .layout import CONTIGUOUS, Sides
from .lower import Node

Epilogue = tuple[Activation, float, float]  # what a microkernel does to its sums: code, low, high
NONE: Epilogue = (Activation.IDENTITY, -inf, inf)
FUSED: dict[str, Epilogue] = {
    "relu": (Activation.CLAMP, 0.0, inf),
    "relu6": (Activation.CLAMP, 0.0, 6.0),
    "hard_swish": (Activation.HARD_SWISH, 0.0, 0.0),
}
ALONE = {
    "sigmoid": Activation.SIGMOID,
    "swish": Activation.SWISH,
    "hard_sigmoid": Activation.HARD_SIGMOID,
}


class Kind(StrEnum):
    """What an op computes; emit_inference.py has a function for each."""

    IMAGE = auto()
    CONVOLUTION = auto()
    DEPTHWISE = auto()  # and the mean of its output
    POINTWISE = auto()  # dense layers too
    SEPARABLE = auto()  # depthwise and pointwise, band by band
    BOTTLENECK = auto()  # pointwise before them, whose result is never whole in memory
    POOL = auto()
    EXCITE = auto()  # the second product of squeeze-and-excite, and its gates on the map
    ACTIVATE = auto()  # in place
    RESULT = auto()


@dataclass(frozen=True)
class Linear:
    """activation(x w + b) of one layer, normalisation folded in; a normalisation alone is one tap."""

    layer: Layer
    norm: BatchNorm | None = None
    epilogue: Epilogue = NONE
    factor: float = 1.0  # of x: what a dropout keeps at inference
    slope: float | None = None  # of a gate: clamp(slope (x w + b) + 1/2, 0, 1); in w and b, too

    @property
    def shape(self) -> Shape:
        """Of w."""
        alone = isinstance(self.layer, BatchNorm)
        return (1, 1, self.layer.input[-1]) if alone else self.layer.arrays["weight"]

    @property
    def stride(self) -> tuple[int, int]:
        """Of its window, down and along."""
        return self.layer.stride if isinstance(self.layer, Conv | Depthwise) else (1, 1)

    @property
    def sides(self) -> Sides:
        """Zeros around its input."""
        return self.layer.window.sides if isinstance(self.layer, Conv | Depthwise) else CONTIGUOUS


@dataclass(frozen=True, kw_only=True)
class FusedOp:
    """Which layers it stands for, what it reads and what it writes; x is None for the image."""

    kind: Kind
    parts: tuple[Layer, ...]
    x: Node | None
    y: Node | None
    # "expand", "window", "product", as data pass through them
    linear: Mapping[str, Linear] = field(default_factory=dict)
    added: Node | None = None
    pooled: Node | None = None  # where the mean of y goes
    scaled: Node | None = None  # the map that the gates scale, in place

    @property
    def layers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(layer.name for layer in self.parts)

    @property
    def name(self) -> str:
        """Of its first layer, and of its last where they differ: "blocks.1.depthwise .. pointwise"."""
        first, last = (n.removesuffix("_activation") for n in (self.layers[0], self.layers[-1]))
        return first if first == last else f"{first} .. {last.rpartition('.')[2]}"

    @property
    def output(self) -> Shape:
        """Of its result."""
        return self.y.layer.output if self.y else self.parts[-1].output

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.parts)

    @property
    def bytes(self) -> int:
        """Read and written, each element once."""
        weights = sum(prod(each.shape) + each.shape[-1] for each in self.linear.values())
        written = prod(self.output) * (1 + bool(self.added))
        return 4 * (weights + prod(self.parts[0].input) + written)

    @property
    def sides(self) -> Sides:
        """The zeros that it wants around x."""
        return next((each.sides for each in self.linear.values()), CONTIGUOUS)
