"""How many float32 elements a vector register of this CPU holds, and how many registers there are.

    AVX-512       16 elements, 32 registers        AVX2, AVX   8 elements, 16 registers
    NEON (ARM)     4 elements, 32 registers        SSE         4 elements, 16 registers

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
