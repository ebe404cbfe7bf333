"""How a microkernel is put together: registers filled, a loop over them, registers emptied.

    gemm = microkernel("gemm", filled, walked, emptied)      each a Phase
    gemm(...)                                                the arguments of the three, in order

A phase names its arguments and emits its part of the code.  So the inner loop stands once, whatever is
loaded from where, and whatever becomes of the sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Any

from numba import types
from numba.extending import intrinsic

FLOATS = (
    "low",
    "high",
)  # arguments that are float32; all others are integers: addresses, bytes, counts


@dataclass(frozen=True)
class Phase:
    """Names of arguments, and emit(builder, arguments, accumulators) -> accumulators."""

    names: tuple[str, ...]
    emit: Callable[..., Any]


def phase(names: str = ""):
    """The function below it as a Phase with arguments of these names."""
    return lambda emit: Phase(tuple(names.split()), emit)


def microkernel(*phases):
    """The intrinsic that runs the phases in order; its arguments are theirs."""
    names = [name for part in phases for name in part.names]
    if len(set(names)) < len(names):
        raise ValueError(f"a microkernel has two arguments of one name: {', '.join(names)}")

    def kernel(typing, *arguments):
        def generate(context, builder, signature, values):
            given = SimpleNamespace(**dict(zip(names, values, strict=True)))
            accumulators = None
            for part in phases:
                accumulators = part.emit(builder, given, accumulators)
            return context.get_dummy_value()

        kinds = [types.float32 if name in FLOATS else types.int64 for name in names]
        return types.void(*kinds), generate

    # Numba matches arguments with parameters, so they must be there by name
    ordinary = Parameter.POSITIONAL_OR_KEYWORD
    kernel.__signature__ = Signature([Parameter(name, ordinary) for name in ("typing", *names)])
    return intrinsic(kernel)
