"""Slices of x itself: each tap reads the part of x it can see, and no zeros are made."""

import math

import numpy as np


def seen(size, count, first, stride):
    """Of windows 0..count-1 at first, first + stride, ...: those that lie on 0..size-1."""
    low = max(0, math.ceil(-first / stride))
    high = min(count, math.floor((size - 1 - first) / stride) + 1)
    return slice(low, max(high, low)), slice(
        low * stride + first, max((high - 1) * stride + first + 1, low * stride + first), stride
    )


def places(size, kernel, stride, padding):
    if padding == "same":
        count = math.ceil(size / stride)
        top = max((count - 1) * stride + kernel - size, 0) // 2
    else:
        count, top = (size + 2 * padding - kernel) // stride + 1, padding
    return count, [seen(size, count, u - top, stride) for u in range(kernel)]


def depthwise_conv2d(x, w, stride, padding):
    rows, row_taps = places(x.shape[1], w.shape[0], stride, padding)
    columns, column_taps = places(x.shape[2], w.shape[1], stride, padding)
    y = np.zeros((len(x), rows, columns, x.shape[3]))
    for u, (i, r) in enumerate(row_taps):
        for v, (j, q) in enumerate(column_taps):
            y[:, i, j] += x[:, r, q] * w[u, v]
    return y


def conv2d_backward(dy, x, w, stride, padding):
    _, row_taps = places(x.shape[1], w.shape[0], stride, padding)
    _, column_taps = places(x.shape[2], w.shape[1], stride, padding)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u, (i, r) in enumerate(row_taps):
        for v, (j, q) in enumerate(column_taps):
            dx[:, r, q] += np.einsum("nijo,mo->nijm", dy[:, i, j], w[u, v])
            dw[u, v] = np.einsum("nijo,nijm->mo", dy[:, i, j], x[:, r, q])
    return dx, dw, np.einsum("nijo->o", dy)


def batch_norm(x, gamma, beta, mean, variance, train, eps, momentum):
    flat = x.reshape(-1, x.shape[-1])
    if not train:
        scale = gamma / np.sqrt(variance + eps)
        return (flat * scale + (beta - mean * scale)).reshape(x.shape), mean, variance
    P = len(flat)
    mu = np.sum(flat, axis=0) / P
    squares = np.sum(np.square(flat - mu), axis=0)
    scale = gamma / np.sqrt(squares / P + eps)
    y = ((flat - mu) * scale + beta).reshape(x.shape)
    new = (
        (1 - momentum) * mean + momentum * mu,
        (1 - momentum) * variance + momentum * squares / (P - 1),
    )
    return y, *new


def batch_norm_backward(dy, x, gamma, eps):
    """By the matrix of derivatives: dy_p / dx_q for every pair of pixels of a channel."""
    C = x.shape[-1]
    flat, dflat = x.reshape(-1, C), dy.reshape(-1, C)
    P = len(flat)
    dx, dgamma = np.empty_like(flat), np.empty(C)
    for c in range(C):
        away = flat[:, c] - flat[:, c].mean()
        d = np.sqrt(np.mean(away**2) + eps)
        jacobian = (np.eye(P) - 1 / P) / d - np.outer(away, away) / (P * d**3)
        dx[:, c] = gamma[c] * jacobian @ dflat[:, c]
        dgamma[c] = away @ dflat[:, c] / d
    return dx.reshape(x.shape), dgamma, dflat.sum(axis=0)
