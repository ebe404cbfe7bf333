"""Pointwise convolution and dense layer of integers: a product of matrices.

    total[p, o] = b[o] + sum_m (x[p, m] - zx) * (w[m, o] - zw[o])
    y = requantised(total)

x is (P, M): P pixels of M channels, with the zero point zx; w is (M, O), its zero points zw one for each
filter; b is int32.
"""

import numpy as np

from ..compiling import Rungs, compiled, prange
from .conv import requantised
from .requantise import wrapped

# --- loops: the formula above, in Python's integers ------------------------------------------------


def loops_sums(x, w, b, zeros, sums):
    P, O = sums.shape
    M = len(w)
    zx, zw = zeros
    for p in range(P):
        for o in range(O):
            total = int(b[o])
            for m in range(M):
                total += (int(x[p, m]) - zx) * (int(w[m, o]) - int(zw[o]))
            sums[p, o] = wrapped(total)


# --- numpy: one product, exact in float64 ------------------------------------------------------------


def numpy_sums(x, w, b, zeros, sums):
    zx, zw = zeros
    total = (x.astype(np.float64) - zx) @ (w.astype(np.float64) - zw) + b
    sums[...] = total.astype(np.int64)


# --- numba: the loops compiled, four channels a time so that a sum is loaded once for four ---------


def numba_sums(x, w, b, zeros, sums):
    zx, zw = zeros
    numba_rows(x, w.astype(np.int32) - zw.astype(np.int32), b, np.int32(zx), sums)


@compiled
def numba_rows(x, w, b, zx, sums):
    P, O = sums.shape
    M = len(w)
    for p in prange(P):
        total, pixel = sums[p], x[p]
        total[:] = b
        for m in range(0, M - 3, 4):
            first, second = np.int32(pixel[m]) - zx, np.int32(pixel[m + 1]) - zx
            third, fourth = np.int32(pixel[m + 2]) - zx, np.int32(pixel[m + 3]) - zx
            for o in range(O):
                total[o] += (
                    first * w[m, o] + second * w[m + 1, o]
                    + third * w[m + 2, o] + fourth * w[m + 3, o]
                )  # fmt: skip
        for m in range(M // 4 * 4, M):
            last = np.int32(pixel[m]) - zx
            for o in range(O):
                total[o] += last * w[m, o]


# --- simd: four products in an instruction, microkernel by microkernel ------------------------------


def simd_forward(x, w, b, zeros, out, y):
    if out.exact is not None:  # in float64, for which there is no microkernel
        RUNGS["numba"][0](x, w, b, zeros, out, y)
        return
    from ..simd.integer.rung import pointwise

    pointwise(x, w, b, zeros, out, y)


RUNGS: Rungs = {
    "loops": (requantised(loops_sums, "loops"),),
    "numpy": (requantised(numpy_sums, "numpy"),),
    "numba": (requantised(numba_sums, "numba"),),
    "simd": (simd_forward,),
}
