"""Which kinds of layers are compiled, for inference and for training."""

from ..models.capabilities import Consumer
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

# by themselves or with the layer before them
COMPILED: tuple[type[Layer], ...] = (
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
ACTIVATIONS = ("relu", "relu6", "hard_swish", "hard_sigmoid", "sigmoid", "swish")


def _compiles(layer: Layer) -> bool:
    if isinstance(layer, Activation) and layer.function not in ACTIVATIONS:
        return False
    return type(layer) in COMPILED


ENGINE = Consumer("engine", "compile", "the engine has no stage for it", _compiles)
STEP = Consumer("training step", "compile_training", "the step has no stage for it", _compiles)
