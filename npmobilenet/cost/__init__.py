"""What a plan costs: multiply-accumulates and parameters, counted, not quoted."""

from .backward import TrainingCost, training_cost
from .count import Cost, LayerCost, Params, cost
from .memory import MemoryCost, memory_cost
from .ratio import BlockRatio, block_ratios, separable_ratio
from .separable import SeparableCost, separable_cost
from .tally import Tallied, Tally, tally_array

__all__ = [
    "BlockRatio",
    "Cost",
    "LayerCost",
    "MemoryCost",
    "Params",
    "SeparableCost",
    "Tallied",
    "Tally",
    "TrainingCost",
    "block_ratios",
    "cost",
    "memory_cost",
    "separable_cost",
    "separable_ratio",
    "tally_array",
    "training_cost",
]
