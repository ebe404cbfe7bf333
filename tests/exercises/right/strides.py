"""Views on windows: no product is written out, only where the windows stand."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def padded(x, K, L, stride, padding):
    if padding == "same":
        rows = max((-(-x.shape[1] // stride) - 1) * stride + K - x.shape[1], 0)
        columns = max((-(-x.shape[2] // stride) - 1) * stride + L - x.shape[2], 0)
        around = ((0, 0), (rows // 2, (rows + 1) // 2), (columns // 2, (columns + 1) // 2), (0, 0))
    else:
        around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return np.pad(x, around), around


def conv2d(x, w, b, stride, padding):
    xp, _ = padded(x, *w.shape[:2], stride, padding)
    views = sliding_window_view(xp, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
    y = np.tensordot(views, w, axes=([4, 5, 3], [0, 1, 2]))
    return y if b is None else y + b


def depthwise_conv2d(x, w, stride, padding):
    K, L, M = w.shape
    xp, _ = padded(x, K, L, stride, padding)
    a, r, q, c = xp.strides
    rows, columns = (xp.shape[1] - K) // stride + 1, (xp.shape[2] - L) // stride + 1
    views = as_strided(
        xp, (len(x), rows, columns, K, L, M), (a, r * stride, q * stride, r, q, c), writeable=False
    )
    return np.sum(views * w, axis=(3, 4))


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    K, L, _ = w.shape
    xp, around = padded(x, K, L, stride, padding)
    views = sliding_window_view(xp, (K, L), axis=(1, 2))[:, ::stride, ::stride]
    dw = np.einsum("nijmkl,nijm->klm", views, dy)
    # dy among zeros, with a border wide enough for the turned filter
    wide = np.zeros((len(x), xp.shape[1] + K - 1, xp.shape[2] + L - 1, x.shape[3]))
    wide[:, K - 1 :: stride, L - 1 :: stride][:, : dy.shape[1], : dy.shape[2]] = dy
    views = sliding_window_view(wide, (K, L), axis=(1, 2))
    dxp = np.einsum("nhwmkl,klm->nhwm", views, w[::-1, ::-1])
    top, left = around[1][0], around[2][0]
    return dxp[:, top : top + x.shape[1], left : left + x.shape[2]], dw
