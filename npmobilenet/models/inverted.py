"""MobileNetV2 and V3: inverted residuals with linear bottlenecks, V3's with squeeze-and-excite.

input (narrow) -> expand 1x1 -> depthwise KxK -> [squeeze-and-excite] -> project 1x1 (narrow)
  └──────────────────────────── added, where shapes are equal ──────────────────────┘
"""

from dataclasses import replace

from .builder import Builder
from .layers import Activation, Add, Conv, Dense, Depthwise, GlobalAveragePool, Pointwise, Scale
from .rows import V2, V2_LAST, V2_STEM, BneckTable
from .widths import make_divisible


def inverted(
    build: Builder,
    name: str,
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
    source, dialect = build.last, build.dialect
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


def v2(build: Builder) -> None:
    """MobileNetV2 (arXiv:1801.04381, Table 2)."""
    dialect, function = build.dialect, build.dialect.activation
    _stem(build, V2_STEM, function)
    number = 0
    for row in V2:
        filters = build.scaled(row.c, dialect.block_rounding)
        for repeat in range(row.n):
            number += 1
            stride = row.s if repeat == 0 and dialect.block_strides else 1
            inverted(
                build,
                f"blocks.{number}",
                kernel=3,
                widened=row.t * build.channels,
                filters=filters,
                function=function,
                stride=stride,
            )
    build.convolution(Pointwise, "last", function, filters=build.head_channels(V2_LAST))
    build.top()


def v3(build: Builder, table: BneckTable, small: bool = False) -> None:
    """MobileNetV3 (arXiv:1905.02244, Tables 1 and 2)."""
    dialect = build.dialect
    head = dialect.v3_small_head if small else table.head
    if dialect.reduced_tail:
        table, head = _halved(table), head // 2
    functions = {"RE": dialect.activation, "HS": "hard_swish"}
    _stem(build, table.stem, functions[table.nl])
    before = table.stem  # channels that the table says come in
    for number, row in enumerate(table.rows, start=1):
        by_ratio = make_divisible(build.channels * (row.exp / before), build.divisor)
        same = row.exp == before  # a block that does not widen takes its input as it is
        inverted(
            build,
            f"blocks.{number}",
            kernel=row.k,
            widened=build.scaled(row.exp)
            if dialect.expansion == "table"
            else (build.channels if same else by_ratio),
            filters=build.scaled(row.out),
            function=functions[row.nl],
            stride=row.s if dialect.block_strides else 1,
            squeeze=row.se,
            residual=number > 1 or dialect.first_residual,
        )
        before = row.out
    last = 6 * build.channels if dialect.last == "block" else build.scaled(table.last)
    build.convolution(Pointwise, "last", functions[table.nl], filters=last)
    build.top(build.head_channels(head) if dialect.v3_head else 0, functions[table.nl])


def _stem(build: Builder, filters: int, function: str) -> None:
    dialect = build.dialect
    step = {"stride": (dialect.stem_stride,) * 2, "padding": dialect.padding}
    build.convolution(Conv, "stem", function, filters=build.stem_channels(filters), **step)


def _halved(table: BneckTable) -> BneckTable:
    """The last stage at half its width, as torchvision's reduced_tail."""
    tail = table.rows[-1].out
    rows, before = [], table.stem
    for row in table.rows:
        exp = row.exp // 2 if before == tail else row.exp
        rows.append(replace(row, exp=exp, out=row.out // 2 if row.out == tail else row.out))
        before = row.out
    return replace(table, rows=tuple(rows), last=table.last // 2)
