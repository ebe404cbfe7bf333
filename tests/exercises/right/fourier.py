"""Convolutions by the Fourier transform: a product of spectra, sampled where the windows stand."""

import numpy as np


def start(size, kernel, stride, padding):
    if padding == "same":
        count = -(-size // stride)
        return count, -(max((count - 1) * stride + kernel - size, 0) // 2)
    return (size + 2 * padding - kernel) // stride + 1, -padding


def sampled(full, at, size):
    """full[at], 0 where there is no such row."""
    inside = (at >= 0) & (at < size)
    return np.where(inside, at, 0), inside


def correlated(x, w, stride, padding):
    """Every channel with its filter: (N, I, J, M)."""
    K, L = w.shape[:2]
    size = x.shape[1] + K - 1, x.shape[2] + L - 1
    spectrum = np.fft.rfft2(x, size, axes=(1, 2)) * np.fft.rfft2(w[::-1, ::-1], size, axes=(0, 1))
    full = np.fft.irfft2(spectrum, size, axes=(1, 2))
    places = []
    for axis, kernel in ((1, K), (2, L)):
        count, first = start(x.shape[axis], kernel, stride, padding)
        places.append(sampled(full, first + stride * np.arange(count) + kernel - 1, size[axis - 1]))
    (rows, row_inside), (columns, column_inside) = places
    picked = full[:, rows[:, None], columns[None, :]]
    return picked * (row_inside[:, None] & column_inside[None, :])[None, :, :, None]


def conv2d(x, w, b, stride, padding):
    filters = [correlated(x, w[..., o], stride, padding).sum(axis=-1) for o in range(w.shape[-1])]
    y = np.stack(filters, axis=-1)
    return y if b is None else y + b


def depthwise_conv2d(x, w, stride, padding):
    return correlated(x, w, stride, padding)
