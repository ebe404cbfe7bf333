"""MobileNets as data, and what runs them: rows -> plan -> init, forward, backward."""

from .dialect import CIFAR, DIALECTS, PAPER, Dialect
from .network import backward, forward, infer
from .params import check_params, init
from .plan import MODELS, Plan, plan

__all__ = [
    "CIFAR",
    "DIALECTS",
    "MODELS",
    "PAPER",
    "Dialect",
    "Plan",
    "backward",
    "check_params",
    "forward",
    "infer",
    "init",
    "plan",
]
