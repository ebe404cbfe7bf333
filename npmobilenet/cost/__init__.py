"""What a plan costs: multiply-accumulates and parameters, counted, not quoted.

    npmobilenet.cost(plan)            the package itself is called, as `cost.cost` is
    npmobilenet.cost.training_cost    one of its names

`__init__.pyi` lists them.
"""

import sys

from ..lazy import attach
from .count import CallablePackage

__getattr__, __dir__, __all__ = attach(__name__)
sys.modules[__name__].__class__ = CallablePackage
