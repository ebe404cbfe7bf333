"""Steps 5 and 6 in plain loops, one number at a time."""
# ruff: noqa: E741, RUF059

import math

import numpy as np

from .loops import (
    depthwise_conv2d,
    depthwise_conv2d_backward,
    pointwise_conv2d,
    pointwise_conv2d_backward,
)


def batch_norm(x, gamma, beta, mean, variance, train, eps, momentum):
    N, H, W, C = x.shape
    P = N * H * W
    y, new_mean, new_variance = np.zeros(x.shape), mean.copy(), variance.copy()
    for c in range(C):
        mu, var = mean[c], variance[c]
        if train:
            total = 0.0
            for n in range(N):
                for i in range(H):
                    for j in range(W):
                        total += x[n, i, j, c]
            mu = total / P
            squares = 0.0
            for n in range(N):
                for i in range(H):
                    for j in range(W):
                        squares += (x[n, i, j, c] - mu) ** 2
            var = squares / P
            new_mean[c] = (1 - momentum) * mean[c] + momentum * mu
            new_variance[c] = (1 - momentum) * variance[c] + momentum * squares / (P - 1)
        d = math.sqrt(var + eps)
        for n in range(N):
            for i in range(H):
                for j in range(W):
                    y[n, i, j, c] = gamma[c] * (x[n, i, j, c] - mu) / d + beta[c]
    return y, new_mean, new_variance


def batch_norm_backward(dy, x, gamma, eps):
    N, H, W, C = x.shape
    P = N * H * W
    pixels = [(n, i, j) for n in range(N) for i in range(H) for j in range(W)]
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(C), np.zeros(C)
    for c in range(C):
        mu = sum(x[n, i, j, c] for n, i, j in pixels) / P
        var = sum((x[n, i, j, c] - mu) ** 2 for n, i, j in pixels) / P
        d = math.sqrt(var + eps)
        dvar = dmu = 0.0
        for n, i, j in pixels:
            away = x[n, i, j, c] - mu
            dgamma[c] += dy[n, i, j, c] * away / d
            dbeta[c] += dy[n, i, j, c]
            dvar += dy[n, i, j, c] * gamma[c] * away * -0.5 / d**3
            dmu += -dy[n, i, j, c] * gamma[c] / d
        for n, i, j in pixels:
            away = x[n, i, j, c] - mu
            straight = dy[n, i, j, c] * gamma[c] / d
            dx[n, i, j, c] = straight + dvar * 2 * away / P + dmu / P
    return dx, dgamma, dbeta


def relu6(x):
    y = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        y[at] = min(max(x[at], 0.0), 6.0)
    return y


def relu6_backward(dy, x):
    dx = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        if 0 < x[at] < 6:
            dx[at] = dy[at]
    return dx


def hard_swish(x):
    y = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        gate = min(max(x[at] + 3, 0.0), 6.0) / 6
        y[at] = x[at] * gate
    return y


def hard_swish_backward(dy, x):
    dx = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        gate = min(max(x[at] + 3, 0.0), 6.0) / 6
        slope = 1 / 6 if -3 < x[at] < 3 else 0.0
        dx[at] = dy[at] * (gate + x[at] * slope)
    return dx


def squeeze_excite(x, w1, b1, w2, b2):
    N, H, W, C = x.shape
    S = len(b1)
    y = np.zeros(x.shape)
    for n in range(N):
        s = [0.0] * C
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    s[c] += x[n, i, j, c] / (H * W)
        r = [max(sum(s[c] * w1[c, k] for c in range(C)) + b1[k], 0.0) for k in range(S)]
        for c in range(C):
            z = sum(r[k] * w2[k, c] for k in range(S)) + b2[c]
            g = min(max(z / 6 + 0.5, 0.0), 1.0)
            for i in range(H):
                for j in range(W):
                    y[n, i, j, c] = x[n, i, j, c] * g
    return y


def squeeze_excite_backward(dy, x, w1, b1, w2, b2):
    N, H, W, C = x.shape
    S = len(b1)
    dx, dw1, db1 = np.zeros(x.shape), np.zeros(w1.shape), np.zeros(S)
    dw2, db2 = np.zeros(w2.shape), np.zeros(C)
    for n in range(N):
        s = [sum(x[n, i, j, c] for i in range(H) for j in range(W)) / (H * W) for c in range(C)]
        a = [sum(s[c] * w1[c, k] for c in range(C)) + b1[k] for k in range(S)]
        r = [max(a[k], 0.0) for k in range(S)]
        ds, dr = [0.0] * C, [0.0] * S
        for c in range(C):
            z = sum(r[k] * w2[k, c] for k in range(S)) + b2[c]
            g = min(max(z / 6 + 0.5, 0.0), 1.0)
            dg = 0.0
            for i in range(H):
                for j in range(W):
                    dg += dy[n, i, j, c] * x[n, i, j, c]
                    dx[n, i, j, c] = dy[n, i, j, c] * g
            dz = dg / 6 if 0 < g < 1 else 0.0
            db2[c] += dz
            for k in range(S):
                dw2[k, c] += r[k] * dz
                dr[k] += dz * w2[k, c]
        for k in range(S):
            da = dr[k] if a[k] > 0 else 0.0
            db1[k] += da
            for c in range(C):
                dw1[c, k] += s[c] * da
                ds[c] += da * w1[c, k]
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    dx[n, i, j, c] += ds[c] / (H * W)
    return dx, dw1, db1, dw2, db2


def inverted_residual(x, p, stride):
    N, H, W, M = x.shape
    T, O = p["project"].shape

    def norm(z, name):
        gamma, beta = p[name + "_gamma"], p[name + "_beta"]
        rest = np.zeros(len(gamma)), np.ones(len(gamma))
        return batch_norm(z, gamma, beta, rest[0], rest[1], True, 0.001, 0.1)[0]

    wide = relu6(norm(pointwise_conv2d(x, p["expand"]), "expand"))
    seen = depthwise_conv2d(wide, p["depthwise"], stride, "same")
    seen = relu6(norm(seen, "depthwise"))
    y = norm(pointwise_conv2d(seen, p["project"]), "project")
    if stride == 1 and M == O:
        for n in range(N):
            for i in range(H):
                for j in range(W):
                    for m in range(M):
                        y[n, i, j, m] += x[n, i, j, m]
    return y


def inverted_residual_backward(dy, x, p, stride):
    M, O = x.shape[3], dy.shape[3]

    def norm(z, name):
        gamma, beta = p[name + "_gamma"], p[name + "_beta"]
        rest = np.zeros(len(gamma)), np.ones(len(gamma))
        return batch_norm(z, gamma, beta, rest[0], rest[1], True, 0.001, 0.1)[0]

    a1 = pointwise_conv2d(x, p["expand"])
    n1 = norm(a1, "expand")
    r1 = relu6(n1)
    a2 = depthwise_conv2d(r1, p["depthwise"], stride, "same")
    n2 = norm(a2, "depthwise")
    r2 = relu6(n2)
    a3 = pointwise_conv2d(r2, p["project"])
    g = {}
    d, g["project_gamma"], g["project_beta"] = batch_norm_backward(
        dy, a3, p["project_gamma"], 0.001
    )
    d, g["project"] = pointwise_conv2d_backward(d, r2, p["project"])
    d = relu6_backward(d, n2)
    d, g["depthwise_gamma"], g["depthwise_beta"] = batch_norm_backward(
        d, a2, p["depthwise_gamma"], 0.001
    )
    d, g["depthwise"] = depthwise_conv2d_backward(d, r1, p["depthwise"], stride, "same")
    d = relu6_backward(d, n1)
    d, g["expand_gamma"], g["expand_beta"] = batch_norm_backward(d, a1, p["expand_gamma"], 0.001)
    dx, g["expand"] = pointwise_conv2d_backward(d, x, p["expand"])
    if stride == 1 and M == O:
        for at in np.ndindex(x.shape):
            dx[at] += dy[at]
    return dx, g
