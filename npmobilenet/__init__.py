"""MobileNet in pure NumPy and Numba: forward and backward by hand, every number checked.

    rows -> plan -> init, forward, backward, cost, summary

See docs/architecture.md for the house in one page.
"""

from .cost import block_ratios, cost, separable_ratio
from .models import (
    CIFAR,
    DIALECTS,
    MODELS,
    PAPER,
    Dialect,
    Plan,
    backward,
    forward,
    infer,
    init,
    plan,
)
from .ops import *  # noqa: F403
from .ops import __all__ as _operators

__version__ = "0.1.0"

__all__ = [
    "CIFAR",
    "DIALECTS",
    "MODELS",
    "PAPER",
    "Dialect",
    "Plan",
    "backward",
    "block_ratios",
    "cost",
    "forward",
    "infer",
    "init",
    "plan",
    "separable_ratio",
]
__all__ += _operators
