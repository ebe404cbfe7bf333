"""How many multiplications and divisions a layer's formulas execute, elementwise operators included.

The papers' MACs are the products of convolutions and dense layers.  This counts all: what the loops
rung performs, letter by letter, forwards and backwards, and for elementwise operators what their one
formula performs.  The tests run both on numbers and arrays that count for themselves.  A compiled
kernel may take a common factor out of a sum and so do less.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

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


@dataclass(frozen=True)
class Executed:
    """Multiplications and divisions, forwards and backwards, of one call."""

    forward: int = 0
    forward_divisions: int = 0
    backward: int = 0
    backward_divisions: int = 0

    def times(self, count: int) -> Executed:
        """For `count` numbers what this is for one."""
        return Executed(
            self.forward * count,
            self.forward_divisions * count,
            self.backward * count,
            self.backward_divisions * count,
        )


# for each number that goes in
ACTIVATIONS = {
    "relu": Executed(),
    "relu6": Executed(),
    "sigmoid": Executed(0, 1, 2, 0),  # 1 / (1 + e);  dy y (1 - y)
    "swish": Executed(1, 1, 3, 1),  # x sigmoid(x);  dy s (1 + x (1 - s))
    "hard_sigmoid": Executed(1, 0, 1, 0),  # slope x + 1/2;  dy slope
    "hard_swish": Executed(1, 1, 1, 1),  # x clip(x + 3) / 6;  dy (x / 3 + 1/2)
}
# training: x / P for the mean, a square and / P for the variance, then xhat and gamma xhat
TRAINED_NORM = Executed(2, 3, 3, 5)
# evaluation: (x - mean) / deviation and gamma xhat; backwards the same formulas as in training
EVALUATED_NORM = Executed(1, 1, 3, 5)


def executed(layer: Layer, *, batch: int = 1, train: bool = True) -> Executed:
    """What one call of a layer's operator and of its *_backward execute."""
    count = batch * prod(layer.input)
    match layer:
        case BatchNorm():
            return (TRAINED_NORM if train else EVALUATED_NORM).times(count)
        case Activation():
            return ACTIVATIONS[layer.function].times(count)
        case GlobalAveragePool():
            return Executed(0, batch * layer.input[-1], 0, count)
        case Scale():  # x g;  dy g and dy x
            return Executed(1, 0, 2, 0).times(count)
        case Dropout():  # by the mask's factor, both ways
            return Executed(1, 0, 1, 0).times(count)
        case AveragePool():
            return average_pool(batch, layer.window.output, layer.input[-1], layer.kernel)
        case Add() | MaxPool():  # sums and comparisons
            return Executed()
        case Conv() | Depthwise() | GroupedConv() | Pointwise() | Dense():
            return Executed(1, 0, 2, 0).times(batch * layer.macs)
    raise TypeError(f"executed: no count for {layer}")


def average_pool(
    batch: int, output: tuple[int, int], channels: int, window: tuple[int, int]
) -> Executed:
    """`avg_pool2d` divides each sum once; backwards each window shares out dy place by place."""
    numbers = batch * prod(output) * channels
    return Executed(0, numbers, 0, numbers * prod(window))
