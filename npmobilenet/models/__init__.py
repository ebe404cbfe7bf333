"""MobileNets as data, and what runs them: rows -> plan -> init, forward, backward."""

from .dialect import Dialect
from .dialects import (
    CIFAR,
    DIALECTS,
    KERAS,
    PADDLE,
    PAPER,
    TF_SLIM,
    TIMM,
    TIMM_TF,
    TORCHVISION,
)
from .family import Family
from .network import backward, forward, infer, intermediates
from .network_plan import Plan, plan
from .params import check_params, init
from .registry import MODELS, Entry, register

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
    "Entry",
    "Family",
    "Plan",
    "backward",
    "check_params",
    "forward",
    "infer",
    "init",
    "intermediates",
    "plan",
    "register",
]
