"""Which layers a quantised plan may have: those that integer operators compute."""

from ..models.capabilities import Consumer
from ..models.layers import (
    Activation,
    Add,
    AveragePool,
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
    Dropout,  # which does nothing here
)


def _computed(layer: Layer) -> bool:
    if isinstance(layer, Activation):
        return layer.function in FUNCTIONS
    if isinstance(layer, AveragePool) and layer.count_padding and any(layer.window.sides):
        return False  # the runtimes' mean is over pixels that are there
    return type(layer) in COMPUTED


QUANTIZED = Consumer("quantised", "quantize", "no integer operator computes it", _computed)
