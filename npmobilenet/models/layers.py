"""Layers as descriptions: what goes in, what comes out, which arrays are needed.  They own no arrays.

All facts of a kind of layer stand here, once; executor, counter, initialiser and translators of weights
read them.  What each of those does with a kind, it has in a table by kind; `capabilities` knows who
has what.
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..ops.window import Padding, Window, window
from .layer import Layer as Layer
from .layer import Pair as Pair
from .layer import Shape as Shape


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
    runs: ClassVar[str] = "conv2d"
    folds: ClassVar[bool] = True
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
    runs: ClassVar[str] = "depthwise_conv2d"
    folds: ClassVar[bool] = True

    @property
    def groups(self) -> int:
        return self.input[-1]

    @property
    def fan_in(self) -> int:
        return prod(self.kernel)

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
    runs: ClassVar[str] = "pointwise_conv2d"
    folds: ClassVar[bool] = True
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
    runs: ClassVar[str] = "batch_norm"
    eps: float
    momentum: float

    @property
    def arrays(self) -> dict[str, Shape]:
        return {"gamma": self.input[-1:], "beta": self.input[-1:]}

    @property
    def statistics(self) -> dict[str, Shape]:
        return {"mean": self.input[-1:], "variance": self.input[-1:]}

    @property
    def flops(self) -> int:  # it is scaled and shifted
        return 2 * prod(self.input)


@dataclass(frozen=True, kw_only=True)
class Activation(Layer):
    """One of the activations of `npmobilenet.ops`, by name."""

    kind: ClassVar[str] = "activation"
    function: str
    slope: float | None = None  # of a hard sigmoid, where it is not 1/6

    @property
    def operator(self) -> str:
        return self.function


@dataclass(frozen=True, kw_only=True)
class GlobalAveragePool(Layer):
    """The mean of each channel.  (H, W, C) -> (C,)."""

    kind: ClassVar[str] = "global_pool"
    runs: ClassVar[str] = "global_avg_pool"

    @property
    def output(self) -> Shape:
        return self.input[-1:]


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """Dropout with probability `rate`; mode as in `npmobilenet.ops.dropout`."""

    kind: ClassVar[str] = "dropout"
    runs: ClassVar[str] = "dropout"
    rate: float
    mode: str = "inverted"


@dataclass(frozen=True, kw_only=True)
class Add(Layer):
    """Residual add of its two inputs."""

    kind: ClassVar[str] = "add"
    runs: ClassVar[str] = "add"

    @property
    def reads(self) -> tuple[Shape, ...]:
        return (self.input, self.input)


@dataclass(frozen=True, kw_only=True)
class Scale(Layer):
    """Each channel of the first input (H, W, C) times its number in the second, (C,)."""

    kind: ClassVar[str] = "scale"
    runs: ClassVar[str] = "scale_channels"

    @property
    def reads(self) -> tuple[Shape, ...]:
        return (self.input, self.input[-1:])


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """Dense layer: M x units multiply-accumulates."""

    kind: ClassVar[str] = "dense"
    runs: ClassVar[str] = "dense"
    gain: ClassVar[int] = 1  # no ReLU follows the classifier
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


# every kind there is
KINDS: tuple[type[Layer], ...] = (
    Conv,
    Depthwise,
    Pointwise,
    BatchNorm,
    Activation,
    GlobalAveragePool,
    Dropout,
    Add,
    Scale,
    Dense,
)


def _with_bias(bias: bool, weight: Shape) -> dict[str, Shape]:
    return {"weight": weight, "bias": weight[-1:]} if bias else {"weight": weight}
