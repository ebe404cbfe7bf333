"""Which implementation of an operator runs: the rungs of the ladder, plainest first.

Every operator with rungs has the first three, but ReLU and ReLU6, which have no loops.  The convolutions
and the dense layer have the fourth, which computes in float32 only.
"""

from collections.abc import Callable, Collection
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..kernels.compiling import collecting_rarely, say
from ..text import reason
from .checks import shown

RUNGS = ("loops", "numpy", "numba", "simd")
COMMON = RUNGS[:3]
SIMD = ("conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")  # operators with the fourth


@cache
def refusal() -> str:
    """Why Numba cannot run here, as the end of a sentence; "" where it can.  Imports it.

    Where it is installed and does not work, that is said once, on stderr.
    """
    if find_spec("numba") is None:
        return "which is not installed"
    try:
        with collecting_rarely():
            import numba
        if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            return ""
        why = "which NUMBA_DISABLE_JIT switches off"
    except Exception as error:  # of Numba's own making, or of a library it cannot load
        why = f"which cannot be imported ({reason(error)})"
    say(f"NumPy computes, slowly, instead of numba, {why}")
    return why


def need_numba(who: str) -> None:
    """ValueError, with the reason, where Numba does not run."""
    if why := refusal():
        raise ValueError(f"{who} needs the package numba, {why}")


def default_rung() -> str:
    """The rung that operators run when none is asked for: "numba" where Numba runs, else "numpy".

    In float32, `conv2d`, `depthwise_conv2d`, `pointwise_conv2d` and `dense` run "simd" in the place of
    "numba".  Takes no argument, and raises nothing: where Numba is installed and fails, a line on stderr
    says so once.
    """
    return "numpy" if refusal() else "numba"


def running(offered: tuple[str, ...] = RUNGS) -> tuple[str, ...]:
    """Those of the rungs that run here."""
    return tuple(r for r in offered if r not in ("numba", "simd") or not refusal())


def choose(operator: str, rung: str | None, offered: Collection[str], *, x: object = None) -> str:
    """The rung to run: the one asked for, or the highest present that computes in the precision of x.

    Raises ValueError for a name that is not a rung of this operator, for "numba" and "simd" where Numba
    does not run, and for "simd" where x is not float32.
    """
    dtype = getattr(x, "dtype", None)
    single = dtype == np.float32
    if rung is None:
        highest = default_rung()
        return "simd" if highest == "numba" and single and "simd" in offered else highest
    if not isinstance(rung, str) or rung not in offered:
        raise ValueError(
            f"{operator}: rung must be one of {', '.join(offered)}, found {shown(rung)}"
        )
    if rung in ("numba", "simd"):
        need_numba(f"{operator}: rung {rung!r}")
    if rung == "simd" and dtype is not None and not single:
        raise ValueError(f"{operator}: rung 'simd' computes in float32 only, x is {dtype}")
    return rung


def call(rung: str, kernel: Callable[..., None], *arguments: Any) -> None:
    """Call a kernel of a rung; a compiled one would be compiled once more for read-only arrays.

    Those are copied for it.  What is not aligned in memory is for every rung: NumPy's products of it are
    others, which differ in their last bits.  Of a batch without images nothing
    is computed: sums over it, which the last argument holds, are 0.
    """
    if any(isinstance(x, np.ndarray) and not x.size for x in arguments):
        arguments[-1][...] = 0
        return
    compiled = rung in ("numba", "simd")
    arguments = tuple(
        x.copy()
        if isinstance(x, np.ndarray) and not (x.flags.behaved if compiled else x.flags.aligned)
        else x
        for x in arguments
    )
    kernel(*arguments)
