"""MobileNetV1's blocks: a depthwise separable convolution, and the standard one it stands for."""

from .builder import Builder
from .layers import Conv, Depthwise, Pointwise
from .rows import Full, Separable


def separable(build: Builder, row: Separable, before: int) -> None:
    """Depthwise, then pointwise, each with batch normalisation and activation: V1's figure 3."""
    name, stride, function = build.next_block(), build.stride(row.s), build.dialect.activation
    step = {"stride": (stride, stride), "padding": build.depthwise_padding(stride)}
    if build.dialect.depthwise_activation:
        build.convolution(Depthwise, f"{name}.depthwise", function, **step)
    else:
        build.add(Depthwise, f"{name}.depthwise", bias=build.dialect.conv_bias, **step)
    build.convolution(Pointwise, f"{name}.pointwise", function, filters=build.scaled(row.out))


def full(build: Builder, row: Full, before: int) -> None:
    """One standard convolution: a row of V1's Table 4, `Conv MobileNet`."""
    name, stride, dialect = build.next_block(), build.stride(row.s), build.dialect
    step = {"stride": (stride, stride), "padding": dialect.padding}
    filters = build.scaled(row.out)
    build.convolution(Conv, f"{name}.conv", dialect.activation, filters=filters, **step)
