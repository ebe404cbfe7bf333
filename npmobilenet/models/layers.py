"""Layers as descriptions: what goes in, what comes out, which arrays are needed.  They own no arrays.

All facts of a kind of layer stand here, once; executor, counter, initialiser and translators of weights
read them.  What each of those does with a kind, it has in a table by kind; `capabilities` knows who
has what.  Shapes leave out the batch.  `arrays` are trained, `statistics` are running estimates.
`inputs` names the layers that feed this one; the picture itself is called "image".
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..ops.window import Padding, Window, window

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What every layer has, and what is so for a kind that does not say otherwise."""

    kind: ClassVar[str] = ""
    runs: ClassVar[str] = ""  # the operator, a name of `npmobilenet.ops`
    folds: ClassVar[bool] = False  # a batch normalisation behind it can be put into its weight
    gain: ClassVar[int] = 2  # its weights' initial variance times fan_in: He et al. 2015, for ReLU
    name: str
    inputs: tuple[str, ...]
    input: Shape  # of the first input: (H, W, C), or (C,) after the pooling

    @property
    def operator(self) -> str:
        """Name of its operator; gradients of inputs, then of `arrays`, are its *_backward's."""
        return self.runs

    @property
    def reads(self) -> tuple[Shape, ...]:
        """Shapes of all inputs."""
        return (self.input,)

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

    @property
    def flops(self) -> int:
        """Two for each MAC; where there are none, one for each element that goes in."""
        return 2 * self.macs or prod(self.input)

    @property
    def fan_in(self) -> int:
        """How many products make one output."""
        return prod(self.arrays["weight"][:-1]) if "weight" in self.arrays else 0

    @property
    def groups(self) -> int:
        """Sets of channels that do not see each other; more than 1 in depthwise layers alone."""
        return 1


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
