"""How a microkernel is put together: registers filled, a loop over them, registers emptied.

    gemm = microkernel((14, 2), from_bias, blocked(), activated, scattered)     each a Phase
    gemm(...)                                     the arguments of the phases, one after the other

A phase names its arguments and emits its part of the code.  So the inner loop stands once, whatever is
loaded from where, and whatever becomes of the sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from numba import types

from ..isa.llvm import emitted

FLOATS = ("low", "high")  # arguments; all others are integers: addresses, bytes, counts


@dataclass(frozen=True)
class Phase:
    """Names of arguments, and emit(builder, given, accumulators) -> accumulators.

    given: the arguments by name, and the size of the block of accumulators, `mr` and `nr`.
    """

    names: tuple[str, ...]
    emit: Callable[..., Any]


def phase(names: str = "") -> Callable[[Callable[..., Any]], Phase]:
    """The function below it as a Phase with arguments of these names."""
    return lambda emit: Phase(tuple(names.split()), emit)


def microkernel(block, *phases):
    """The intrinsic that runs the phases in order on a block of (mr, nr); its arguments are theirs."""
    names = [name for part in phases for name in part.names]
    mr, nr = block

    def kernel(builder, *values):
        given = SimpleNamespace(**dict(zip(names, values, strict=True)), mr=mr, nr=nr)
        accumulators = None
        for part in phases:
            accumulators = part.emit(builder, given, accumulators)

    kernel.__doc__ = f"kernel({', '.join(names)})"
    kinds = {name: types.float32 if name in FLOATS else types.int64 for name in names}
    return emitted(**kinds)(kernel)
