"""What each operator of the numba rung allocates, as bytes: its result, what it keeps, its scratch.

These are the arrays that `npmobilenet.ops` and the kernels make with NumPy, written down once more as
sizes.  A test lays them beside what Python's tracemalloc sees.  Vectors of one number a channel are
counted where they are kept and where sixteen shares of them are, else they are too small to matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from ..models.capabilities import Consumer
from ..models.layers import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
)


@dataclass(frozen=True, eq=False)
class Block:
    """One array: equal to nothing but itself, so that a set of blocks counts each once."""

    bytes: int


@dataclass(frozen=True)
class Work:
    """One call of an operator: arrays it hands back, arrays its cache adds, and the most it holds.

    peak: bytes of results, cache and scratch together at the worst moment of the call.
    keeps_inputs, keeps_output: whether the cache holds on to what went in and to what came out.
    """

    results: tuple[int, ...]
    peak: int
    cached: int = 0
    keeps_inputs: bool = False
    keeps_output: bool = False


# Arrays of x's size that an activation holds beside its result, forwards and backwards, and bytes of
# masks for each element backwards.  NumPy writes the sum of a*b + c into the memory of a*b where that is
# 256 KiB or more: the numbers are those of arrays so large, and smaller ones are no matter.
SCRATCH = {
    "relu": (0, 0, 0),
    "relu6": (0, 0, 0),
    "sigmoid": (2, 1, 0),
    "swish": (2, 3, 0),
    "hard_sigmoid": (1, 1, 1),
    "hard_swish": (1, 0, 1),
}
KEEPS_OUTPUT = ("relu", "relu6", "sigmoid")  # the others keep their input


def forward_work(layer: Layer, batch: int, item: int, *, train: bool) -> Work:
    """A layer's forward call; item: bytes of a number."""
    forward, _ = WORK[type(layer)]
    return forward(layer, batch, item, train)


def backward_work(layer: Layer, batch: int, item: int, *, wanted: bool = True) -> Work:
    """A layer's backward call: gradients of its inputs, then of its arrays; Add hands dy on as it is.

    wanted=False: a convolution of the image, whose gradient nobody asks for.
    """
    _, backward = WORK[type(layer)]
    return backward(layer, batch, item, wanted)


def _window_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    y = item * batch * prod(layer.output)
    if any(layer.window.sides):
        padded = item * batch * prod(layer.window.padded) * layer.input[-1]
        return Work((y,), padded + y, cached=padded)
    return Work((y,), y, keeps_inputs=True)


def _window_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    """First dx, padded, from dy dilated and the filters rotated; then dx cut out, beside it dw."""
    place, arrays = layer.window, _arrays(layer, item)
    rows, columns = place.padded
    padded = item * batch * rows * columns * layer.input[-1]
    wide = (rows + layer.kernel[0] - 1) * (columns + layer.kernel[1] - 1)
    dilated = item * batch * wide * layer.output[-1]
    weight = item * prod(layer.arrays["weight"])
    shares = 0
    if isinstance(layer, Depthwise):
        shares = weight * min(16, batch * place.output[0])
    cut = item * batch * prod(layer.input) if any(place.sides) else 0
    if not wanted:
        return Work((0, *arrays), sum(arrays) + shares)
    peak = padded + max(dilated + weight, cut + sum(arrays) + shares)
    return Work((cut or padded, *arrays), peak)


def _average_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    y, place = item * batch * prod(layer.output), layer.window
    padded = item * batch * prod(place.padded) * layer.input[-1] if any(place.sides) else 0
    counted = 8 * (prod(place.padded) + 2 * prod(place.output))  # by how much each sum is divided
    area = item * prod(place.output)
    return Work((y,), max(padded + counted, padded + y + 2 * area), cached=area)


def _average_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    """First dx, padded, from dy divided and dilated; then dx cut out."""
    place, channels = layer.window, layer.input[-1]
    rows, columns = place.padded
    padded = item * batch * rows * columns * channels
    wide = (rows + layer.kernel[0] - 1) * (columns + layer.kernel[1] - 1)
    cut = item * batch * prod(layer.input) if any(place.sides) else 0
    beside = item * batch * (wide * channels + prod(layer.output)) + item * rows * columns
    return Work((cut or padded,), padded + max(beside, cut))


def _max_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    numbers = batch * prod(layer.output)
    return Work((item * numbers,), (item + 4) * numbers, cached=4 * numbers)


def _product_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    y = item * batch * prod(layer.output)
    return Work((y,), y, keeps_inputs=True)


def _product_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    """dx, from a copy of w that is no larger than dw after it."""
    x, arrays = item * batch * prod(layer.input), _arrays(layer, item)
    return Work((x, *arrays), x + sum(arrays))


def _norm_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    y, channels = item * batch * prod(layer.output), layer.input[-1]
    vectors = 16 * channels  # mean and variance in float64
    running = 2 * item * channels * train
    peak = vectors + max(y + running, _shares(layer, batch) * train)
    return Work((y, running), peak, cached=vectors, keeps_inputs=True)


def _norm_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    x, arrays = item * batch * prod(layer.input), _arrays(layer, item)
    return Work((x, *arrays), max(2 * _shares(layer, batch), x + sum(arrays)))


def _activation_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    y = item * batch * prod(layer.output)
    extra, _, _ = SCRATCH[layer.function]
    keeps_output = layer.function in KEEPS_OUTPUT
    return Work((y,), (1 + extra) * y, keeps_inputs=not keeps_output, keeps_output=keeps_output)


def _activation_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    x = item * batch * prod(layer.input)
    _, extra, mask = SCRATCH[layer.function]
    return Work((x,), (1 + extra) * x + mask * x // item)


def _dropout_forward(layer: Any, batch: int, item: int, train: bool) -> Work:
    x = item * batch * prod(layer.input)
    mask = batch * prod(layer.input) * train  # a byte each, drawn as float64 numbers
    return Work((x,), max(9 * mask, mask + 2 * x), cached=x)


def _output_alone(layer: Any, batch: int, item: int, train: bool) -> Work:
    y = item * batch * prod(layer.output)
    return Work((y,), y)


def _gradient_alone(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    x = item * batch * prod(layer.input)
    return Work((x,), x)


def _add_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    return Work((), 0)


def _scale_backward(layer: Any, batch: int, item: int, wanted: bool) -> Work:
    x = item * batch * prod(layer.input)
    return Work((x, item * batch * layer.input[-1]), x)


# kind -> its forward call (layer, batch, item, train), its backward call (layer, batch, item, wanted)
Call = Callable[[Any, int, int, bool], Work]
WORK: dict[type[Layer], tuple[Call, Call]] = {
    Conv: (_window_forward, _window_backward),
    Depthwise: (_window_forward, _window_backward),
    GroupedConv: (_window_forward, _window_backward),
    Pointwise: (_product_forward, _product_backward),
    Dense: (_product_forward, _product_backward),
    BatchNorm: (_norm_forward, _norm_backward),
    Activation: (_activation_forward, _activation_backward),
    AveragePool: (_average_forward, _average_backward),
    MaxPool: (_max_forward, _gradient_alone),
    GlobalAveragePool: (_output_alone, _gradient_alone),
    Dropout: (_dropout_forward, _gradient_alone),
    Add: (_output_alone, _add_backward),
    Scale: (_product_forward, _scale_backward),
}


def _sized(layer: Layer) -> bool:
    if isinstance(layer, Activation) and layer.function not in SCRATCH:
        return False
    return type(layer) in WORK


MEMORY = Consumer("memory", "memory", "nobody says what it allocates", _sized)


def _arrays(layer: Layer, item: int) -> tuple[int, ...]:
    """Bytes of the gradients of what is trained."""
    return tuple(item * prod(shape) for shape in layer.arrays.values())


def _shares(layer: Layer, batch: int) -> int:
    """A sum over all pixels: up to sixteen shares of it, in float64."""
    pixels = batch * prod(layer.input[:-1])
    return 8 * layer.input[-1] * min(16, pixels)
