"""What a plan costs: multiply-accumulates and parameters, counted, not quoted."""

from .count import Cost, LayerCost, Params, cost
from .ratio import BlockRatio, block_ratios, separable_ratio
from .tally import Tallied, Tally, tally_array

__all__ = [
    "BlockRatio",
    "Cost",
    "LayerCost",
    "Params",
    "Tallied",
    "Tally",
    "block_ratios",
    "cost",
    "separable_ratio",
    "tally_array",
]
