"""All exercises in whole arrays, from the formulas of their docstrings."""
# ruff: noqa: E741

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def one_window(patch, w):
    return np.vdot(patch, w)


def zeros_around(size, k, stride, padding):
    """Before and behind, along one axis."""
    if padding != "same":
        return padding, padding
    outputs = -(-size // stride)
    total = max(stride * (outputs - 1) + k - size, 0)
    return total // 2, total - total // 2


def padded(x, w, stride, padding):
    rows, columns = (zeros_around(x.shape[1 + a], w.shape[a], stride, padding) for a in (0, 1))
    return np.pad(x, ((0, 0), rows, columns, (0, 0))), rows[0], columns[0]


def windows(x, w, stride, padding):
    """(N, I, J, M, K, L): what each window sees."""
    full, _, _ = padded(x, w, stride, padding)
    return sliding_window_view(full, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]


def put_back(dwindows, x, w, stride, padding):
    """What each window's numbers owe to x: the other way round than `windows`, sums where they meet."""
    full, top, left = padded(x, w, stride, padding)
    dfull = np.zeros_like(full)
    _, I, J = dwindows.shape[:3]
    for u, v in np.ndindex(*w.shape[:2]):
        rows = slice(u, u + stride * (I - 1) + 1, stride)
        columns = slice(v, v + stride * (J - 1) + 1, stride)
        dfull[:, rows, columns] += dwindows[..., u, v]
    return dfull[:, top : top + x.shape[1], left : left + x.shape[2]]


def conv2d(x, w, b, stride, padding):
    y = np.einsum("nijmuv,uvmo->nijo", windows(x, w, stride, padding), w, optimize=True)
    return y if b is None else y + b


def depthwise_conv2d(x, w, stride, padding):
    return np.einsum("nijmuv,uvm->nijm", windows(x, w, stride, padding), w)


def pointwise_conv2d(x, w):
    return x @ w


def standard_cost(h, w, k, m, n, stride):
    return -(-h // stride) * -(-w // stride) * k * k * m * n


def separable_cost(h, w, k, m, n, stride):
    return -(-h // stride) * -(-w // stride) * m * (k * k + n)


def times_cheaper(k, n):
    return k * k * n / (k * k + n)


def conv2d_backward(dy, x, w, stride, padding):
    seen = windows(x, w, stride, padding)
    dw = np.einsum("nijmuv,nijo->uvmo", seen, dy, optimize=True)
    dseen = np.einsum("nijo,uvmo->nijmuv", dy, w, optimize=True)
    return put_back(dseen, x, w, stride, padding), dw, dy.sum((0, 1, 2))


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    dw = np.einsum("nijmuv,nijm->uvm", windows(x, w, stride, padding), dy)
    dseen = np.einsum("nijm,uvm->nijmuv", dy, w)
    return put_back(dseen, x, w, stride, padding), dw


def pointwise_conv2d_backward(dy, x, w):
    return dy @ w.T, np.tensordot(x, dy, axes=((0, 1, 2), (0, 1, 2)))


def moments(x):
    return x.mean((0, 1, 2)), x.var((0, 1, 2)), x.size // x.shape[3]


def batch_norm(x, gamma, beta, mean, variance, train, eps, momentum):
    if not train:
        return gamma * (x - mean) / np.sqrt(variance + eps) + beta, mean, variance
    m, v, P = moments(x)
    y = gamma * (x - m) / np.sqrt(v + eps) + beta
    moved = (1 - momentum) * variance + momentum * v * P / (P - 1)
    return y, (1 - momentum) * mean + momentum * m, moved


def batch_norm_backward(dy, x, gamma, eps):
    m, v, P = moments(x)
    root = np.sqrt(v + eps)
    xhat = (x - m) / root
    dbeta, dgamma = dy.sum((0, 1, 2)), (dy * xhat).sum((0, 1, 2))
    return gamma / root * (dy - dbeta / P - xhat * dgamma / P), dgamma, dbeta


def relu6(x):
    return np.clip(x, 0, 6)


def relu6_backward(dy, x):
    return dy * ((x > 0) & (x < 6))


def hard_swish(x):
    return x * np.clip(x + 3, 0, 6) / 6


def hard_swish_backward(dy, x):
    return dy * np.select([x < -3, x > 3], [0, 1], (2 * x + 3) / 6)


def squeeze_excite(x, w1, b1, w2, b2):
    return x * gates(x, w1, b1, w2, b2)[-1][:, None, None]


def gates(x, w1, b1, w2, b2):
    s = x.mean((1, 2))
    r = np.maximum(s @ w1 + b1, 0)
    return s, r, np.clip((r @ w2 + b2) / 6 + 0.5, 0, 1)


def squeeze_excite_backward(dy, x, w1, b1, w2, b2):
    s, r, g = gates(x, w1, b1, w2, b2)
    dz = (dy * x).sum((1, 2)) / 6 * ((g > 0) & (g < 1))
    dr = dz @ w2.T * (r > 0)
    ds = (dr @ w1.T)[:, None, None] / (x.shape[1] * x.shape[2])
    return dy * g[:, None, None] + ds, s.T @ dr, dr.sum(0), r.T @ dz, dz.sum(0)


EPS = 1e-3


def norm(x, p, name):
    gamma, beta = p[f"{name}_gamma"], p[f"{name}_beta"]
    return batch_norm(x, gamma, beta, gamma, gamma, True, EPS, 0.1)[0]


def block(x, p, stride):
    """All that comes one after another: before and behind each normalisation and each ReLU6."""
    a = pointwise_conv2d(x, p["expand"])
    b = norm(a, p, "expand")
    c = relu6(b)
    d = depthwise_conv2d(c, p["depthwise"], stride, "same")
    e = norm(d, p, "depthwise")
    f = relu6(e)
    return a, b, c, d, e, f, pointwise_conv2d(f, p["project"])


def inverted_residual(x, p, stride):
    y = norm(block(x, p, stride)[-1], p, "project")
    return y + x if stride == 1 and x.shape == y.shape else y


def inverted_residual_backward(dy, x, p, stride):
    a, b, c, d, e, f, g = block(x, p, stride)
    dp = {}

    def back(name, dout, before):
        dx, dp[f"{name}_gamma"], dp[f"{name}_beta"] = batch_norm_backward(
            dout, before, p[f"{name}_gamma"], EPS
        )
        return dx

    df, dp["project"] = pointwise_conv2d_backward(back("project", dy, g), f, p["project"])
    dd = back("depthwise", relu6_backward(df, e), d)
    dc, dp["depthwise"] = depthwise_conv2d_backward(dd, c, p["depthwise"], stride, "same")
    da = back("expand", relu6_backward(dc, b), a)
    dx, dp["expand"] = pointwise_conv2d_backward(da, x, p["expand"])
    return (dx + dy if stride == 1 and x.shape == dy.shape else dx), dp
