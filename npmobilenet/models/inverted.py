"""V2's and V3's blocks: inverted residuals with linear bottlenecks, V3's with squeeze-and-excite.

input (narrow) -> expand 1x1 -> depthwise KxK -> [squeeze-and-excite] -> project 1x1 (narrow)
  └──────────────────────────── added, where shapes are equal ──────────────────────┘
"""

from .builder import Builder
from .layers import Activation, Add, Dense, Depthwise, GlobalAveragePool, Pointwise, Scale
from .rows import Bneck, Bottleneck
from .widths import make_divisible


def inverted(
    build: Builder,
    *,
    kernel: int,
    widened: int,
    filters: int,
    function: str,
    stride: int,
    squeeze: bool = False,
    residual: bool = True,
) -> None:
    """One block: V2's figure 4, V3's figures 3 and 4.  `widened` is the size of its wide part."""
    source, dialect, name, stride = (
        build.last,
        build.dialect,
        build.next_block(),
        build.stride(stride),
    )
    if widened != build.channels or dialect.expand_when_equal:
        build.convolution(Pointwise, f"{name}.expand", function, filters=widened)
    step = {"stride": (stride, stride), "padding": build.depthwise_padding(stride)}
    build.convolution(Depthwise, f"{name}.depthwise", function, kernel=(kernel, kernel), **step)
    if squeeze:
        squeeze_excite(build, name, function)
    build.convolution(Pointwise, f"{name}.project", None, filters=filters)
    if residual and build.shape(source) == build.shape(build.last):
        build.add(Add, f"{name}.add", (source, build.last))


def squeeze_excite(build: Builder, name: str, function: str) -> None:
    """A gate between 0 and 1 for each channel, from the channels' means (V3, section 5.3).

    `function` is the block's activation, which some dialects use here too.
    """
    source, channels, dialect = build.last, build.channels, build.dialect
    function = function if dialect.squeeze_activation == "block" else "relu"
    quarter = {
        "divisible": make_divisible(channels / 4, build.divisor),
        "floor": max(1, channels // 4),
        "round": max(1, round(channels / 4)),
    }[dialect.squeeze]
    build.add(GlobalAveragePool, f"{name}.squeeze_pool")
    build.add(Dense, f"{name}.squeeze", units=quarter)
    build.add(Activation, f"{name}.squeeze_activation", function=function)
    build.add(Dense, f"{name}.excite", units=channels)
    build.add(Activation, f"{name}.gate", function="hard_sigmoid", slope=dialect.gate_slope)
    build.add(Scale, f"{name}.scale", (source, build.last))


def bottleneck(build: Builder, row: Bottleneck, before: int) -> None:
    """A row of V2's Table 2: n blocks, the first of them with its stride."""
    for repeat in range(row.n):
        inverted(
            build,
            kernel=3,
            widened=row.t * build.channels,
            filters=build.scaled(row.c, build.dialect.block_rounding),
            function=build.dialect.activation,
            stride=row.s if repeat == 0 else 1,
        )


def bneck(build: Builder, row: Bneck, before: int) -> None:
    """A row of V3's Tables 1 and 2; a block that does not widen takes its input as it is."""
    dialect, channels = build.dialect, build.channels
    if dialect.expansion == "table":
        widened = build.scaled(row.exp)
    elif row.exp == before:
        widened = channels
    else:
        widened = make_divisible(channels * (row.exp / before), build.divisor)
    inverted(
        build,
        kernel=row.k,
        widened=widened,
        filters=build.scaled(row.out),
        function=build.function(row.nl),
        stride=row.s,
        squeeze=row.se,
        residual=build.blocks > 0 or dialect.first_residual,
    )
