"""Which implementation of an operator runs: the rungs of the ladder, plainest first."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

RUNGS = ("loops", "numpy", "numba")


@cache
def default_rung() -> str:
    """The highest rung this installation has: "numba" where Numba is installed, else "numpy"."""
    return "numba" if find_spec("numba") else "numpy"


def choose(operator: str, rung: str | None, offered: tuple[str, ...] = RUNGS) -> str:
    """The rung to run: the one asked for, or the highest present.

    Raises ValueError for a name that is not a rung of this operator, and for "numba" without Numba.
    """
    if rung is None:
        return default_rung()
    if rung not in offered:
        raise ValueError(f"{operator}: rung must be one of {', '.join(offered)}, found {rung!r}")
    if rung == "numba" and default_rung() != "numba":
        raise ValueError(
            f"{operator}: rung 'numba' needs the package numba, which is not installed"
        )
    return rung


def kernel(module: str, rung: str, name: str) -> Callable[..., Any]:
    """The kernel `{rung}_{name}` of npmobilenet.kernels.{module}."""
    found: Callable[..., Any] = getattr(
        import_module(f"npmobilenet.kernels.{module}"), f"{rung}_{name}"
    )
    return found
