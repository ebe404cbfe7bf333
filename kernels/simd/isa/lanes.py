"""How many float32 elements a vector register of this CPU holds, and how many registers there are.

    AVX-512       16 elements, 32 registers        AVX2, AVX   8 elements, 16 registers
    NEON (ARM)     4 elements, 32 registers        SSE         4 elements, 16 registers

And whether it has VNNI: four products of bytes and their sum in one instruction.

What the compiler was told decides, not the machine: NUMBA_CPU_NAME and NUMBA_CPU_FEATURES can name
another one.  NPMOBILENET_LANES overrides the width; kernels stay right at any, for the compiler
splits a vector that no register holds.  NPMOBILENET_VNNI=0 does without VNNI.
"""

import os

from numba.core.registry import cpu_target

_triple, _, _features = cpu_target.target_context.codegen().magic_tuple()
_found = {name[1:] for name in _features.split(",") if name.startswith("+")}


def _lanes():
    asked = os.environ.get("NPMOBILENET_LANES")
    if asked is not None:
        if asked not in ("4", "8", "16"):
            raise ValueError(f"NPMOBILENET_LANES must be 4, 8 or 16, found {asked!r}")
        return int(asked)
    if "avx512f" in _found:
        return 16
    return 8 if "avx" in _found else 4


def _vnni():
    asked = os.environ.get("NPMOBILENET_VNNI")
    if asked not in (None, "0", "1"):
        raise ValueError(f"NPMOBILENET_VNNI must be 0 or 1, found {asked!r}")
    short = "avxvnni" in _found or {"avx512vnni", "avx512vl"} <= _found
    return asked != "0" and ("avx512vnni" in _found if LANES == 16 else short)


LANES = _lanes()
X86 = _triple.startswith(("x86_64", "i686", "i386"))
REGISTERS = 32 if "avx512f" in _found or not X86 else 16
BYTES = 4 * LANES  # of one vector
VNNI = _vnni()
VBMI = LANES == 16 and "avx512vbmi" in _found  # bytes looked up in registers
# whether a vector of this width has x86's instructions that pack integers and multiply 16-bit ones
PACKS = X86 and {16: "avx512bw", 8: "avx2", 4: "sse2"}[LANES] in _found
