"""Loops that Numba compiles."""

import numpy as np
from numba import njit


@njit
def _conv(x, w, b, stride, top, left, y):
    N, I, J, O = y.shape  # noqa: E741
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    total = b[o]
                    for u in range(w.shape[0]):
                        for v in range(w.shape[1]):
                            r, q = i * stride + u - top, j * stride + v - left
                            if r < 0 or q < 0 or r >= x.shape[1] or q >= x.shape[2]:
                                continue
                            for m in range(x.shape[3]):
                                total += x[n, r, q, m] * w[u, v, m, o]
                    y[n, i, j, o] = total


@njit
def _depthwise_backward(dy, x, w, stride, top, left, dx, dw):
    N, I, J, M = dy.shape  # noqa: E741
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for u in range(w.shape[0]):
                    for v in range(w.shape[1]):
                        r, q = i * stride + u - top, j * stride + v - left
                        if 0 <= r < x.shape[1] and 0 <= q < x.shape[2]:
                            for m in range(M):
                                dx[n, r, q, m] += dy[n, i, j, m] * w[u, v, m]
                                dw[u, v, m] += dy[n, i, j, m] * x[n, r, q, m]


def _geometry(size, kernel, stride, padding):
    if padding != "same":
        return (size + 2 * padding - kernel) // stride + 1, padding
    count = -(-size // stride)
    return count, max((count - 1) * stride + kernel - size, 0) // 2


def conv2d(x, w, b, stride, padding):
    rows, top = _geometry(x.shape[1], w.shape[0], stride, padding)
    columns, left = _geometry(x.shape[2], w.shape[1], stride, padding)
    y = np.empty((len(x), rows, columns, w.shape[3]))
    _conv(x, w, np.zeros(w.shape[3]) if b is None else b, stride, top, left, y)
    return y


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    _, top = _geometry(x.shape[1], w.shape[0], stride, padding)
    _, left = _geometry(x.shape[2], w.shape[1], stride, padding)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    _depthwise_backward(dy, x, w, stride, top, left, dx, dw)
    return dx, dw


@njit
def relu6(x):
    y = np.empty_like(x)
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                for c in range(x.shape[3]):
                    value = x[n, i, j, c]
                    y[n, i, j, c] = 0.0 if value < 0.0 else (6.0 if value > 6.0 else value)
    return y
