"""Every exercise in whole arrays: zeros put around x first, then slices with a step, one a tap."""
# ruff: noqa: E741, RUF059

import numpy as np


def one_window(patch, w):
    return np.sum(patch * w)


def sides(size, kernel, stride, padding):
    """Zeros before and after, along one axis."""
    if padding != "same":
        return padding, padding
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad(x, rows, columns):
    return np.pad(x, ((0, 0), rows, columns, (0, 0)))


def conv2d(x, w, b, stride, padding):
    K, L, M, O = w.shape
    rows = sides(x.shape[1], K, stride, padding)
    columns = sides(x.shape[2], L, stride, padding)
    xp = pad(x, rows, columns)
    I = (xp.shape[1] - K) // stride + 1
    J = (xp.shape[2] - L) // stride + 1
    y = np.zeros((len(x), I, J, O))
    for u in range(K):
        for v in range(L):
            seen = xp[:, u : u + stride * I : stride, v : v + stride * J : stride]
            y += seen[:, :I, :J] @ w[u, v]
    return y if b is None else y + b


def depthwise_conv2d(x, w, stride, padding):
    K, L, M = w.shape
    rows = sides(x.shape[1], K, stride, padding)
    columns = sides(x.shape[2], L, stride, padding)
    xp = pad(x, rows, columns)
    I = (xp.shape[1] - K) // stride + 1
    J = (xp.shape[2] - L) // stride + 1
    y = np.zeros((len(x), I, J, M))
    for i in range(I):
        for j in range(J):
            patch = xp[:, i * stride : i * stride + K, j * stride : j * stride + L]
            y[:, i, j] = (patch * w).sum(axis=(1, 2))
    return y


def pointwise_conv2d(x, w):
    return np.einsum("nhwm,mo->nhwo", x, w)


def standard_cost(h, w, k, m, n, stride):
    rows, columns = np.ceil(h / stride), np.ceil(w / stride)
    return rows * columns * k**2 * m * n


def separable_cost(h, w, k, m, n, stride):
    rows, columns = np.ceil(h / stride), np.ceil(w / stride)
    depthwise = rows * columns * k**2 * m
    pointwise = rows * columns * m * n
    return depthwise + pointwise


def times_cheaper(k, n):
    return 1 / (1 / n + 1 / k**2)


def conv2d_backward(dy, x, w, stride, padding):
    K, L, M, O = w.shape
    N, H, W, _ = x.shape
    I, J = dy.shape[1:3]
    rows, columns = sides(H, K, stride, padding), sides(W, L, stride, padding)
    xp = pad(x, rows, columns)
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(I):
        for j in range(J):
            window = np.s_[:, i * stride : i * stride + K, j * stride : j * stride + L]
            dxp[window] += np.einsum("no,klmo->nklm", dy[:, i, j], w)
            dw += np.einsum("no,nklm->klmo", dy[:, i, j], xp[window])
    dx = dxp[:, rows[0] : rows[0] + H, columns[0] : columns[0] + W]
    db = dy.sum(axis=(0, 1, 2))
    return dx, dw, db


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    K, L, M = w.shape
    N, H, W, _ = x.shape
    I, J = dy.shape[1:3]
    rows, columns = sides(H, K, stride, padding), sides(W, L, stride, padding)
    xp = pad(x, rows, columns)
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for u in range(K):
        for v in range(L):
            tap = np.s_[
                :, u : u + stride * (I - 1) + 1 : stride, v : v + stride * (J - 1) + 1 : stride
            ]
            dxp[tap] += dy * w[u, v]
            dw[u, v] = (dy * xp[tap]).sum(axis=(0, 1, 2))
    dx = dxp[:, rows[0] : rows[0] + H, columns[0] : columns[0] + W]
    return dx, dw


def pointwise_conv2d_backward(dy, x, w):
    M, O = w.shape
    dx = dy @ w.T
    dw = x.reshape(-1, M).T @ dy.reshape(-1, O)
    return dx, dw


def batch_norm(x, gamma, beta, mean, variance, train, eps, momentum):
    if train:
        mu = x.mean(axis=(0, 1, 2))
        var = x.var(axis=(0, 1, 2))
        unbiased = x.var(axis=(0, 1, 2), ddof=1)
        mean = mean + momentum * (mu - mean)
        variance = variance + momentum * (unbiased - variance)
    else:
        mu, var = mean, variance
    y = gamma * (x - mu) / np.sqrt(var + eps) + beta
    return y, mean, variance


def batch_norm_backward(dy, x, gamma, eps):
    mu, var = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    d = np.sqrt(var + eps)
    x_hat = (x - mu) / d
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dbeta = dy.sum(axis=(0, 1, 2))
    mean_dy = dy.mean(axis=(0, 1, 2))
    mean_dyx = (dy * x_hat).mean(axis=(0, 1, 2))
    dx = gamma / d * (dy - mean_dy - x_hat * mean_dyx)
    return dx, dgamma, dbeta


def relu6(x):
    return np.minimum(np.maximum(x, 0), 6)


def relu6_backward(dy, x):
    mask = (x > 0) & (x < 6)
    return np.where(mask, dy, 0.0)


def hard_swish(x):
    return x * relu6(x + 3) / 6


def hard_swish_backward(dy, x):
    slope = np.where(x < -3, 0, np.where(x > 3, 1, (2 * x + 3) / 6))
    return dy * slope


def squeeze_excite(x, w1, b1, w2, b2):
    s = x.mean(axis=(1, 2))
    r = np.maximum(s @ w1 + b1, 0)
    g = np.clip((r @ w2 + b2) / 6 + 0.5, 0, 1)
    return x * g[:, None, None, :]


def squeeze_excite_backward(dy, x, w1, b1, w2, b2):
    N, H, W, C = x.shape
    s = x.mean(axis=(1, 2))
    a = s @ w1 + b1
    r = np.maximum(a, 0)
    g = np.clip((r @ w2 + b2) / 6 + 0.5, 0, 1)
    dg = np.einsum("nhwc,nhwc->nc", dy, x)
    dz = dg * ((g > 0) & (g < 1)) / 6
    dw2, db2 = r.T @ dz, dz.sum(axis=0)
    da = (dz @ w2.T) * (a > 0)
    dw1, db1 = s.T @ da, da.sum(axis=0)
    ds = da @ w1.T
    dx = dy * g[:, None, None, :] + ds[:, None, None, :] / (H * W)
    return dx, dw1, db1, dw2, db2


def normalised(z, gamma, beta):
    return gamma * (z - z.mean((0, 1, 2))) / np.sqrt(z.var((0, 1, 2)) + 1e-3) + beta


def inverted_residual(x, p, stride):
    z = normalised(x @ p["expand"], p["expand_gamma"], p["expand_beta"])
    z = depthwise_conv2d(relu6(z), p["depthwise"], stride, "same")
    z = relu6(normalised(z, p["depthwise_gamma"], p["depthwise_beta"]))
    y = normalised(z @ p["project"], p["project_gamma"], p["project_beta"])
    return x + y if stride == 1 and x.shape == y.shape else y


def inverted_residual_backward(dy, x, p, stride):
    z1 = x @ p["expand"]
    h1 = normalised(z1, p["expand_gamma"], p["expand_beta"])
    z2 = depthwise_conv2d(relu6(h1), p["depthwise"], stride, "same")
    h2 = normalised(z2, p["depthwise_gamma"], p["depthwise_beta"])
    z3 = relu6(h2) @ p["project"]
    short = stride == 1 and x.shape == dy.shape
    branch, shortcut = dy, dy
    dz3, dpg, dpb = batch_norm_backward(branch, z3, p["project_gamma"], 1e-3)
    dh2, dp = pointwise_conv2d_backward(dz3, relu6(h2), p["project"])
    dh2 = relu6_backward(dh2, h2)
    dz2, ddg, ddb = batch_norm_backward(dh2, z2, p["depthwise_gamma"], 1e-3)
    dh1, dd = depthwise_conv2d_backward(dz2, relu6(h1), p["depthwise"], stride, "same")
    dh1 = relu6_backward(dh1, h1)
    dz1, deg, deb = batch_norm_backward(dh1, z1, p["expand_gamma"], 1e-3)
    dx, de = pointwise_conv2d_backward(dz1, x, p["expand"])
    dp = {
        "expand": de, "expand_gamma": deg, "expand_beta": deb,
        "depthwise": dd, "depthwise_gamma": ddg, "depthwise_beta": ddb,
        "project": dp, "project_gamma": dpg, "project_beta": dpb,
    }  # fmt: skip
    return (dx + shortcut if short else dx), dp
