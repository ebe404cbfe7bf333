"""All exercises in plain loops, one number at a time, as one writes after reading the formulas."""
# ruff: noqa: E741

import math

import numpy as np


def one_window(patch, w):
    K, L, M = w.shape
    y = 0.0
    for u in range(K):
        for v in range(L):
            for m in range(M):
                y += patch[u, v, m] * w[u, v, m]
    return y


def first(size, kernel, stride, padding):
    """Outputs along one axis, and the zeros before its first number."""
    if padding == "same":
        outputs = math.ceil(size / stride)
        return outputs, max((outputs - 1) * stride + kernel - size, 0) // 2
    return (size + 2 * padding - kernel) // stride + 1, padding


def taps(i, kernel, stride, before, size):
    """(u, r): the rows u of a filter at output i that lie on a row r of the image."""
    found = []
    for u in range(kernel):
        r = i * stride + u - before
        if 0 <= r < size:
            found.append((u, r))
    return found


def conv2d(x, w, b, stride, padding):
    N, H, W, M = x.shape
    K, L, _, O = w.shape
    I, top = first(H, K, stride, padding)
    J, left = first(W, L, stride, padding)
    y = np.zeros((N, I, J, O))
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    s = 0.0 if b is None else b[o]
                    for u, r in taps(i, K, stride, top, H):
                        for v, q in taps(j, L, stride, left, W):
                            for m in range(M):
                                s += x[n, r, q, m] * w[u, v, m, o]
                    y[n, i, j, o] = s
    return y


def depthwise_conv2d(x, w, stride, padding):
    N, H, W, M = x.shape
    K, L, _ = w.shape
    I, top = first(H, K, stride, padding)
    J, left = first(W, L, stride, padding)
    y = np.zeros((N, I, J, M))
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for u, r in taps(i, K, stride, top, H):
                    for v, q in taps(j, L, stride, left, W):
                        for m in range(M):
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
                    s = 0.0
                    for m in range(M):
                        s += x[n, i, j, m] * w[m, o]
                    y[n, i, j, o] = s
    return y


def standard_cost(h, w, k, m, n, stride):
    return math.ceil(h / stride) * math.ceil(w / stride) * k * k * m * n


def separable_cost(h, w, k, m, n, stride):
    pixels = math.ceil(h / stride) * math.ceil(w / stride)
    return pixels * k * k * m + pixels * m * n


def times_cheaper(k, n):
    return 1 / (1 / n + 1 / (k * k))


def conv2d_backward(dy, x, w, stride, padding):
    N, H, W, M = x.shape
    K, L, _, O = w.shape
    I, top = first(H, K, stride, padding)
    J, left = first(W, L, stride, padding)
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(O)
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for o in range(O):
                    d = dy[n, i, j, o]
                    db[o] += d
                    for u, r in taps(i, K, stride, top, H):
                        for v, q in taps(j, L, stride, left, W):
                            for m in range(M):
                                dx[n, r, q, m] += d * w[u, v, m, o]
                                dw[u, v, m, o] += d * x[n, r, q, m]
    return dx, dw, db


def depthwise_conv2d_backward(dy, x, w, stride, padding):
    N, H, W, M = x.shape
    K, L, _ = w.shape
    I, top = first(H, K, stride, padding)
    J, left = first(W, L, stride, padding)
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for u, r in taps(i, K, stride, top, H):
                    for v, q in taps(j, L, stride, left, W):
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
                for m in range(M):
                    for o in range(O):
                        dx[n, i, j, m] += dy[n, i, j, o] * w[m, o]
                        dw[m, o] += x[n, i, j, m] * dy[n, i, j, o]
    return dx, dw


def places(x):
    """(n, i, j) of all pixels."""
    N, H, W, _ = x.shape
    return [(n, i, j) for n in range(N) for i in range(H) for j in range(W)]


def mean_and_variance(x, c):
    """Of one channel."""
    pixels = places(x)
    mean = 0.0
    for n, i, j in pixels:
        mean += x[n, i, j, c]
    mean /= len(pixels)
    variance = 0.0
    for n, i, j in pixels:
        variance += (x[n, i, j, c] - mean) ** 2
    return mean, variance / len(pixels)


def batch_norm(x, gamma, beta, mean, variance, train, eps, momentum):
    pixels = places(x)
    P = len(pixels)
    y, new_mean, new_variance = np.zeros(x.shape), mean.copy(), variance.copy()
    for c in range(x.shape[3]):
        m, v = mean[c], variance[c]
        if train:
            m, v = mean_and_variance(x, c)
            new_mean[c] = (1 - momentum) * mean[c] + momentum * m
            new_variance[c] = (1 - momentum) * variance[c] + momentum * v * P / (P - 1)
        for n, i, j in pixels:
            y[n, i, j, c] = gamma[c] * (x[n, i, j, c] - m) / math.sqrt(v + eps) + beta[c]
    return y, new_mean, new_variance


def batch_norm_backward(dy, x, gamma, eps):
    pixels = places(x)
    P = len(pixels)
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(gamma.shape)
    for c in range(x.shape[3]):
        m, v = mean_and_variance(x, c)
        root = math.sqrt(v + eps)
        for n, i, j in pixels:
            dbeta[c] += dy[n, i, j, c]
            dgamma[c] += dy[n, i, j, c] * (x[n, i, j, c] - m) / root
        for n, i, j in pixels:
            xhat = (x[n, i, j, c] - m) / root
            d = dy[n, i, j, c] - dbeta[c] / P - xhat * dgamma[c] / P
            dx[n, i, j, c] = gamma[c] / root * d
    return dx, dgamma, dbeta


def each(x, f):
    """f of every number, in an array of x's shape."""
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        y[place] = f(x[place])
    return y


def relu6(x):
    return each(x, lambda value: min(max(value, 0.0), 6.0))


def relu6_backward(dy, x):
    return dy * each(x, lambda value: 1.0 if 0 < value < 6 else 0.0)


def hard_swish(x):
    return each(x, lambda value: value * min(max(value + 3, 0.0), 6.0) / 6)


def hard_swish_backward(dy, x):
    def slope(value):
        if value <= -3:
            return 0.0
        return 1.0 if value >= 3 else (2 * value + 3) / 6

    return dy * each(x, slope)


def gates(x, w1, b1, w2, b2):
    """s, r, g, each (N, ...), number by number."""
    N, H, W, C = x.shape
    S = len(b1)
    s, r, g = np.zeros((N, C)), np.zeros((N, S)), np.zeros((N, C))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    s[n, c] += x[n, i, j, c]
            s[n, c] /= H * W
        for k in range(S):
            total = b1[k]
            for c in range(C):
                total += s[n, c] * w1[c, k]
            r[n, k] = max(total, 0.0)
        for c in range(C):
            total = b2[c]
            for k in range(S):
                total += r[n, k] * w2[k, c]
            g[n, c] = min(max(total / 6 + 0.5, 0.0), 1.0)
    return s, r, g


def squeeze_excite(x, w1, b1, w2, b2):
    g = gates(x, w1, b1, w2, b2)[2]
    y = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(*x.shape):
        y[n, i, j, c] = x[n, i, j, c] * g[n, c]
    return y


def squeeze_excite_backward(dy, x, w1, b1, w2, b2):
    N, H, W, C = x.shape
    S = len(b1)
    s, r, g = gates(x, w1, b1, w2, b2)
    dx, dw1, db1 = np.zeros(x.shape), np.zeros(w1.shape), np.zeros(S)
    dw2, db2 = np.zeros(w2.shape), np.zeros(C)
    for n in range(N):
        dr, ds = np.zeros(S), np.zeros(C)
        for c in range(C):
            dg = 0.0
            for i in range(H):
                for j in range(W):
                    dg += dy[n, i, j, c] * x[n, i, j, c]
            dz = dg / 6 if 0 < g[n, c] < 1 else 0.0
            db2[c] += dz
            for k in range(S):
                dw2[k, c] += r[n, k] * dz
                dr[k] += dz * w2[k, c] if r[n, k] > 0 else 0.0
        for k in range(S):
            db1[k] += dr[k]
            for c in range(C):
                dw1[c, k] += s[n, c] * dr[k]
                ds[c] += dr[k] * w1[c, k]
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    dx[n, i, j, c] = dy[n, i, j, c] * g[n, c] + ds[c] / (H * W)
    return dx, dw1, db1, dw2, db2


def normalised(x, p, name):
    gamma, beta = p[name + "_gamma"], p[name + "_beta"]
    nothing = np.zeros(len(gamma))
    y, _, _ = batch_norm(x, gamma, beta, nothing, nothing, True, 0.001, 0.1)
    return y


def adds(x, y, stride):
    """Whether x is added."""
    return stride == 1 and x.shape[3] == y.shape[3]


def inverted_residual(x, p, stride):
    a = relu6(normalised(pointwise_conv2d(x, p["expand"]), p, "expand"))
    d = relu6(normalised(depthwise_conv2d(a, p["depthwise"], stride, "same"), p, "depthwise"))
    y = normalised(pointwise_conv2d(d, p["project"]), p, "project")
    return y + x if adds(x, y, stride) else y


def inverted_residual_backward(dy, x, p, stride):
    # the way there, everything kept
    wide = pointwise_conv2d(x, p["expand"])
    wide_norm = normalised(wide, p, "expand")
    a = relu6(wide_norm)
    seen = depthwise_conv2d(a, p["depthwise"], stride, "same")
    seen_norm = normalised(seen, p, "depthwise")
    d = relu6(seen_norm)
    narrow = pointwise_conv2d(d, p["project"])
    # the way back
    g = {}
    back, g["project_gamma"], g["project_beta"] = batch_norm_backward(
        dy, narrow, p["project_gamma"], 0.001
    )
    back, g["project"] = pointwise_conv2d_backward(back, d, p["project"])
    back = relu6_backward(back, seen_norm)
    back, g["depthwise_gamma"], g["depthwise_beta"] = batch_norm_backward(
        back, seen, p["depthwise_gamma"], 0.001
    )
    back, g["depthwise"] = depthwise_conv2d_backward(back, a, p["depthwise"], stride, "same")
    back = relu6_backward(back, wide_norm)
    back, g["expand_gamma"], g["expand_beta"] = batch_norm_backward(
        back, wide, p["expand_gamma"], 0.001
    )
    dx, g["expand"] = pointwise_conv2d_backward(back, x, p["expand"])
    return (dx + dy if adds(x, dy, stride) else dx), g
