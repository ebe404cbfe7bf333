"""How many 8-bit operations the processors can do at most: dots that never leave the registers."""

import numpy as np
from llvmlite import ir
from numba import njit, types

from npmobilenet.cost.machine import ROUNDS, at_once
from npmobilenet.kernels.peak import ACCUMULATORS
from npmobilenet.kernels.simd.integer.quads import INTS, broadcast, dot, every
from npmobilenet.kernels.simd.isa.lanes import LANES, VNNI
from npmobilenet.kernels.simd.isa.llvm import INT32, emitted, loop

OPERATIONS = 2 * 4 * LANES * ACCUMULATORS  # of one round


@emitted(types.int32, rounds=types.int64, x=types.int32, w=types.int32)
def dots(builder, rounds, x, w):  # type: ignore[no-untyped-def]
    """`rounds` dots in each accumulator; one lane of what they come to."""
    weights = broadcast(builder, w)

    def dotted(_, carried):  # type: ignore[no-untyped-def]
        quad, *sums = carried  # another one in each round, or products would be made once for all
        return [builder.xor(quad, weights), *(dot(builder, s, quad, weights) for s in sums)]

    first = [every(INTS, k) for k in range(ACCUMULATORS)]
    _, *sums = loop(builder, rounds, [broadcast(builder, x), *first], dotted)
    total = sums[0]
    for other in sums[1:]:  # no accumulator can be left out
        total = builder.xor(builder.mul(total, every(INTS, 3)), other)
    return builder.extract_element(total, ir.Constant(INT32, 0))


@njit(nogil=True)  # type: ignore[untyped-decorator]
def chains(rounds, x, w):  # type: ignore[no-untyped-def]
    """The same as a function."""
    return dots(rounds, x, w)


def peak_operations(threads: int, seconds: float = 0.5) -> float:
    """Multiplications and additions of bytes a second, all threads at once.

    0 without VNNI: a product is several instructions then, of which the compiler would repeat one alone.
    """
    if not VNNI:
        return 0.0
    call = [lambda: chains(ROUNDS, np.int32(0x01020304), np.int32(0x7F80017F))]
    least = at_once([call for _ in range(threads)], seconds)
    return float(sum(OPERATIONS * ROUNDS / times[0] for times in least))
