"""MobileNet in pure NumPy and Numba: forward and backward by hand, every number checked.

    rows -> plan -> init, forward, backward, cost, summary

See docs/architecture.md for the house in one page.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cost import cost
from .models import (
    CIFAR,
    DIALECTS,
    KERAS,
    MODELS,
    PADDLE,
    PAPER,
    TF_SLIM,
    TIMM,
    TIMM_TF,
    TORCHVISION,
    Dialect,
    Plan,
    backward,
    forward,
    infer,
    init,
    intermediates,
    plan,
)
from .ops import *  # noqa: F403
from .ops import __all__ as _operators

if TYPE_CHECKING:
    from .cost import block_ratios, separable_ratio
    from .engine import Engine, compile
    from .engine.training import TrainingStep, compile_training
    from .training.naming import Prediction, predict
    from .weights import Model, export_weights, import_weights, load, save
    from .weights.onnx import export_onnx
else:

    def __getattr__(name: str) -> Any:
        """What is imported when it is first used: `import npmobilenet` reads no weight files."""
        if name in ("block_ratios", "separable_ratio"):
            return getattr(import_module(".cost", __name__), name)
        if name in ("Engine", "compile"):
            return getattr(import_module(".engine", __name__), name)
        if name in ("TrainingStep", "compile_training"):
            return getattr(import_module(".engine.training", __name__), name)
        if name in ("Model", "export_weights", "import_weights", "load", "save"):
            return getattr(import_module(".weights", __name__), name)
        if name in ("Prediction", "predict"):
            return getattr(import_module(".training.naming", __name__), name)
        if name == "export_onnx":
            return import_module(".weights.onnx", __name__).export_onnx
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.2.0"

__all__ = [
    "CIFAR",
    "DIALECTS",
    "KERAS",
    "MODELS",
    "PADDLE",
    "PAPER",
    "TF_SLIM",
    "TIMM",
    "TIMM_TF",
    "TORCHVISION",
    "Dialect",
    "Engine",
    "Model",
    "Plan",
    "Prediction",
    "TrainingStep",
    "backward",
    "block_ratios",
    "compile",
    "compile_training",
    "cost",
    "export_onnx",
    "export_weights",
    "forward",
    "import_weights",
    "infer",
    "init",
    "intermediates",
    "load",
    "plan",
    "predict",
    "save",
    "separable_ratio",
]
__all__ += _operators
