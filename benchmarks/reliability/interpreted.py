"""Compiled rungs as plain Python: `pytest -p benchmarks.reliability.interpreted`.

What Numba compiles no tracer follows, and a change in it costs a compilation.  Interpreted, the functions
of kernels/ that are decorated with @compiled do the same, line by line.  Those of kernels/simd/ cannot:
they are made of instructions.  NUMBA_DISABLE_JIT=1 would take the rungs themselves away (ops/rungs.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

PACKAGE = "npmobilenet.kernels"


def interpret(only: str | None = None) -> None:
    """From now on `compiled` leaves functions as they are; only: those of this module."""
    from npmobilenet.kernels import compiling

    compile_later = compiling.compiled

    def compiled(function: Any) -> Any:
        module = function.__module__
        inside = module.startswith(f"{PACKAGE}.") and not module.startswith(f"{PACKAGE}.simd")
        plain = module == only if only else inside
        return function if plain else compile_later(function)

    compiling.compiled = compiled  # type: ignore[assignment, misc]


def pytest_configure() -> None:
    """Pytest calls it before any test is imported."""
    np.seterr(all="ignore")  # of single numbers too, as compiled code has it
    interpret()
