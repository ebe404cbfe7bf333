"""Which kinds of layers are compiled, for inference and for training."""

from ..models.capabilities import Consumer
from ..models.layers import Activation, AveragePool, BatchNorm, GroupedConv, Layer
from .fused_op import ALONE, FUSED
from .grouping import REWRITTEN, why_not
from .lower import GATES, KEPT

COMPILED = (
    *KEPT,
    *GATES,
    *REWRITTEN,
    BatchNorm,
    Activation,
)  # by themselves, or with the layer before them
COMPILED_ACTIVATIONS = (*FUSED, *ALONE)


def _compiles(layer: Layer) -> bool:
    known = not isinstance(layer, Activation) or layer.function in COMPILED_ACTIVATIONS
    return known and type(layer) in COMPILED and not why_not(layer)


def _steps(layer: Layer) -> bool:
    return _compiles(layer) and not isinstance(layer, AveragePool)  # no microkernel for its windows


def _integers(layer: Layer) -> bool:
    # what is rewritten as another layer would be rounded otherwise
    return _compiles(layer) and not isinstance(layer, AveragePool | GroupedConv | BatchNorm)


ENGINE = Consumer("engine", "compile", "the engine has no stage for it", _compiles)
STEP = Consumer("training step", "compile_training", "the step has no stage for it", _steps)
INTEGER_ENGINE = Consumer(
    "integer engine", "compile", "the engine has no stage of integers for it", _integers
)
