"""From the paper's rows to a plan: frozen layers with names and shapes.  Everything else reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..ops import checks
from .dialect import PAPER, Dialect, dialect_named
from .layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Shape,
)
from .rows import V1, V1_SHALLOW, V1_STEM, Separable


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One network: how it was asked for, and its layers in the order they run."""

    model: str
    width: float  # the paper's alpha
    resolution: tuple[int, int]  # (H, W); the paper's rho is resolution / 224
    channels: int
    classes: int
    dialect: Dialect
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> dict[str, Shape]:
        """Name and shape of every trained array: "stem.weight", "blocks.1.depthwise_norm.gamma"."""
        return {f"{x.name}.{a}": shape for x in self.layers for a, shape in x.arrays.items()}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Name and shape of every running estimate: "stem_norm.mean", "stem_norm.variance"."""
        return {f"{x.name}.{a}": shape for x in self.layers for a, shape in x.statistics.items()}

    @property
    def arrays(self) -> dict[str, Shape]:
        """Name and shape of all of them, layer by layer."""
        both = ((x.name, x.arrays | x.statistics) for x in self.layers)
        return {f"{name}.{a}": shape for name, shapes in both for a, shape in shapes.items()}

    def __getitem__(self, name: str) -> Layer:
        """The layer of that name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r} in {self.model}")

    def summary(self) -> str:
        """A Keras-like table: layer, type, output shape, parameters."""
        from ..tables import summary_table

        return summary_table(self)


class Builder:
    """Appends layers, feeding each with the one before it unless told otherwise."""

    def __init__(self, image: Shape, dialect: Dialect) -> None:
        self.layers: list[Layer] = []
        self.image = image
        self.dialect = dialect

    def add(self, layer: type[Layer], name: str, **fields: Any) -> None:
        """Append `layer`, its input the output of the last one."""
        last = self.layers[-1] if self.layers else None
        source, shape = (last.name, last.output) if last else ("image", self.image)
        self.layers.append(layer(name=name, inputs=(source,), input=shape, **fields))

    def norm_activation(self, name: str) -> None:
        """Batch normalisation and activation, as after every convolution of V1 (its figure 3)."""
        dialect = self.dialect
        self.add(BatchNorm, f"{name}_norm", eps=dialect.bn_eps, momentum=dialect.bn_momentum)
        self.add(Activation, f"{name}_activation", function=dialect.activation)


def plan(
    model: str,
    *,
    width: float = 1.0,
    resolution: int | tuple[int, int] = 224,
    classes: int = 1000,
    channels: int = 3,
    dialect: str | Dialect = PAPER,
) -> Plan:
    """The layers of `model` with names and shapes, and no arrays.

    model: one of MODELS.  width: the multiplier alpha of every layer's channels.  resolution: height
    and width of the image in pixels, or one number for both.  channels: of the image.  ValueError,
    naming the argument, for anything that cannot be.
    """
    if not isinstance(model, str) or model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, found {model!r}")
    size = checks.pair("plan", "resolution", resolution)
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0 < width <= 16:
        raise ValueError(f"plan: width must be a number above 0 and at most 16, found {width!r}")
    for name, value in (("classes", classes), ("channels", channels)):
        if not checks.whole(value) or value < 1:
            raise ValueError(f"plan: {name} must be a positive integer, found {value!r}")
    chosen = dialect_named(dialect)
    builder = Builder((*size, int(channels)), chosen)
    MODELS[model](builder, width, int(classes))
    return Plan(
        model=model,
        width=float(width),
        resolution=size,
        channels=int(channels),
        classes=int(classes),
        dialect=chosen,
        layers=tuple(builder.layers),
    )


def scaled(channels: int, width: float) -> int:
    """V1's rule for the width multiplier: int(alpha * channels), at least 1."""
    return max(1, int(channels * width))


def _separable(build: Builder, name: str, filters: int, stride: int) -> None:
    """Depthwise, then pointwise, each with batch normalisation and activation: V1's figure 3."""
    padding = build.dialect.padding
    build.add(Depthwise, f"{name}.depthwise", stride=(stride, stride), padding=padding)
    build.norm_activation(f"{name}.depthwise")
    build.add(Pointwise, f"{name}.pointwise", filters=filters)
    build.norm_activation(f"{name}.pointwise")


def _full(build: Builder, name: str, filters: int, stride: int) -> None:
    """The standard convolution that a separable block stands for: V1's Table 4, `Conv MobileNet`."""
    padding = build.dialect.padding
    build.add(Conv, f"{name}.conv", filters=filters, stride=(stride, stride), padding=padding)
    build.norm_activation(f"{name}.conv")


def _v1(
    build: Builder,
    width: float,
    classes: int,
    rows: tuple[Separable, ...] = V1,
    block: Callable[[Builder, str, int, int], None] = _separable,
) -> None:
    stride, padding = build.dialect.stem_stride, build.dialect.padding
    build.add(
        Conv, "stem", filters=scaled(V1_STEM, width), stride=(stride, stride), padding=padding
    )
    build.norm_activation("stem")
    for number, row in enumerate(rows, start=1):
        block(build, f"blocks.{number}", scaled(row.out, width), row.s)
    build.add(GlobalAveragePool, "pool")
    if build.dialect.dropout:
        build.add(Dropout, "dropout", rate=build.dialect.dropout)
    build.add(Dense, "classifier", classes=classes)


MODELS: dict[str, Callable[[Builder, float, int], None]] = {
    "v1": _v1,
    "v1-shallow": partial(_v1, rows=V1_SHALLOW),  # Table 5
    "v1-full": partial(_v1, block=_full),  # Table 4, Conv MobileNet
}
