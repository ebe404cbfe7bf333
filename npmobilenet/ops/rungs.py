"""Which implementation of an operator runs: the rungs of the ladder, plainest first.

Every operator with rungs has the first three, but ReLU and ReLU6, which have no loops.  The convolutions
and the dense layer have the fourth, which computes in float32 only.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

RUNGS = ("loops", "numpy", "numba", "simd")
COMMON = RUNGS[:3]
SIMD = ("conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")  # operators with the fourth


@cache
def default_rung() -> str:
    """The highest rung for any operator and precision: "numba" where Numba is installed, else "numpy".

    In float32 the operators that have it run "simd" instead of "numba".
    """
    return "numba" if find_spec("numba") else "numpy"


def choose(
    operator: str, rung: str | None, offered: tuple[str, ...] = COMMON, *, x: object = None
) -> str:
    """The rung to run: the one asked for, or the highest present that computes in the precision of x.

    Raises ValueError for a name that is not a rung of this operator, for "numba" and "simd" without
    Numba, and for "simd" where x is not float32.
    """
    dtype = getattr(x, "dtype", None)
    single = dtype == np.float32
    if rung is None:
        highest = default_rung()
        return "simd" if highest == "numba" and single and "simd" in offered else highest
    if rung not in offered:
        raise ValueError(f"{operator}: rung must be one of {', '.join(offered)}, found {rung!r}")
    if rung in ("numba", "simd") and default_rung() != "numba":
        raise ValueError(
            f"{operator}: rung {rung!r} needs the package numba, which is not installed"
        )
    if rung == "simd" and dtype is not None and not single:
        raise ValueError(f"{operator}: rung 'simd' computes in float32 only, x is {dtype}")
    return rung


def kernel(module: str, rung: str, name: str) -> Callable[..., Any]:
    """The kernel `{rung}_{name}` of npmobilenet.kernels.{module}."""
    found: Callable[..., Any] = getattr(
        import_module(f"npmobilenet.kernels.{module}"), f"{rung}_{name}"
    )
    return found
