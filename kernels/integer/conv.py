"""Standard and grouped convolution of integers: sums of products of 32 bits, then requantised.

    total[n, i, j, o] = b[o] + sum_uvp (x[n, s*i + u, t*j + v, P*g + p] - zx) * (w[u, v, p, o] - zw[o])
    y = requantised(total)                                              g = o // (O / groups)

x is (N, H, W, M), already padded with zx, its zero point, which stands for the real 0; w is (K, L, P, O)
with P = M / groups channels a filter and zero points zw, one for each filter; b is int32 in units of the
product of the two scales; (s, t) is the stride.
"""

import numpy as np

from ..compiling import Rungs, compiled, prange
from . import requantise
from .requantise import wrapped

# --- loops: the formula above, in Python's integers ------------------------------------------------


def loops_sums(x, w, b, zeros, stride, groups, sums):
    N, I, J, O = sums.shape
    K, L, P, _ = w.shape
    s, t = stride
    zx, zw = zeros
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    first = P * (o // (O // groups))
                    total = int(b[o])
                    for u in range(K):
                        for v in range(L):
                            for p in range(P):
                                pixel = int(x[n, s * i + u, t * j + v, first + p]) - zx
                                total += pixel * (int(w[u, v, p, o]) - int(zw[o]))
                    sums[n, i, j, o] = wrapped(total)


# --- numpy: each filter tap is a product of matrices, exact in float64 -----------------------------


def numpy_sums(x, w, b, zeros, stride, groups, sums):
    _, I, J, O = sums.shape
    K, L, P, _ = w.shape
    s, t = stride
    zx, zw = zeros
    pixels = x.astype(np.float64) - zx
    taps = w.astype(np.float64) - zw
    filters = O // groups
    total = np.empty(sums.shape)
    total[...] = b
    for g in range(groups):
        own = slice(g * filters, (g + 1) * filters)
        for u in range(K):
            for v in range(L):
                rows = slice(u, u + s * (I - 1) + 1, s)
                seen = pixels[:, rows, v : v + t * (J - 1) + 1 : t, g * P : (g + 1) * P]
                total[..., own] += seen @ taps[u, v, :, own]
    sums[...] = total.astype(np.int64)


# --- numba: the loops compiled ---------------------------------------------------------------------


def numba_sums(x, w, b, zeros, stride, groups, sums):
    zx, zw = zeros
    centred = w.astype(np.int32) - zw.astype(np.int32)
    numba_taps(x, centred, b, np.int32(zx), stride, groups, sums)


@compiled
def numba_taps(x, w, b, zx, stride, groups, sums):
    N, I, J, O = sums.shape
    K, L, P, _ = w.shape
    s, t = stride
    filters = O // groups
    for row in prange(N * I):  # each thread owns whole rows of y
        n, i = row // I, row % I
        for j in range(J):
            total = sums[n, i, j]
            total[:] = b
            for u in range(K):
                for v in range(L):
                    for m in range(P * groups):
                        pixel = np.int32(x[n, s * i + u, t * j + v, m]) - zx
                        g, p = m // P, m % P
                        tap = w[u, v, p]
                        for o in range(g * filters, (g + 1) * filters):
                            total[o] += pixel * tap[o]


# --- the rungs: sums, then requantised -------------------------------------------------------------


def requantised(summed, rung):
    """A rung of an operator from one that sums."""
    (back,) = requantise.RUNGS[rung]

    def forward(*arguments):
        *given, out, y = arguments
        sums = np.empty(y.shape, np.int32)
        summed(*given, sums)
        back(sums.reshape(-1, y.shape[-1]), out, y.reshape(-1, y.shape[-1]))

    return forward


# --- simd: four products in an instruction, microkernel by microkernel ------------------------------


def simd_forward(x, w, b, zeros, stride, groups, out, y):
    if groups > 1:
        RUNGS["numba"][0](x, w, b, zeros, stride, groups, out, y)
        return
    from ..simd.integer.rung import convolution

    convolution(x, w, b, zeros, stride, out, y)


RUNGS: Rungs = {
    "loops": (requantised(loops_sums, "loops"),),
    "numpy": (requantised(numpy_sums, "numpy"),),
    "numba": (requantised(numba_sums, "numba"),),
    "simd": (simd_forward,),
}
