"""Layers as descriptions: what goes in, what comes out, which arrays are needed.  They own no arrays.

All facts of a kind of layer stand here, once; executor, counter, initialiser and translators of weights
read them.  What each of those does with a kind, it has in a table by kind; `capabilities` knows who
has what.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

from ..ops.window import Padding, Window, window
from .layer import Layer as Layer
from .layer import Pair as Pair
from .layer import Shape as Shape


@dataclass(frozen=True, kw_only=True)
class _Sliding(Layer):
    """A layer that slides a window."""

    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Padding = "same"

    @cached_property
    def window(self) -> Window:
        """The resolved geometry."""
        height, width, _ = self.input
        return window(self.name, (height, width), self.kernel, self.stride, self.padding)


@dataclass(frozen=True, kw_only=True)
class _Windowed(_Sliding):
    """A convolution that slides a window."""

    bias: bool = False

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
class GroupedConv(_Windowed):
    """Grouped convolution: K x L x M/groups x O multiply-accumulates for each output pixel.

    groups divides channels and filters.  As many groups as channels: a depthwise convolution whose
    depth multiplier is filters / channels.
    """

    kind: ClassVar[str] = "grouped_conv"
    runs: ClassVar[str] = "grouped_conv2d"
    folds: ClassVar[bool] = True
    filters: int
    groups: int = 1

    def __post_init__(self) -> None:
        """ValueError unless the groups are equal."""
        super().__post_init__()
        if self.input[-1] % self.groups or self.filters % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide {self.input[-1]} channels and {self.filters} "
                f"filters, found {self.groups}"
            )

    @property
    def output(self) -> Shape:
        return (*self.window.output, self.filters)

    @property
    def arrays(self) -> dict[str, Shape]:
        seen = self.input[-1] // self.groups
        return _with_bias(self.bias, (*self.kernel, seen, self.filters))


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
class _Pool(_Sliding):
    """Pooling over windows.  ceil_mode: the last may hang over, as in `npmobilenet.ops`."""

    kernel: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: Padding = "valid"
    ceil_mode: bool = False

    @cached_property
    def window(self) -> Window:
        """The resolved geometry."""
        size, hangs = (self.input[0], self.input[1]), self.ceil_mode
        return window(self.name, size, self.kernel, self.stride, self.padding, ceil_mode=hangs)

    @property
    def output(self) -> Shape:
        return (*self.window.output, self.input[-1])


@dataclass(frozen=True, kw_only=True)
class AveragePool(_Pool):
    """The mean of every window of a channel.  (H, W, C) -> (I, J, C)."""

    kind: ClassVar[str] = "average_pool"
    runs: ClassVar[str] = "avg_pool2d"
    count_padding: bool = False


@dataclass(frozen=True, kw_only=True)
class MaxPool(_Pool):
    """The largest element of every window of a channel.  (H, W, C) -> (I, J, C)."""

    kind: ClassVar[str] = "max_pool"
    runs: ClassVar[str] = "max_pool2d"


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
    folds: ClassVar[bool] = True
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
    GroupedConv,
    Pointwise,
    BatchNorm,
    Activation,
    AveragePool,
    MaxPool,
    GlobalAveragePool,
    Dropout,
    Add,
    Scale,
    Dense,
)


def _with_bias(bias: bool, weight: Shape) -> dict[str, Shape]:
    return {"weight": weight, "bias": weight[-1:]} if bias else {"weight": weight}
