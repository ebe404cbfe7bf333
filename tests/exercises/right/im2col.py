"""A convolution as one matrix product: every window is a row."""

import numpy as np


def indices(x, K, L, stride, padding, outputs=None):
    """Rows and columns of x, one line a window; what lies outside points at a row of zeros."""
    found = []
    for size, kernel in ((x.shape[1], K), (x.shape[2], L)):
        if padding == "same":
            count = (size + stride - 1) // stride
            start = -(max((count - 1) * stride + kernel - size, 0) // 2)
        else:
            count = (size + 2 * padding - kernel) // stride + 1
            start = -padding
        at = start + stride * np.arange(count)[:, None] + np.arange(kernel)
        found.append(np.where((at < 0) | (at >= size), size, at))
    return found


def matrix(x, K, L, stride, padding):
    rows, columns = indices(x, K, L, stride, padding)
    more = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    windows = more[:, rows[:, None, :, None], columns[None, :, None, :]]
    return windows, rows, columns


def conv2d(x, w, b, stride, padding):
    K, L, M, O = w.shape  # noqa: E741
    windows, rows, columns = matrix(x, K, L, stride, padding)
    y = windows.reshape(-1, K * L * M) @ w.reshape(-1, O)
    if b is not None:
        y += b
    return y.reshape(len(x), len(rows), len(columns), O)


def conv2d_backward(dy, x, w, stride, padding):
    K, L, M, O = w.shape  # noqa: E741
    windows, rows, columns = matrix(x, K, L, stride, padding)
    flat = dy.reshape(-1, O)
    dw = windows.reshape(-1, K * L * M).T @ flat
    products = (flat @ w.reshape(-1, O).T).reshape(windows.shape)
    dx = np.zeros((len(x), x.shape[1] + 1, x.shape[2] + 1, M))
    np.add.at(dx, (slice(None), rows[:, None, :, None], columns[None, :, None, :]), products)
    return dx[:, :-1, :-1], dw.reshape(w.shape), flat.sum(axis=0)


def pointwise_conv2d(x, w):
    return np.dot(x.reshape(-1, w.shape[0]), w).reshape(*x.shape[:-1], w.shape[1])


def pointwise_conv2d_backward(dy, x, w):
    dx = np.tensordot(dy, w, axes=([3], [1]))
    dw = np.tensordot(x, dy, axes=([0, 1, 2], [0, 1, 2]))
    return dx, dw
