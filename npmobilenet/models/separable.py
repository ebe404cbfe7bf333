"""MobileNetV1: a stem, then depthwise separable blocks (arXiv:1704.04861, Table 1)."""

from collections.abc import Callable

from .builder import Builder
from .layers import Conv, Depthwise, Pointwise
from .rows import V1, V1_STEM, Separable


def separable(build: Builder, name: str, filters: int, stride: int) -> None:
    """Depthwise, then pointwise, each with batch normalisation and activation: V1's figure 3."""
    function, padding = build.dialect.activation, build.depthwise_padding(stride)
    step = {"stride": (stride, stride), "padding": padding}
    if build.dialect.depthwise_activation:
        build.convolution(Depthwise, f"{name}.depthwise", function, **step)
    else:
        build.add(Depthwise, f"{name}.depthwise", bias=build.dialect.conv_bias, **step)
    build.convolution(Pointwise, f"{name}.pointwise", function, filters=filters)


def full(build: Builder, name: str, filters: int, stride: int) -> None:
    """The standard convolution that a separable block stands for: V1's Table 4, `Conv MobileNet`."""
    dialect = build.dialect
    step = {"stride": (stride, stride), "padding": dialect.padding}
    build.convolution(Conv, f"{name}.conv", dialect.activation, filters=filters, **step)


def v1(
    build: Builder,
    rows: tuple[Separable, ...] = V1,
    block: Callable[[Builder, str, int, int], None] = separable,
) -> None:
    """Stem, blocks, pooling, classifier."""
    dialect = build.dialect
    step = {"stride": (dialect.stem_stride,) * 2, "padding": dialect.padding}
    filters = build.stem_channels(V1_STEM)
    build.convolution(Conv, "stem", dialect.activation, filters=filters, **step)
    for number, row in enumerate(rows, start=1):
        stride = row.s if dialect.block_strides else 1
        block(build, f"blocks.{number}", build.scaled(row.out), stride)
    if dialect.v1_head:
        build.convolution(Pointwise, "last", dialect.activation, filters=dialect.v1_head)
    build.top()
