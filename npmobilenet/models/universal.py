"""V4's blocks: the universal inverted bottleneck, and the fused one.

input -> [depthwise k1] -> expand 1x1 -> [depthwise k2] -> project 1x1       universal
input -> expand k x k                                   -> project 1x1       fused
  └──────────────── added, where shapes are equal ────────────────┘

Activations follow the expansion and the depthwise convolution behind it; the first depthwise
convolution and the projection are linear (arXiv:2404.10518, section 3 and figure 4).
"""

from .builder import Builder
from .layers import Add, Conv, Depthwise, Pointwise
from .rows import Fused, Uib
from .widths import make_divisible


def uib(build: Builder, row: Uib, before: int) -> None:
    """A row's blocks; the stride is the second depthwise convolution's, or the first's without one."""
    for repeat in range(row.n):
        source, name, function = build.last, build.next_block(), build.dialect.activation
        widened = make_divisible(build.channels * row.t, build.divisor)
        stride = build.stride(row.s if repeat == 0 else 1)
        if row.k1:
            _depthwise(build, f"{name}.start", row.k1, 1 if row.k2 else stride, None)
        build.convolution(Pointwise, f"{name}.expand", function, filters=widened)
        if row.k2:
            _depthwise(build, f"{name}.depthwise", row.k2, stride, function)
        _project(build, name, row.out, source)


def fused(build: Builder, row: Fused, before: int) -> None:
    """A row's blocks, whose expansion looks at neighbours."""
    for repeat in range(row.n):
        source, name, dialect = build.last, build.next_block(), build.dialect
        widened = make_divisible(build.channels * row.t, build.divisor)
        stride = build.stride(row.s if repeat == 0 else 1)
        step = {"stride": (stride, stride), "padding": dialect.padding, "kernel": (row.k, row.k)}
        build.convolution(Conv, f"{name}.expand", dialect.activation, filters=widened, **step)
        _project(build, name, row.out, source)


def _depthwise(build: Builder, name: str, kernel: int, stride: int, function: str | None) -> None:
    step = {"stride": (stride, stride), "padding": build.depthwise_padding(stride)}
    build.convolution(Depthwise, name, function, kernel=(kernel, kernel), **step)


def _project(build: Builder, name: str, out: int, source: str) -> None:
    """The linear end, and the residual where it can be."""
    build.convolution(Pointwise, f"{name}.project", None, filters=build.scaled(out))
    if build.shape(source) == build.shape(build.last):
        build.add(Add, f"{name}.add", (source, build.last))
