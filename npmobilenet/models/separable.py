"""MobileNetV1's blocks: a separable convolution, and the standard one it stands for; and pooling."""

from typing import Any

from .builder import Builder
from .layers import AveragePool, Conv, Depthwise, GroupedConv, Layer, MaxPool, Pointwise
from .rows import Full, Pool, Separable


def separable(build: Builder, row: Separable, before: int) -> None:
    """Depthwise, then pointwise, each with batch normalisation and activation: V1's figure 3."""
    name, stride, function = build.next_block(), build.stride(row.s), build.dialect.activation
    step: dict[str, Any] = {"stride": (stride, stride), "kernel": (row.k, row.k)}
    step["padding"] = build.depthwise_padding(stride)
    kind: type[Layer] = Depthwise
    if row.multiplier > 1:
        kind = GroupedConv
        step |= {"groups": build.channels, "filters": build.channels * row.multiplier}
    if build.dialect.depthwise_activation:
        build.convolution(kind, f"{name}.depthwise", function, **step)
    else:
        build.add(kind, f"{name}.depthwise", bias=build.dialect.conv_bias, **step)
    build.convolution(Pointwise, f"{name}.pointwise", function, filters=build.scaled(row.out))


def full(build: Builder, row: Full, before: int) -> None:
    """One standard convolution: a row of V1's Table 4, `Conv MobileNet`."""
    name, stride, dialect = build.next_block(), build.stride(row.s), build.dialect
    filters, function = build.scaled(row.out), dialect.activation
    step: dict[str, Any] = {"stride": (stride, stride), "kernel": (row.k, row.k)}
    step["padding"] = dialect.padding
    if row.groups > 1:
        groups = {"groups": row.groups, "filters": filters}
        build.convolution(GroupedConv, f"{name}.conv", function, **groups, **step)
    elif row.k == stride == 1:
        build.convolution(Pointwise, f"{name}.conv", function, filters=filters)
    else:
        build.convolution(Conv, f"{name}.conv", function, filters=filters, **step)


def pool(build: Builder, row: Pool, before: int) -> None:
    """Pooling over windows, with the dialect's padding."""
    step: dict[str, Any] = {"kernel": (row.k, row.k), "stride": (row.s, row.s)}
    step["padding"] = build.dialect.padding
    build.add(MaxPool if row.of == "max" else AveragePool, f"{build.next_block()}.pool", **step)
