"""The names of npmobilenet.cost, and the module that each comes from; lazy.py says who reads this."""

from .backward import TrainingCost as TrainingCost
from .backward import torch_flop_counter_backward as torch_flop_counter_backward
from .backward import training_cost as training_cost
from .brought import Brought as Brought
from .conventions import totals as totals
from .count import Cost as Cost
from .count import LayerCost as LayerCost
from .count import Params as Params
from .count import cost as cost
from .integers import IntegerCost as IntegerCost
from .integers import integer_cost as integer_cost
from .memory import MemoryCost as MemoryCost
from .memory import memory_cost as memory_cost
from .ratio import BlockRatio as BlockRatio
from .ratio import block_ratios as block_ratios
from .ratio import separable_ratio as separable_ratio
from .separable import SeparableCost as SeparableCost
from .separable import separable_cost as separable_cost
from .tally import Tallied as Tallied
from .tally import Tally as Tally
from .tally import tally_array as tally_array
from .torch_count import ModuleCost as ModuleCost
from .torch_count import count_module as count_module
