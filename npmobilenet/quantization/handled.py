"""Which layers a quantised plan may have: those that integer operators compute."""

from math import isclose

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

SLOPE = 1 / 6  # of the hard sigmoid that there is in integers
FUNCTIONS = ("relu", "relu6", "hard_swish", "hard_sigmoid")  # of activations
COMPUTED = (
    Conv,
    Depthwise,
    GroupedConv,
    Pointwise,
    Dense,
    Add,
    Scale,
    GlobalAveragePool,
    AveragePool,
    MaxPool,
    Dropout,  # one that does nothing in evaluation
    BatchNorm,  # which `prepared` puts into a convolution, or makes one of
)


def _computed(layer: Layer) -> bool:
    if isinstance(layer, Activation):
        slope = layer.slope is None or isclose(layer.slope, SLOPE)
        return layer.function in FUNCTIONS and slope
    if isinstance(layer, Dropout):
        return layer.mode == "inverted"
    if isinstance(layer, AveragePool) and layer.count_padding and any(layer.window.sides):
        return False  # the runtimes' mean is over pixels that are there
    return type(layer) in COMPUTED


QUANTIZED = Consumer("quantised", "quantize", "no integer operator computes it", _computed)
