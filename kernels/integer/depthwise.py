"""Depthwise convolution of integers: a filter for each channel.

    total[n, i, j, m] = b[m] + sum_uv (x[n, s*i + u, t*j + v, m] - zx) * (w[u, v, m] - zw[m])
    y = requantised(total)

x is (N, H, W, M), already padded with its zero point zx; w is (K, L, M), its zero points zw one for each
channel; b is int32; (s, t) is the stride.
"""

import numpy as np

from ..compiling import Rungs, compiled, prange
from .conv import requantised
from .requantise import wrapped

# --- loops: the formula above, in Python's integers ------------------------------------------------


def loops_sums(x, w, b, zeros, stride, sums):
    N, I, J, M = sums.shape
    K, L, _ = w.shape
    s, t = stride
    zx, zw = zeros
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    total = int(b[m])
                    for u in range(K):
                        for v in range(L):
                            pixel = int(x[n, s * i + u, t * j + v, m]) - zx
                            total += pixel * (int(w[u, v, m]) - int(zw[m]))
                    sums[n, i, j, m] = wrapped(total)


# --- numpy: each filter tap multiplies all that it sees ----------------------------------------------


def numpy_sums(x, w, b, zeros, stride, sums):
    _, I, J, _ = sums.shape
    K, L, _ = w.shape
    s, t = stride
    zx, zw = zeros
    pixels, taps = x.astype(np.int32) - np.int32(zx), w.astype(np.int32) - zw.astype(np.int32)
    sums[...] = b
    for u in range(K):
        for v in range(L):
            rows = slice(u, u + s * (I - 1) + 1, s)
            sums += pixels[:, rows, v : v + t * (J - 1) + 1 : t] * taps[u, v]  # wraps, silently


# --- numba: the loops compiled ---------------------------------------------------------------------


def numba_sums(x, w, b, zeros, stride, sums):
    zx, zw = zeros
    centred = w.astype(np.int32) - zw.astype(np.int32)
    numba_taps(x, centred, b, np.int32(zx), stride, sums)


@compiled
def numba_taps(x, w, b, zx, stride, sums):
    N, I, J, M = sums.shape
    K, L, _ = w.shape
    s, t = stride
    for row in prange(N * I):  # each thread owns whole rows of y
        n, i = row // I, row % I
        for j in range(J):
            total = sums[n, i, j]
            total[:] = b
            for u in range(K):
                for v in range(L):
                    tap, pixel = w[u, v], x[n, s * i + u, t * j + v]
                    for m in range(M):
                        total[m] += (np.int32(pixel[m]) - zx) * tap[m]


# --- simd: four taps in an instruction, microkernel by microkernel ----------------------------------


def simd_forward(x, w, b, zeros, stride, out, y):
    from ..simd.integer.rung import depthwise

    depthwise(x, w, b, zeros, stride, out, y)


RUNGS: Rungs = {
    "loops": (requantised(loops_sums, "loops"),),
    "numpy": (requantised(numpy_sums, "numpy"),),
    "numba": (requantised(numba_sums, "numba"),),
    "simd": (simd_forward,),
}
