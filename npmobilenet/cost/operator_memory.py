"""What each operator of the numba rung allocates, as bytes: its result, what it keeps, its scratch.

These are the arrays that `npmobilenet.ops` and the kernels make with NumPy, written down once more as
sizes.  A test lays them beside what Python's tracemalloc sees.  Vectors of one number a channel are
counted where they are kept and where sixteen shares of them are, else they are too small to matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
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
    "hard_swish": (1, 1, 2),
}
HANDLED = (
    Conv,
    Depthwise,
    Pointwise,
    BatchNorm,
    Activation,
    GlobalAveragePool,
    Dropout,
    Add,
    Scale,
    Dense,
)
KEEPS_OUTPUT = ("relu", "relu6", "sigmoid")  # the others keep their input


def forward_work(layer: Layer, batch: int, item: int, *, train: bool) -> Work:
    """A layer's forward call; item: bytes of a number."""
    x, y = (item * batch * prod(shape) for shape in (layer.input, layer.output))
    channels = layer.input[-1]
    match layer:
        case Conv() | Depthwise():
            padded = item * batch * prod(layer.window.padded) * channels
            if any(layer.window.sides):
                return Work((y,), padded + y, cached=padded)
            return Work((y,), y, keeps_inputs=True)
        case BatchNorm():
            vectors = 16 * channels  # mean and variance in float64
            running = 2 * item * channels * train
            shares = _shares(layer, batch) * train
            return Work(
                (y, running), vectors + max(y + running, shares), cached=vectors, keeps_inputs=True
            )
        case Activation():
            extra, _, _ = SCRATCH[layer.function]
            keeps_output = layer.function in KEEPS_OUTPUT
            return Work(
                (y,), (1 + extra) * y, keeps_inputs=not keeps_output, keeps_output=keeps_output
            )
        case Dropout():
            mask = batch * prod(layer.input) * train  # a byte each, drawn as float64 numbers
            return Work((y,), max(9 * mask, mask + x + y), cached=x)
        case Scale() | Dense() | Pointwise():
            return Work((y,), y, keeps_inputs=True)
        case Add() | GlobalAveragePool():
            return Work((y,), y)
    raise TypeError(f"memory: no sizes for {layer}")


def backward_work(layer: Layer, batch: int, item: int, *, wanted: bool = True) -> Work:
    """A layer's backward call: gradients of its inputs, then of its arrays; Add hands dy on as it is.

    wanted=False: a convolution of the image, whose gradient nobody asks for.
    """
    x = item * batch * prod(layer.input)
    arrays = tuple(item * prod(shape) for shape in layer.arrays.values())
    match layer:
        case Conv() | Depthwise():
            return _window_backward(layer, batch, item, arrays, wanted)
        case BatchNorm():
            return Work((x, *arrays), max(2 * _shares(layer, batch), x + sum(arrays)))
        case Activation():
            _, extra, mask = SCRATCH[layer.function]
            return Work((x,), (1 + extra) * x + mask * x // item)
        case GlobalAveragePool() | Dropout():
            return Work((x,), x)
        case Scale():
            return Work((x, item * batch * layer.input[-1]), x)
        case Dense() | Pointwise():  # dx, from a copy of w that is no larger than dw after it
            return Work((x, *arrays), x + sum(arrays))
        case Add():
            return Work((), 0)
    raise TypeError(f"memory: no sizes for {layer}")


def _window_backward(
    layer: Conv | Depthwise, batch: int, item: int, arrays: tuple[int, ...], wanted: bool
) -> Work:
    """First dx, padded, from dy dilated and the filters rotated; then dx cut out, beside it dw."""
    place = layer.window
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


def _shares(layer: Layer, batch: int) -> int:
    """A sum over all pixels: up to sixteen shares of it, in float64."""
    pixels = batch * prod(layer.input[:-1])
    return 8 * layer.input[-1] * min(16, pixels)
