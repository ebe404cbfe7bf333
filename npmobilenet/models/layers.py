"""Layers as descriptions: what goes in, what comes out, which arrays are needed.  They own no arrays.

Executor, counter, initialiser and translators of weights all read these; shapes leave out the batch.
`arrays` are trained, `statistics` are running estimates.  `inputs` names the layers that feed this
one; the picture itself is called "image".
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..ops.window import Padding, Window, window

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What every layer has."""

    kind: ClassVar[str] = ""
    name: str
    inputs: tuple[str, ...]
    input: Shape  # of the first input: (H, W, C), or (C,) after the pooling

    @property
    def output(self) -> Shape:
        """Shape of the result."""
        return self.input

    @property
    def block(self) -> str:
        """The part of the network it belongs to: "stem", "blocks.3", "classifier"."""
        first, _, rest = self.name.partition(".")
        return f"{first}.{rest.partition('.')[0]}" if rest else first.partition("_")[0]

    @property
    def arrays(self) -> dict[str, Shape]:
        """Trained arrays: short name and shape."""
        return {}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running estimates: short name and shape."""
        return {}

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, as the papers count: convolutions and dense layers."""
        return 0


@dataclass(frozen=True, kw_only=True)
class _Windowed(Layer):
    """A layer that slides a window."""

    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Padding = "same"
    bias: bool = False

    @property
    def window(self) -> Window:
        """The resolved geometry."""
        height, width, _ = self.input
        return window(self.name, (height, width), self.kernel, self.stride, self.padding)

    @property
    def macs(self) -> int:
        return prod(self.arrays["weight"]) * prod(self.window.output)


@dataclass(frozen=True, kw_only=True)
class Conv(_Windowed):
    """Standard convolution: K x L x M x O multiply-accumulates for each output pixel."""

    kind: ClassVar[str] = "conv"
    filters: int

    @property
    def output(self) -> Shape:
        return (*self.window.output, self.filters)

    @property
    def arrays(self) -> dict[str, Shape]:
        return _with_bias(self.bias, (*self.kernel, self.input[-1], self.filters))


@dataclass(frozen=True, kw_only=True)
class Depthwise(_Windowed):
    """Depthwise convolution: K x L x M multiply-accumulates for each output pixel."""

    kind: ClassVar[str] = "depthwise"

    @property
    def output(self) -> Shape:
        return (*self.window.output, self.input[-1])

    @property
    def arrays(self) -> dict[str, Shape]:
        return _with_bias(self.bias, (*self.kernel, self.input[-1]))


@dataclass(frozen=True, kw_only=True)
class Pointwise(Layer):
    """Pointwise convolution: M x O multiply-accumulates for each pixel."""

    kind: ClassVar[str] = "pointwise"
    filters: int
    bias: bool = False

    @property
    def output(self) -> Shape:
        return (*self.input[:-1], self.filters)

    @property
    def arrays(self) -> dict[str, Shape]:
        return _with_bias(self.bias, (self.input[-1], self.filters))

    @property
    def macs(self) -> int:
        return prod(self.input) * self.filters


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """Batch normalisation.  Not counted: at inference it is folded into the convolution before it."""

    kind: ClassVar[str] = "batch_norm"
    eps: float
    momentum: float

    @property
    def arrays(self) -> dict[str, Shape]:
        return {"gamma": self.input[-1:], "beta": self.input[-1:]}

    @property
    def statistics(self) -> dict[str, Shape]:
        return {"mean": self.input[-1:], "variance": self.input[-1:]}


@dataclass(frozen=True, kw_only=True)
class Activation(Layer):
    """One of the activations of `npmobilenet.ops`, by name."""

    kind: ClassVar[str] = "activation"
    function: str
    slope: float | None = None  # of a hard sigmoid, where it is not 1/6


@dataclass(frozen=True, kw_only=True)
class GlobalAveragePool(Layer):
    """The mean of each channel.  (H, W, C) -> (C,)."""

    kind: ClassVar[str] = "global_pool"

    @property
    def output(self) -> Shape:
        return self.input[-1:]


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """Dropout with probability `rate`; mode as in `npmobilenet.ops.dropout`."""

    kind: ClassVar[str] = "dropout"
    rate: float
    mode: str = "inverted"


@dataclass(frozen=True, kw_only=True)
class Add(Layer):
    """Residual add of its two inputs."""

    kind: ClassVar[str] = "add"


@dataclass(frozen=True, kw_only=True)
class Scale(Layer):
    """Each channel of the first input (H, W, C) times its number in the second, (C,)."""

    kind: ClassVar[str] = "scale"


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """Dense layer: M x units multiply-accumulates."""

    kind: ClassVar[str] = "dense"
    units: int
    bias: bool = True

    @property
    def output(self) -> Shape:
        return (self.units,)

    @property
    def arrays(self) -> dict[str, Shape]:
        return _with_bias(self.bias, (self.input[-1], self.units))

    @property
    def macs(self) -> int:
        return prod(self.arrays["weight"])


def _with_bias(bias: bool, weight: Shape) -> dict[str, Shape]:
    return {"weight": weight, "bias": weight[-1:]} if bias else {"weight": weight}
