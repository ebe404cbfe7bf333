"""MobileNet in pure NumPy and Numba: forward and backward by hand, every number checked.

    rows -> plan -> init, forward, backward, cost, summary

See docs/architecture.md for the house in one page.
"""

# ruff: noqa: F405 (what a star brings is held against __all__ by a test)

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from . import checkout  # noqa: F401  (first: it finds the kernels, which all else needs)
from .cost import cost  # at once, for the package that it comes from has its name

if TYPE_CHECKING:
    from .cost import block_ratios, separable_ratio
    from .cost.foreign import count_module
    from .engine import Engine, compile
    from .engine.training import TrainingStep, compile_training
    from .models import *  # noqa: F403
    from .ops import *  # noqa: F403
    from .training.naming import Prediction, predict
    from .weights import Model, export_weights, import_weights, load, save
    from .weights.onnx import export_onnx

__version__ = "0.2.0"

# module -> its public names, imported when they are first used; all that are not here are of ops
_HOMES = {
    "cost": "block_ratios separable_ratio",
    "cost.foreign": "count_module",
    "engine": "Engine compile",
    "engine.training": "TrainingStep compile_training",
    "models": """
        CIFAR DIALECTS KERAS MODELS PADDLE PAPER TF_SLIM TIMM TIMM_TF TORCHVISION Dialect Plan backward
        forward infer init intermediates plan
    """,
    "training.naming": "Prediction predict",
    "weights": "Model export_weights import_weights load save",
    "weights.onnx": "export_onnx",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "CIFAR",
    "DIALECTS",
    "KERAS",
    "MODELS",
    "PADDLE",
    "PAPER",
    "RUNGS",
    "TF_SLIM",
    "TIMM",
    "TIMM_TF",
    "TORCHVISION",
    "Dialect",
    "Engine",
    "Model",
    "Plan",
    "Prediction",
    "Statistics",
    "TrainingStep",
    "add",
    "add_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "backward",
    "batch_norm",
    "batch_norm_backward",
    "block_ratios",
    "compile",
    "compile_training",
    "conv2d",
    "conv2d_backward",
    "cost",
    "count_module",
    "default_rung",
    "dense",
    "dense_backward",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "dropout",
    "dropout_backward",
    "export_onnx",
    "export_weights",
    "forward",
    "global_avg_pool",
    "global_avg_pool_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_swish",
    "hard_swish_backward",
    "import_weights",
    "infer",
    "init",
    "intermediates",
    "load",
    "plan",
    "pointwise_conv2d",
    "pointwise_conv2d_backward",
    "predict",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "save",
    "scale_channels",
    "scale_channels_backward",
    "separable_ratio",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "swish",
    "swish_backward",
]


def __getattr__(name: str) -> Any:
    """A public name, or a package inside this one: `import npmobilenet` itself imports neither."""
    if name in __all__:
        home = _HOME_OF.get(name, "ops")
        found = getattr(import_module(f".{home}", __name__), name)
    elif name in (inside.name for inside in iter_modules(__path__)):
        found = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What is public, imported or not yet."""
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
