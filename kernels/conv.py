"""Standard convolution: every filter sees a K x L window of all M channels.

    y[n, i, j, o] = sum_uvm  x[n, s*i + d*u, t*j + e*v, m] * w[u, v, m, o]

x is (N, H, W, M), already padded; w is (K, L, M, O); y is (N, I, J, O); (s, t) is the stride and
(d, e) the dilation along height and width.  It costs K*L*M*O*I*J multiplications per image
(MobileNetV1, section 3.1, equation 2).

Every product x*w above sends its gradient both ways:

    dw[u, v, m, o]                 = sum_nij  x[n, s*i + d*u, t*j + e*v, m] * dy[n, i, j, o]
    dx[n, s*i + d*u, t*j + e*v, m] += dy[n, i, j, o] * w[u, v, m, o]
"""

import numpy as np

from .compiling import Rungs, compiled, prange

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_forward(x, w, stride, dilation, y):
    N, I, J, O = y.shape
    K, L, M, _ = w.shape
    s, t = stride
    d, e = dilation
    y[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for m in range(M):
                                y[n, i, j, o] += x[n, h, q, m] * w[u, v, m, o]


def loops_backward_input(dy, w, stride, dilation, dx):
    N, I, J, O = dy.shape
    K, L, M, _ = w.shape
    s, t = stride
    d, e = dilation
    dx[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for m in range(M):
                                dx[n, h, q, m] += dy[n, i, j, o] * w[u, v, m, o]


def loops_backward_weight(x, dy, stride, dilation, dw):
    N, I, J, O = dy.shape
    K, L, M, _ = dw.shape
    s, t = stride
    d, e = dilation
    dw[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for m in range(M):
                                dw[u, v, m, o] += x[n, h, q, m] * dy[n, i, j, o]


# --- numpy: each filter tap (u, v) is a pointwise convolution of the x it sees -------------------


def seen(x, u, v, stride, dilation, I, J):
    """What tap (u, v) multiplies, as a view: x[n, s*i + d*u, t*j + e*v, m] for all n, i, j, m."""
    s, t = stride
    d, e = dilation
    return x[:, d * u : d * u + s * (I - 1) + 1 : s, e * v : e * v + t * (J - 1) + 1 : t]


def numpy_forward(x, w, stride, dilation, y):
    _, I, J, _ = y.shape
    y[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        y += seen(x, u, v, stride, dilation, I, J) @ w[u, v]


def numpy_backward_input(dy, w, stride, dilation, dx):
    _, I, J, _ = dy.shape
    dx[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        seen(dx, u, v, stride, dilation, I, J)[:] += dy @ w[u, v].T  # a view: adds into dx itself


def numpy_backward_weight(x, dy, stride, dilation, dw):
    _, I, J, O = dy.shape
    for u, v in np.ndindex(dw.shape[:2]):
        pixels = seen(x, u, v, stride, dilation, I, J).reshape(-1, dw.shape[2])
        dw[u, v] = pixels.T @ dy.reshape(-1, O)


# --- numba: the loops compiled, with the index that is contiguous in memory innermost ------------


@compiled
def numba_forward(x, w, stride, dilation, y):
    N, I, J, O = y.shape
    K, L, M, _ = w.shape
    s, t = stride
    d, e = dilation
    for row in prange(N * I):  # each thread owns whole rows of y: no two write the same element
        n, i = row // I, row % I
        for j in range(J):
            out = y[n, i, j]
            out[:] = 0
            for u in range(K):
                for v in range(L):
                    pixel = x[n, s * i + d * u, t * j + e * v]
                    for m in range(M):
                        value, filters = pixel[m], w[u, v, m]
                        for o in range(O):
                            out[o] += value * filters[o]


def numba_backward_input(dy, w, stride, dilation, dx):
    """dx is itself a convolution: of dy, dilated, with the filters rotated by 180 degrees."""
    rotated = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
    numba_forward(dilated(dy, w.shape[:2], stride, dilation, dx), rotated, (1, 1), dilation, dx)


def dilated(dy, taps, stride, dilation, dx):
    """dy with zeros between and around its pixels, each where its last tap saw x.

    Then dx[h] += dy[i] * w[u] for h = s*i + d*u, the scattering formula, reads as gathering at
    stride 1: dx[h] = sum_u dilated[h + d*u] * w[K-1-u].  Each thread can own whole rows of dx.
    """
    (K, L), (d, e) = taps, dilation
    N, I, J, C = dy.shape
    wide = np.zeros((N, dx.shape[1] + d * (K - 1), dx.shape[2] + e * (L - 1), C), dy.dtype)
    seen(wide, K - 1, L - 1, stride, dilation, I, J)[:] = dy
    return wide


@compiled
def numba_backward_weight(x, dy, stride, dilation, dw):
    N, I, J, O = dy.shape
    K, L, M, _ = dw.shape
    s, t = stride
    d, e = dilation
    block = 8
    blocks = (M + block - 1) // block
    for unit in prange(K * L * blocks):  # each thread owns whole (u, v, eight m) parts of dw
        u, v, first = unit // blocks // L, unit // blocks % L, unit % blocks * block
        last = min(first + block, M)
        dw[u, v, first:last] = 0
        for n in range(N):
            for i in range(I):
                for j in range(J):
                    pixel, row = x[n, s * i + d * u, t * j + e * v], dy[n, i, j]
                    for m in range(first, last):
                        value, out = pixel[m], dw[u, v, m]
                        for o in range(O):
                            out[o] += value * row[o]


# --- simd: each window is a row of a matrix product, and none is copied out; float32 only ---------


def simd_forward(x, w, stride, dilation, y):
    from .simd.nhwc.product import convolution

    convolution(x, w, stride, dilation, y)


def simd_backward_input(dy, w, stride, dilation, dx):
    """As the compiled rung: dx is a convolution of dy, dilated, with the filters rotated."""
    rotated = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
    simd_forward(dilated(dy, w.shape[:2], stride, dilation, dx), rotated, (1, 1), dilation, dx)


def simd_backward_weight(x, dy, stride, dilation, dw):
    from .simd.nhwc.product import convolution_filters

    convolution_filters(x, dy, stride, dilation, dw)


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward_input, loops_backward_weight),
    "numpy": (numpy_forward, numpy_backward_input, numpy_backward_weight),
    "numba": (numba_forward, numba_backward_input, numba_backward_weight),
    "simd": (simd_forward, simd_backward_input, simd_backward_weight),
}
