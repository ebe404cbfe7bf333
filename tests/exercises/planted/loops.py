"""Steps 1 to 4 in plain loops, one number at a time, with bounds asked where a window leaves x."""
# ruff: noqa: E741

import math

import numpy as np


def one_window(patch, w):
    K, L, M = patch.shape
    total = 0.0
    for u in range(K):
        for v in range(L):
            for m in range(M):
                total += patch[u, v, m] * w[u, v, m]
    return total


def place(size, kernel, stride, padding):
    """How many windows there are along one axis, and where the first begins."""
    if padding == "same":
        count = math.ceil(size / stride)
        zeros = max((count - 1) * stride + kernel - size, 0)
        return count, -(zeros // 2)
    return (size + 2 * padding - kernel) // stride + 1, -padding


def conv2d(x, w, b, stride, padding):
    N, H, W, M = x.shape
    K, L, _, O = w.shape
    I, top = place(H, K, stride, padding)
    J, left = place(W, L, stride, padding)
    y = np.zeros((N, I, J, O))
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    total = 0.0
                    for u in range(K):
                        for v in range(L):
                            r = i * stride + u + top
                            q = j * stride + v + left
                            if 0 <= r < H and 0 <= q < W:
                                for m in range(M):
                                    total += x[n, r, q, m] * w[u, v, m, o]
                    if b is not None:
                        total += b[o]
                    y[n, i, j, o] = total
    return y


def depthwise_conv2d(x, w, stride, padding):
    N, H, W, M = x.shape
    K, L = w.shape[:2]
    I, top = place(H, K, stride, padding)
    J, left = place(W, L, stride, padding)
    y = np.zeros((N, I, J, M))
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        for v in range(L):
                            r = i * stride + u + top
                            q = j * stride + v + left
                            if 0 <= r < H and 0 <= q < W:
                                y[n, i, j, m] += x[n, r, q, m] * w[u, v, m]
    return y


def pointwise_conv2d(x, w):
    N, H, W, M = x.shape
    O = w.shape[1]
    y = np.zeros((N, H, W, O))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for o in range(O):
                    for m in range(M):
                        y[n, i, j, o] += x[n, i, j, m] * w[m, o]
    return y


def standard_cost(h, w, k, m, n, stride):
    count = 0
    for _ in range(0, h, stride):
        for _ in range(0, w, stride):
            count += k * k * m * n
    return count


def separable_cost(h, w, k, m, n, stride):
    count = 0
    for _ in range(0, h, stride):
        for _ in range(0, w, stride):
            count += k * k * m
            count += m * n
    return count


def times_cheaper(k, n):
    standard = separable = 0
    for _ in range(n):
        standard += k * k
        separable += 1
    for _ in range(k * k):
        separable += 1
    return standard / separable


def conv2d_backward(dy, x, w, stride, padding):
    N, H, W, M = x.shape
    K, L, _, O = w.shape
    I, J = dy.shape[1:3]
    _, top = place(H, K, stride, padding)
    _, left = place(W, L, stride, padding)
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(O)
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    db[o] += dy[n, i, j, o]
                    for u in range(K):
                        for v in range(L):
                            r = i * stride + u + top
                            q = j * stride + v + left
                            if 0 <= r < H and 0 <= q < W:
                                for m in range(M):
                                    dx[n, r, q, m] += dy[n, i, j, o] * w[u, v, m, o]
                                    dw[u, v, m, o] += dy[n, i, j, o] * x[n, r, q, m]
    return dx, dw, db


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    N, H, W, M = x.shape
    K, L = w.shape[:2]
    I, J = dy.shape[1:3]
    _, top = place(H, K, stride, padding)
    _, left = place(W, L, stride, padding)
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for u in range(K):
                    for v in range(L):
                        r = i * stride + u + top
                        q = j * stride + v + left
                        if 0 <= r < H and 0 <= q < W:
                            for m in range(M):
                                dx[n, r, q, m] += dy[n, i, j, m] * w[u, v, m]
                                dw[u, v, m] += dy[n, i, j, m] * x[n, r, q, m]
    return dx, dw


def pointwise_conv2d_backward(dy, x, w):
    N, H, W, M = x.shape
    O = w.shape[1]
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for o in range(O):
                    for m in range(M):
                        dx[n, i, j, m] += dy[n, i, j, o] * w[m, o]
                        dw[m, o] += dy[n, i, j, o] * x[n, i, j, m]
    return dx, dw
