"""Depthwise convolution: one K x L filter for each channel, no mixing of channels.

    y[n, i, j, m] = sum_uv  x[n, s*i + d*u, t*j + e*v, m] * w[u, v, m]

x is (N, H, W, M), already padded; w is (K, L, M); y is (N, I, J, M); (s, t) is the stride and
(d, e) the dilation.  Each y depends on K*L inputs of its own channel only: K*L*M*I*J
multiplications per image, where a standard convolution to O channels needs O times as many
(MobileNetV1, section 3.1, equations 3 and 4).

Backwards, as in conv.py with the sum over filters gone:

    dw[u, v, m]                    = sum_nij  x[n, s*i + d*u, t*j + e*v, m] * dy[n, i, j, m]
    dx[n, s*i + d*u, t*j + e*v, m] += dy[n, i, j, m] * w[u, v, m]
"""

import numpy as np

from .compiling import Rungs, compiled, prange
from .conv import dilated, seen

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_forward(x, w, stride, dilation, y):
    N, I, J, M = y.shape
    K, L, _ = w.shape
    s, t = stride
    d, e = dilation
    y[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            y[n, i, j, m] += x[n, h, q, m] * w[u, v, m]


def loops_backward_input(dy, w, stride, dilation, dx):
    N, I, J, M = dy.shape
    K, L, _ = w.shape
    s, t = stride
    d, e = dilation
    dx[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            dx[n, h, q, m] += dy[n, i, j, m] * w[u, v, m]


def loops_backward_weight(x, dy, stride, dilation, dw):
    N, I, J, M = dy.shape
    K, L, _ = dw.shape
    s, t = stride
    d, e = dilation
    dw[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            dw[u, v, m] += x[n, h, q, m] * dy[n, i, j, m]


# --- numpy: the sums over n, i, j, m become whole-array operations; u and v stay loops -----------


def numpy_forward(x, w, stride, dilation, y):
    _, I, J, _ = y.shape
    y[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        y += seen(x, u, v, stride, dilation, I, J) * w[u, v]


def numpy_backward_input(dy, w, stride, dilation, dx):
    _, I, J, _ = dy.shape
    dx[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        seen(dx, u, v, stride, dilation, I, J)[:] += dy * w[u, v]  # a view: adds into dx itself


def numpy_backward_weight(x, dy, stride, dilation, dw):
    _, I, J, _ = dy.shape
    for u, v in np.ndindex(dw.shape[:2]):
        dw[u, v] = np.einsum("nijm,nijm->m", seen(x, u, v, stride, dilation, I, J), dy)


# --- numba: the loops compiled; the channel loop moves inside because channels are contiguous ----


def numba_forward(x, w, stride, dilation, y):
    kernel = numba_nine_taps if w.shape[:2] == (3, 3) else numba_any_taps
    kernel(x, w, stride, dilation, y)


@compiled
def numba_any_taps(x, w, stride, dilation, y):
    N, I, J, M = y.shape
    K, L, _ = w.shape
    s, t = stride
    d, e = dilation
    for row in prange(N * I):  # each thread owns whole rows of y: no two write the same element
        n, i = row // I, row % I
        for j in range(J):
            out = y[n, i, j]
            out[:] = 0
            for u in range(K):
                for v in range(L):
                    tap, pixel = w[u, v], x[n, s * i + d * u, t * j + e * v]
                    for m in range(M):
                        out[m] += pixel[m] * tap[m]


@compiled
def numba_nine_taps(x, w, stride, dilation, y):
    """The same for 3 x 3, MobileNet's own size: the sum stays in a register and y is written once."""
    N, I, J, M = y.shape
    s, t = stride
    d, e = dilation
    for row in prange(N * I):
        n, i = row // I, row % I
        above, level, below = x[n, s * i], x[n, s * i + d], x[n, s * i + 2 * d]
        for j in range(J):
            a, b, c = t * j, t * j + e, t * j + 2 * e
            for m in range(M):
                y[n, i, j, m] = (
                    above[a, m] * w[0, 0, m] + above[b, m] * w[0, 1, m] + above[c, m] * w[0, 2, m]
                    + level[a, m] * w[1, 0, m] + level[b, m] * w[1, 1, m] + level[c, m] * w[1, 2, m]
                    + below[a, m] * w[2, 0, m] + below[b, m] * w[2, 1, m] + below[c, m] * w[2, 2, m]
                )  # fmt: skip


def numba_backward_input(dy, w, stride, dilation, dx):
    """dx is itself a convolution: of dy, dilated, with the filters rotated by 180 degrees."""
    rotated = np.ascontiguousarray(w[::-1, ::-1])
    numba_forward(dilated(dy, w.shape[:2], stride, dilation, dx), rotated, (1, 1), dilation, dx)


def numba_backward_weight(x, dy, stride, dilation, dw):
    """Every row of dy adds to all of dw: 16 fixed shares, summed in order, whatever the threads."""
    shares = min(16, dy.shape[0] * dy.shape[1])
    partial = np.zeros((shares, *dw.shape), dw.dtype)
    numba_shares(x, dy, stride, dilation, partial)
    partial.sum(axis=0, out=dw)


@compiled
def numba_shares(x, dy, stride, dilation, partial):
    N, I, J, M = dy.shape
    shares, K, L, _ = partial.shape
    s, t = stride
    d, e = dilation
    for share in prange(shares):
        for row in range(share * N * I // shares, (share + 1) * N * I // shares):
            n, i = row // I, row % I
            for j in range(J):
                gradient = dy[n, i, j]
                for u in range(K):
                    for v in range(L):
                        out, pixel = partial[share, u, v], x[n, s * i + d * u, t * j + e * v]
                        for m in range(M):
                            out[m] += pixel[m] * gradient[m]


# --- simd: vectors of channels by name; float32 only; what has no tile is the compiled rung's ------


def simd_forward(x, w, stride, dilation, y):
    from .simd.nhwc import depthwise as nhwc

    if nhwc.fits(w.shape[:2], w.shape[2], stride, dilation):
        nhwc.depthwise(x, w, stride, y)
    else:
        numba_forward(x, w, stride, dilation, y)


def simd_backward_input(dy, w, stride, dilation, dx):
    """As the compiled rung: dx is a convolution of dy, dilated, with the filters rotated."""
    rotated = np.ascontiguousarray(w[::-1, ::-1])
    simd_forward(dilated(dy, w.shape[:2], stride, dilation, dx), rotated, (1, 1), dilation, dx)


def simd_backward_weight(x, dy, stride, dilation, dw):
    from .simd.nhwc import depthwise as nhwc

    if nhwc.fits(dw.shape[:2], dw.shape[2], stride, dilation):
        nhwc.depthwise_filters(x, dy, stride, dw)
    else:
        numba_backward_weight(x, dy, stride, dilation, dw)


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward_input, loops_backward_weight),
    "numpy": (numpy_forward, numpy_backward_input, numpy_backward_weight),
    "numba": (numba_forward, numba_backward_input, numba_backward_weight),
    "simd": (simd_forward, simd_backward_input, simd_backward_weight),
}
