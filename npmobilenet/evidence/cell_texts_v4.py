"""What MobileNetV4's Tables 11 to 15 print of a row, written from the plan's layers.

A row is one block, and in Conv-S the two that stand for one of its fused bottlenecks: a k x k convolution
with stride, and the 1x1 convolution after it, each with its own normalisation and activation.
"""

from __future__ import annotations

from collections.abc import Callable

from ..models.layers import Conv, Dense, Depthwise, GlobalAveragePool, Layer, Pointwise
from .cell import Cell
from .cell_layers import Texts, layers_of

# which depthwise layers a universal inverted bottleneck has, before and after it widens
UIB = {
    (True, True): "ExtraDW",
    (False, True): "IB",
    (True, False): "ConvNext",
    (False, False): "FFN",
}


def _computing(cell: Cell) -> list[Layer]:
    """The row's layers without normalisation, activations and additions."""
    kinds = Conv | Depthwise | Pointwise | Dense | GlobalAveragePool
    return [x for x in layers_of(cell)[1] if isinstance(x, kinds)]


def _depthwise(cell: Cell, *, start: bool) -> Depthwise | None:
    """The depthwise layer before the block widens, or the one after."""
    layers = [x for x in _computing(cell) if isinstance(x, Depthwise)]
    return next((x for x in layers if x.name.endswith(".start") == start), None)


def _side(numbers: tuple[int, ...]) -> str:
    return "×".join(map(str, numbers[:2]))


def block(cell: Cell) -> Texts:
    """ "Conv2D", "FusedIB", "AvgPool", or one of the four universal inverted bottlenecks."""
    layers = _computing(cell)
    if len(layers) == 1:
        return ("AvgPool",) if isinstance(layers[0], GlobalAveragePool) else ("Conv2D",)
    if isinstance(layers[0], Conv):
        return ("FusedIB",)
    has = tuple(_depthwise(cell, start=start) is not None for start in (True, False))
    return (UIB[has[0], has[1]],)


def start_kernel(cell: Cell) -> Texts:
    """K1: of the depthwise layer before the block widens."""
    found = _depthwise(cell, start=True)
    return (_side(found.kernel),) if found else ("-",)


def kernel(cell: Cell) -> Texts:
    """K2: of the depthwise layer after that; of a fused block's convolution; of a single layer."""
    found = _depthwise(cell, start=False)
    if found:
        return (_side(found.kernel),)
    layers = _computing(cell)
    if isinstance(layers[0], Conv):
        return (_side(layers[0].kernel),)
    if isinstance(layers[0], GlobalAveragePool):
        return (_side(layers[0].input),)
    return ("1×1",) if len(layers) == 1 else ("-",)


def expanded(cell: Cell) -> Texts:
    """What the block's last layer narrows again; "-" of a single layer."""
    layers = _computing(cell)
    return (str(layers[-1].input[-1]),) if len(layers) > 1 else ("-",)


def out(cell: Cell) -> Texts:
    """Channels of what the row gives; the pooling's and the classifier's, too."""
    return (str(layers_of(cell)[1][-1].output[-1]),)


def stride(cell: Cell) -> Texts:
    """Of all the row's windows together; of those placed once, 1."""
    steps = 1
    for layer in _computing(cell):
        steps *= layer.stride[0] if isinstance(layer, Conv | Depthwise) else 1
    return (str(steps),)


TEXTS_V4: dict[str, Callable[[Cell], Texts]] = {
    "v4 block": block,
    "v4 start": start_kernel,
    "v4 kernel": kernel,
    "v4 expanded": expanded,
    "v4 out": out,
    "v4 stride": stride,
}
