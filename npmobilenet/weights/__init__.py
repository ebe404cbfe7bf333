"""Weights in files: safetensors with everything needed to use them again inside, and translators."""

from ..predicting.model import Model
from .exporting import export_weights
from .families import FAMILIES
from .importing import Imported, import_weights
from .mismatch import WeightsMismatch
from .native import load, save

__all__ = [
    "FAMILIES",
    "Imported",
    "Model",
    "WeightsMismatch",
    "export_weights",
    "import_weights",
    "load",
    "save",
]
