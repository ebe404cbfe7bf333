"""MobileNet in pure NumPy and Numba: forward and backward by hand, every number checked.

    rows -> plan -> init, forward, backward, cost, summary

See docs/architecture.md for the house in one page; `__init__.pyi` lists the public names.
"""

from . import checkout  # noqa: F401  (first: it finds the kernels, which all else needs)
from .lazy import attach

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = attach(__name__)
