"""What the assemblers share: a list of layers that grows, and the blocks all versions are made of."""

from collections.abc import Iterable
from typing import Any

from .dialect import Dialect
from .layers import Activation, BatchNorm, Conv, Dense, Dropout, GlobalAveragePool, Layer, Shape
from .rows import Hidden
from .widths import ROUNDING


class Builder:
    """Appends layers, feeding each with the one before it unless told otherwise."""

    def __init__(
        self,
        image: Shape,
        dialect: Dialect,
        *,
        width: float,
        divisor: int,
        classes: int,
        include_top: bool,
    ) -> None:
        self.layers: dict[str, Layer] = {}
        self.image, self.dialect = image, dialect
        self.width, self.divisor = width, divisor
        self.classes, self.include_top = classes, include_top
        self.blocks = 0  # begun so far

    @property
    def last(self) -> str:
        """Name of the layer appended last, or "image"."""
        return next(reversed(self.layers), "image")

    def shape(self, name: str) -> Shape:
        """Output shape of a layer, or of the image."""
        return self.image if name == "image" else self.layers[name].output

    @property
    def channels(self) -> int:
        """Channels of the last output."""
        return self.shape(self.last)[-1]

    def add(
        self, layer: type[Layer], name: str, inputs: tuple[str, ...] = (), **fields: Any
    ) -> None:
        """Append `layer`, fed by `inputs`, or by the last one."""
        inputs = inputs or (self.last,)
        self.layers[name] = layer(name=name, inputs=inputs, input=self.shape(inputs[0]), **fields)

    def next_block(self) -> str:
        """Begin a block; the name that its layers' names begin with."""
        self.blocks += 1
        return f"blocks.{self.blocks}"

    def stride(self, printed: int) -> int:
        """A row's stride; some dialects leave it out."""
        return printed if self.dialect.block_strides else 1

    def function(self, nl: str) -> str:
        """The activation that a table prints as "RE" or "HS"; what "RE" is says the dialect."""
        return {"RE": self.dialect.activation, "HS": "hard_swish"}[nl]

    def scaled(self, channels: float, rounding: str | None = None) -> int:
        """Channels times alpha, rounded as the dialect does."""
        return ROUNDING[rounding or self.dialect.rounding](channels * self.width, self.divisor)

    def stem_channels(self, channels: int) -> int:
        """Filters of the stem; some dialects keep V3's at all widths, or at small ones."""
        rule = self.dialect.stem
        fixed = rule == "fixed" or (rule == "fixed-below-0.75" and self.width < 0.75)
        return channels if fixed else self.scaled(channels)

    def head_channels(self, channels: int) -> int:
        """The last width before the classifier, which not every dialect multiplies by alpha."""
        rule = self.dialect.head
        grows = rule == "always" or (rule == "grow" and self.width > 1)
        return self.scaled(channels) if grows else channels

    def convolution(
        self, layer: type[Layer], name: str, function: str | None, **fields: Any
    ) -> None:
        """A convolution, its batch normalisation, and its activation unless that is None."""
        dialect = self.dialect
        self.add(layer, name, bias=dialect.conv_bias, **fields)
        if dialect.batch_norm:
            self.add(BatchNorm, f"{name}_norm", eps=dialect.bn_eps, momentum=dialect.bn_momentum)
        if function:
            self.add(Activation, f"{name}_activation", function=function)

    def stem(self, filters: int, function: str) -> None:
        """The first convolution, 3 x 3."""
        dialect = self.dialect
        step = {"stride": (dialect.stem_stride,) * 2, "padding": dialect.padding}
        self.convolution(Conv, "stem", function, filters=self.stem_channels(filters), **step)

    def depthwise_padding(self, stride: int) -> Any:
        """Padding of a depthwise layer."""
        own = self.dialect.strided_padding
        return self.dialect.padding if stride == 1 or own is None else own

    def top(
        self,
        head: int = 0,
        function: str = "",
        *,
        normalised: bool = False,
        hidden: Iterable[Hidden] = (),
    ) -> None:
        """Pooling, V3's and V4's dense layer of `head` outputs, others, dropout, classifier.

        normalised: V4's head: batch normalisation instead of a bias, unless the dialect has none.
        """
        if not self.include_top:
            return
        normalised = normalised and self.dialect.batch_norm
        self.add(GlobalAveragePool, "pool")
        if head:
            self.add(Dense, "head", units=head, bias=self.dialect.head_bias and not normalised)
            if normalised:
                eps, momentum = self.dialect.bn_eps, self.dialect.bn_momentum
                self.add(BatchNorm, "head_norm", eps=eps, momentum=momentum)
            self.add(Activation, "head_activation", function=function)
        for number, row in enumerate(hidden, start=1):
            self.add(Dense, f"hidden.{number}", units=row.out)
            self.add(Activation, f"hidden.{number}_activation", function=self.function(row.nl))
        if self.dialect.dropout:
            mode = self.dialect.dropout_mode
            self.add(Dropout, "dropout", rate=self.dialect.dropout, mode=mode)
        self.add(Dense, "classifier", units=self.classes)
