"""What the judges share: single layers, whole networks, and printed numbers beside counted ones."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import floor, prod
from typing import Any

from ...cost.count import Cost, cost
from ...cost.ratio import block_ratios
from ...models.layers import Conv, Dense, Depthwise, Layer, Pointwise, Shape
from ...models.network_plan import Plan, plan
from .claim import Listing

MILLION, BILLION = 10**6, 10**9
_FED = ("image",)


def counted(model: str, **options: Any) -> Cost:
    """The cost of a plan."""
    return cost(plan(model, **options))


def conv(shape: Shape, filters: int, *, k: int = 3, s: int = 1, bias: bool = False) -> Conv:
    """A standard convolution on its own."""
    return Conv(
        name="conv",
        inputs=_FED,
        input=shape,
        kernel=(k, k),
        stride=(s, s),
        filters=filters,
        bias=bias,
    )


def depthwise(shape: Shape, *, k: int = 3, s: int = 1) -> Depthwise:
    """A depthwise convolution on its own."""
    return Depthwise(name="dw", inputs=_FED, input=shape, kernel=(k, k), stride=(s, s))


def pointwise(shape: Shape, filters: int) -> Pointwise:
    """A pointwise convolution on its own."""
    return Pointwise(name="pw", inputs=_FED, input=shape, filters=filters)


def dense(inputs: int, units: int) -> Dense:
    """A dense layer on its own, with a bias."""
    return Dense(name="fc", inputs=_FED, input=(inputs,), units=units)


def weights(layer: Layer) -> int:
    """Weights of a layer, without its bias."""
    return prod(layer.arrays["weight"])


def macs_of(*layers: Layer) -> int:
    """Multiply-accumulates of some layers together."""
    return sum(layer.macs for layer in layers)


def weights_of(*layers: Layer) -> int:
    """Weights of some layers together, without biases."""
    return sum(map(weights, layers))


def savings(network: Plan) -> list[Fraction]:
    """Of each separable block: how many times more its standard convolution would cost."""
    return [1 / block.macs for block in block_ratios(network)]


def part_of(network: Cost, *endings: str) -> Cost:
    """Only the layers whose names end so."""
    found = tuple(layer for layer in network.layers if layer.name.endswith(endings))
    return Cost(network.plan, found)


def of_block(network: Cost, block: str) -> Cost:
    """Only the layers of one block, or of "stem", "last", "classifier"."""
    blocks = zip(network.layers, network.plan.layers, strict=True)
    return Cost(network.plan, tuple(layer for layer, x in blocks if x.block == block))


def of_kind(network: Plan, kind: type[Layer]) -> list[Any]:
    """A plan's layers of one kind, in order."""
    return [layer for layer in network.layers if isinstance(layer, kind)]


def block_of(network: Plan, number: int) -> list[Layer]:
    """The layers of a block."""
    return [layer for layer in network.layers if layer.block == f"blocks.{number}"]


def blocks_of(network: Plan) -> list[list[Layer]]:
    """All blocks, each as its layers."""
    names = dict.fromkeys(x.block for x in network.layers if x.block.startswith("blocks."))
    return [block_of(network, int(name.partition(".")[2])) for name in names]


def rounds(value: float | Fraction, printed: str) -> bool:
    """Whether the number, rounded to as many decimals as are printed, is the printed one."""
    scale = 10 ** len(printed.partition(".")[2])
    return bool(floor(Fraction(value) * scale + Fraction(1, 2)) == Fraction(printed) * scale)


def cuts(value: float | Fraction, printed: str) -> bool:
    """Whether the number, cut after as many decimals as are printed, is the printed one."""
    scale = 10 ** len(printed.partition(".")[2])
    return bool(floor(Fraction(value) * scale) == Fraction(printed) * scale)


def in_millions(value: int, printed: str) -> bool:
    """Whether a count is the printed number of millions, rounded."""
    return rounds(Fraction(value, MILLION), printed)


def cut_in_millions(value: int, printed: str) -> bool:
    """Whether a count is the printed number of millions, cut."""
    return cuts(Fraction(value, MILLION), printed)


def listing(values: Iterable[Any], spec: str = "") -> Listing:
    """Several numbers, each written as `spec` says."""
    return Listing(values=tuple(values), spec=spec)


def vgg16() -> tuple[list[Conv], list[Dense]]:
    """The network of Simonyan and Zisserman that MobileNet is compared with: 13 + 3 layers."""
    convolutions, size, channels = [], 224, 3
    for filters, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeats):
            convolutions.append(conv((size, size, channels), filters, bias=True))
            channels = filters
        size //= 2  # a pooling after each group
    return convolutions, [dense(size * size * channels, 4096), dense(4096, 4096), dense(4096, 1000)]


def params_of(layers: Iterable[Layer]) -> int:
    """Weights and biases of some layers."""
    return sum(prod(shape) for layer in layers for shape in layer.arrays.values())
