"""Small exercises in other spellings, and the block with views and a stack of what is kept."""

import numpy as np


def one_window(patch, w):
    return float(np.vdot(patch, w))


def pointwise_conv2d(x, w):
    """Pure lists."""
    return np.array(
        [[[[sum(a * f for a, f in zip(pixel, column, strict=True)) for column in w.T.tolist()]
           for pixel in row] for row in image] for image in x.tolist()]
    )  # fmt: skip


def depthwise_conv2d(x, w, stride, padding):
    """One matrix for the rows and one for the columns of each tap."""
    y = 0.0
    for u in range(w.shape[0]):
        for v in range(w.shape[1]):
            rows = chooser(x.shape[1], w.shape[0], u, stride, padding)
            columns = chooser(x.shape[2], w.shape[1], v, stride, padding)
            y = y + np.einsum("ih,jw,nhwm->nijm", rows, columns, x) * w[u, v]
    return y


def chooser(size, kernel, tap, stride, padding):
    count = -(-size // stride) if padding == "same" else (size + 2 * padding - kernel) // stride + 1
    zeros = max((count - 1) * stride + kernel - size, 0) // 2 if padding == "same" else padding
    return np.array(
        [[float(h == i * stride + tap - zeros) for h in range(size)] for i in range(count)]
    )


def standard_cost(h, w, k, m, n, stride):
    return ((h + stride - 1) // stride) * ((w + stride - 1) // stride) * m * n * k * k


def separable_cost(h, w, k, m, n, stride):
    return standard_cost(h, w, k, 1, m, stride) + standard_cost(h, w, 1, m, n, stride)


def times_cheaper(k, n):
    return n * (k * k) / (n + k * k)


def relu6(x):
    return 3 + (np.abs(x) - np.abs(x - 6)) / 2


def relu6_backward(dy, x):
    return dy * (np.sign(x) - np.sign(x - 6)) / 2


def hard_swish(x):
    return np.piecewise(x, [x <= -3, x >= 3], [0.0, lambda v: v, lambda v: v * (v + 3) / 6])


def hard_swish_backward(dy, x):
    inside = (np.sign(x + 3) - np.sign(x - 3)) / 2
    return dy * (np.clip(x / 6 + 0.5, 0, 1) + inside * x / 6)


def squeeze_excite(x, w1, b1, w2, b2):
    s = np.einsum("nhwc->nc", x) / (x.shape[1] * x.shape[2])
    r = np.where(s @ w1 + b1 > 0, s @ w1 + b1, 0)
    z = np.einsum("nk,kc->nc", r, w2) + b2
    return np.einsum("nhwc,nc->nhwc", x, np.minimum(np.maximum(z + 3, 0), 6) / 6)


def squeeze_excite_backward(dy, x, w1, b1, w2, b2):
    """Image by image, with outer products."""
    dx = np.empty_like(x)
    dw1, db1, dw2, db2 = (np.zeros_like(a) for a in (w1, b1, w2, b2))
    for n, (image, d) in enumerate(zip(x, dy, strict=True)):
        s = image.mean((0, 1))
        a = s @ w1 + b1
        r = a.clip(0)
        z = (r @ w2 + b2) / 6 + 0.5
        dz = (d * image).sum((0, 1)) / 6 * (z == z.clip(0, 1))
        da = (w2 @ dz) * (a > 0)
        dw1 += np.outer(s, da)
        db1 += da
        dw2 += np.outer(r, dz)
        db2 += dz
        dx[n] = d * z.clip(0, 1) + (w1 @ da) / (image.shape[0] * image.shape[1])
    return dx, dw1, db1, dw2, db2


def normalised(z, gamma, beta):
    centred = z - z.mean((0, 1, 2))
    return gamma * centred / np.sqrt((centred**2).mean((0, 1, 2)) + 1e-3) + beta


def inverted_residual(x, p, stride):
    steps = {
        "expand": lambda z: z @ p["expand"],
        "depthwise": lambda z: depthwise_conv2d(z, p["depthwise"], stride, "same"),
        "project": lambda z: z @ p["project"],
    }
    z = x
    for name, step in steps.items():
        z = normalised(step(z), p[f"{name}_gamma"], p[f"{name}_beta"])
        if name != "project":
            z = relu6(z)
    return z + x if z.shape == x.shape and stride == 1 else z
