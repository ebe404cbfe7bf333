"""What a plan costs: multiply-accumulates and parameters, counted, not quoted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .count import Cost, LayerCost, Params, cost

if TYPE_CHECKING:
    from .backward import TrainingCost, training_cost
    from .foreign import ModuleCost, count_module
    from .memory import MemoryCost, memory_cost
    from .ratio import BlockRatio, block_ratios, separable_ratio
    from .separable import SeparableCost, separable_cost
    from .tally import Tallied, Tally, tally_array
else:
    # what is imported when it is first used: `import npmobilenet` counts layers and no more
    _LATER = {
        "backward": ("TrainingCost", "training_cost"),
        "foreign": ("ModuleCost", "count_module"),
        "memory": ("MemoryCost", "memory_cost"),
        "ratio": ("BlockRatio", "block_ratios", "separable_ratio"),
        "separable": ("SeparableCost", "separable_cost"),
        "tally": ("Tallied", "Tally", "tally_array"),
    }

    def __getattr__(name: str) -> Any:
        for module, names in _LATER.items():
            if name in names:
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BlockRatio",
    "Cost",
    "LayerCost",
    "MemoryCost",
    "ModuleCost",
    "Params",
    "SeparableCost",
    "Tallied",
    "Tally",
    "TrainingCost",
    "block_ratios",
    "cost",
    "count_module",
    "memory_cost",
    "separable_cost",
    "separable_ratio",
    "tally_array",
    "training_cost",
]


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
