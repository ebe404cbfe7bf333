"""Grouped convolution: the channels stand in G groups, and a filter sees those of its own group alone.

    y[n, i, j, o] = sum_uvp  x[n, s*i + d*u, t*j + e*v, P*g + p] * w[u, v, p, o]      g = o // Q

x is (N, H, W, M), already padded; w is (K, L, P, O), P = M/G channels of a group, Q = O/G filters of
one; y is (N, I, J, O); (s, t) is the stride and (d, e) the dilation.  It costs K*L*P*O*I*J
multiplications per image, a G-th of a standard convolution's (Krizhevsky et al. 2012, section 3.5).

One group is the standard convolution.  As many groups as channels are the depthwise one, where Q, the
depth multiplier, says how many filters each channel has.

Backwards, as in conv.py within each group:

    dw[u, v, p, o]                       = sum_nij  x[n, s*i + d*u, t*j + e*v, P*g + p] * dy[n, i, j, o]
    dx[n, s*i + d*u, t*j + e*v, P*g + p] += dy[n, i, j, o] * w[u, v, p, o]
"""

import numpy as np

from .compiling import Rungs, compiled, prange
from .conv import dilated, seen

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_forward(x, w, groups, stride, dilation, y):
    N, I, J, O = y.shape
    K, L, P, _ = w.shape
    Q = O // groups
    s, t = stride
    d, e = dilation
    y[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    g = o // Q
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for p in range(P):
                                y[n, i, j, o] += x[n, h, q, P * g + p] * w[u, v, p, o]


def loops_backward_input(dy, w, groups, stride, dilation, dx):
    N, I, J, O = dy.shape
    K, L, P, _ = w.shape
    Q = O // groups
    s, t = stride
    d, e = dilation
    dx[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    g = o // Q
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for p in range(P):
                                dx[n, h, q, P * g + p] += dy[n, i, j, o] * w[u, v, p, o]


def loops_backward_weight(x, dy, groups, stride, dilation, dw):
    N, I, J, O = dy.shape
    K, L, P, _ = dw.shape
    Q = O // groups
    s, t = stride
    d, e = dilation
    dw[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    g = o // Q
                    for u in range(K):
                        h = s * i + d * u
                        for v in range(L):
                            q = t * j + e * v
                            for p in range(P):
                                dw[u, v, p, o] += x[n, h, q, P * g + p] * dy[n, i, j, o]


# --- numpy: each filter tap (u, v) is a stack of small matrix products, one a group ---------------


def numpy_forward(x, w, groups, stride, dilation, y):
    _, I, J, _ = y.shape
    y[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        pixels = _by_group(seen(x, u, v, stride, dilation, I, J), groups)
        y += _together(pixels @ _by_group(w[u, v], groups), y.shape)


def numpy_backward_input(dy, w, groups, stride, dilation, dx):
    _, I, J, _ = dy.shape
    gradients = _by_group(dy, groups)
    dx[:] = 0
    for u, v in np.ndindex(w.shape[:2]):
        part = seen(dx, u, v, stride, dilation, I, J)  # a view: what is added is added to dx
        part += _together(gradients @ _by_group(w[u, v], groups).transpose(0, 2, 1), part.shape)


def numpy_backward_weight(x, dy, groups, stride, dilation, dw):
    _, I, J, _ = dy.shape
    gradients = _by_group(dy, groups)
    for u, v in np.ndindex(dw.shape[:2]):
        pixels = _by_group(seen(x, u, v, stride, dilation, I, J), groups)
        dw[u, v] = _together(pixels.transpose(0, 2, 1) @ gradients, dw.shape[2:])


def _by_group(array, groups):
    """(..., G C) as (G, everything, C)."""
    return array.reshape(-1, groups, array.shape[-1] // groups).transpose(1, 0, 2)


def _together(stack, shape):
    """The same back again."""
    return stack.transpose(1, 0, 2).reshape(shape)


# --- numba: the loops compiled, with the index that is contiguous in memory innermost ------------


@compiled
def numba_forward(x, w, groups, stride, dilation, y):
    N, I, J, O = y.shape
    K, L, P, _ = w.shape
    Q = O // groups
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
                    for p in range(P):
                        filters = w[u, v, p]
                        for g in range(groups):
                            value = pixel[P * g + p]
                            for o in range(Q * g, Q * g + Q):
                                out[o] += value * filters[o]


def numba_backward_input(dy, w, groups, stride, dilation, dx):
    """dx is itself a convolution in groups: of dy, dilated, with the filters rotated by 180 degrees."""
    K, L, P, O = w.shape
    flipped = w[::-1, ::-1].reshape(K, L, P, groups, O // groups).transpose(0, 1, 4, 3, 2)
    rotated = np.ascontiguousarray(flipped).reshape(K, L, O // groups, P * groups)
    wide = dilated(dy, (K, L), stride, dilation, dx)
    numba_forward(wide, rotated, groups, (1, 1), dilation, dx)


@compiled
def numba_backward_weight(x, dy, groups, stride, dilation, dw):
    N, I, J, O = dy.shape
    K, L, P, _ = dw.shape
    Q = O // groups
    s, t = stride
    d, e = dilation
    for unit in prange(K * L * groups):  # each thread owns whole (u, v, group) parts of dw
        u, v, g = unit // groups // L, unit // groups % L, unit % groups
        dw[u, v, :, Q * g : Q * g + Q] = 0
        for n in range(N):
            for i in range(I):
                for j in range(J):
                    pixel, row = x[n, s * i + d * u, t * j + e * v], dy[n, i, j]
                    for p in range(P):
                        value, out = pixel[P * g + p], dw[u, v, p]
                        for o in range(Q * g, Q * g + Q):
                            out[o] += value * row[o]


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward_input, loops_backward_weight),
    "numpy": (numpy_forward, numpy_backward_input, numpy_backward_weight),
    "numba": (numba_forward, numba_backward_input, numba_backward_weight),
}
