"""How many float32 numbers a vector register of this CPU holds, and how many registers there are.

    AVX-512       16 numbers, 32 registers        AVX2, AVX   8 numbers, 16 registers
    NEON (ARM)     4 numbers, 32 registers        SSE         4 numbers, 16 registers

What the compiler was told decides, not the machine: NUMBA_CPU_NAME and NUMBA_CPU_FEATURES can name
another one.  NPMOBILENET_LANES overrides the width; kernels stay right at any, for the compiler
splits a vector that no register holds.
"""

import os

from numba.core.registry import cpu_target


def _features():
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return triple, {name[1:] for name in features.split(",") if name.startswith("+")}


def _lanes(features):
    asked = os.environ.get("NPMOBILENET_LANES")
    if asked is not None:
        if asked not in ("4", "8", "16"):
            raise ValueError(f"NPMOBILENET_LANES must be 4, 8 or 16, found {asked!r}")
        return int(asked)
    if "avx512f" in features:
        return 16
    return 8 if "avx" in features else 4


_triple, _found = _features()
LANES = _lanes(_found)
X86 = _triple.startswith(("x86_64", "i686", "i386"))
REGISTERS = 32 if "avx512f" in _found or not X86 else 16
BYTES = 4 * LANES  # of one vector

# The tiles of a product: vectors -> rows.  A tile keeps rows x vectors sums in registers and needs
# room for the weights and the number they are multiplied with.  The nearer to a square, the fewer
# loads for a multiplication; the narrow ones are for what is left over of the channels.
TILES = {4: 6, 3: 8, 2: 14, 1: 14} if REGISTERS == 32 else {3: 4, 2: 6, 1: 12}
