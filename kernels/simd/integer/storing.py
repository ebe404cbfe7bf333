"""Real images as bytes: y = clamp(zero + round(x / scale)), as the operator `quantize` rounds.

double    x / scale in float32, to the nearest, ties away from zero
single    x * (1 / scale), to the nearest, ties to even
"""

import numpy as np

from ..isa import llvm
from ..isa.lanes import BYTES, LANES
from ..isa.llvm import INT64, load, store
from ..runtime.parts import made
from ..runtime.work_item import descriptor, stage
from ..tiles.microkernel import microkernel, phase
from .quads import FLOATS, WIDE, broadcast, narrowed
from .requantise import DOUBLE, SINGLE, away, to_even

STORE = descriptor("x y zero flip count band", floats="factor")
FOUR = 4 * LANES  # elements of a microkernel


def _divided(rounding):
    """low: what x is divided by, or multiplied with."""
    ratio_of, nearest = {
        DOUBLE: ("fdiv", away),
        SINGLE: ("fmul", to_even),
    }[rounding]

    @phase("x low zero y flip")
    def emit(builder, given, _):
        scale, bound = llvm.broadcast_element(builder, given.low), llvm.constant(1024)
        values = []
        for q in range(4):
            ratio = getattr(builder, ratio_of)(load(builder, FLOATS, given.x, q * BYTES), scale)
            ratio = llvm.smaller(builder, bound, ratio)  # beyond every bound
            ratio = llvm.larger(builder, llvm.constant(-1024), ratio)
            values.append(nearest(builder, ratio))
        bytes_ = narrowed(builder, values, given.zero, INT64(0), INT64(255))
        flipped = builder.xor(bytes_, broadcast(builder, given.flip, WIDE))
        store(builder, flipped, given.y, align=1)

    return microkernel((1, 1), emit)


def _stored(rounding):
    kernel = _divided(rounding)

    @stage(STORE)
    @made("stored", rounding)
    def stored(s, b, item):
        """A band of whole vectors."""
        for q in range(item * s.band, min(s.count, (item + 1) * s.band)):
            kernel(s.x + q * FOUR * 4, s.factor, s.zero, s.y + q * FOUR, s.flip)

    return stored


routines = {rounding: _stored(rounding) for rounding in (SINGLE, DOUBLE)}


def fields(rounding: str, scale: float, zero: int) -> dict[str, float]:
    """Of the descriptor; zero: of the unsigned bytes."""
    real = np.float32(scale)
    factor = np.float32(1) / real if rounding == SINGLE else real
    return {"factor": float(factor), "zero": zero}
