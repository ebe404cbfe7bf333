"""Planted in batch normalisation, activations and squeeze-excite; and what is seen directly."""

from .sources import both

PER_IMAGE = """    N, H, W, C = x.shape
    if train:
        y = np.zeros(x.shape)
        new_mean, new_variance = np.array(mean), np.array(variance)
        P = N * H * W
        for c in range(C):
            every = [x[n, i, j, c] for n in range(N) for i in range(H) for j in range(W)]
            mu = sum(every) / P
            new_mean[c] += momentum * (mu - mean[c])
            spread = sum((v - mu) ** 2 for v in every) / (P - 1)
            new_variance[c] += momentum * (spread - variance[c])
            for n in range(N):
                mine = [x[n, i, j, c] for i in range(H) for j in range(W)]
                mu = sum(mine) / len(mine)
                var = sum((v - mu) ** 2 for v in mine) / len(mine)
                for i in range(H):
                    for j in range(W):
                        away = x[n, i, j, c] - mu
                        y[n, i, j, c] = gamma[c] * away / math.sqrt(var + eps) + beta[c]
        return y, new_mean, new_variance
"""

NORM = [
    *both(
        26,
        "batch_norm",
        ("var = squares / P\n", "var = squares / (P - 1)\n"),
        ("var = x.var(axis=(0, 1, 2))\n", "var = x.var(axis=(0, 1, 2), ddof=1)\n"),
    ),
    *both(
        26,
        "batch_norm_backward",
        (
            "for n, i, j in pixels) / P\n        d =",
            "for n, i, j in pixels) / (P - 1)\n        d =",
        ),
        ("x.var(axis=(0, 1, 2))", "x.var(axis=(0, 1, 2), ddof=1)"),
    ),
    *both(27, "batch_norm", ("momentum * squares / (P - 1)", "momentum * var"), (", ddof=1)", ")")),
    *both(
        28,
        "batch_norm",
        (
            (
                "(1 - momentum) * mean[c] + momentum * mu",
                "momentum * mean[c] + (1 - momentum) * mu",
            ),
            (
                "(1 - momentum) * variance[c] + momentum * squares",
                "momentum * variance[c] + (1 - momentum) * squares",
            ),
        ),
        (
            ("mean + momentum * (mu - mean)", "mu + momentum * (mean - mu)"),
            (
                "variance + momentum * (unbiased - variance)",
                "unbiased + momentum * (variance - unbiased)",
            ),
        ),
    ),
    *both(
        29,
        "batch_norm",
        ("math.sqrt(var + eps)", "(math.sqrt(var) + eps)"),
        ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)"),
    ),
    *both(
        30,
        "batch_norm",
        ("    N, H, W, C = x.shape\n", PER_IMAGE),
        (
            ("x.mean(axis=(0, 1, 2))", "x.mean(axis=3, keepdims=True)"),
            ("x.var(axis=(0, 1, 2))", "x.var(axis=3, keepdims=True)"),
            ("x.var(axis=(0, 1, 2), ddof=1)", "x.var(axis=3, keepdims=True, ddof=1)"),
        ),
    ),
    *both(
        31,
        "batch_norm_backward",
        ("straight + dvar * 2 * away / P + dmu / P", "straight"),
        ("gamma / d * (dy - mean_dy - x_hat * mean_dyx)", "gamma / d * dy"),
    ),
    *both(32, "batch_norm_backward", (" + dmu / P", ""), ("dy - mean_dy - x_hat", "dy - x_hat")),
    *both(32, "batch_norm_backward", (" + dvar * 2 * away / P", ""), (" - x_hat * mean_dyx", "")),
    *both(
        33,
        "batch_norm",
        ("        if train:\n", "        if True:\n"),
        ("mu, var = mean, variance", "mu, var = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))"),
    ),
    *both(61, "batch_norm", ("(var + eps)", "(var)"), ("(var + eps)", "(var)")),
    *both(
        62,
        "batch_norm",
        ("math.sqrt(var + eps)", "var + eps"),
        ("np.sqrt(var + eps)", "(var + eps)"),
    ),
    *both(
        63, "batch_norm_backward", ("dmu / P", "dmu"), ("mean_dy = dy.mean(", "mean_dy = dy.sum(")
    ),
    *both(
        63,
        "batch_norm_backward",
        ("dvar * 2 * away", "dvar * away"),
        ("- x_hat * mean_dyx", "+ x_hat * mean_dyx"),
    ),
    *both(
        64,
        "batch_norm",
        ("        d = math.sqrt", "        mu, var = mean[c], variance[c]\n        d = math.sqrt"),
        ("    y = gamma", "    mu, var = mean, variance\n    y = gamma"),
    ),
    *both(
        65,
        "batch_norm",
        ("return y, new_mean, new_variance", "return y, mean, variance"),
        (
            ("mean + momentum * (mu - mean)", "mu"),
            ("variance + momentum * (unbiased - variance)", "unbiased"),
        ),
    ),
    *both(66, "batch_norm", (" + beta[c]", ""), ("gamma * (x - mu)", "(x - mu)")),
    *both(
        67,
        "batch_norm_backward",
        ("dgamma[c] += dy[n, i, j, c] * away / d", "dgamma[c] += dy[n, i, j, c] * away"),
        ("dgamma = (dy * x_hat)", "dgamma = (dy * x)"),
    ),
]
CURVES = [
    *both(
        34, "relu6_backward", ("if 0 < x[at] < 6", "if 0 < x[at]"), ("(x > 0) & (x < 6)", "x > 0")
    ),
    *both(
        35,
        "relu6_backward",
        ("if 0 < x[at] < 6", "if 0 < dy[at] < 6"),
        ("(x > 0) & (x < 6)", "(dy > 0) & (dy < 6)"),
    ),
    *both(
        35,
        "hard_swish_backward",
        (
            ("min(max(x[at]", "min(max(dy[at]"),
            ("-3 < x[at]", "-3 < dy[at]"),
            ("+ x[at]", "+ dy[at]"),
        ),
        (
            "np.where(x < -3, 0, np.where(x > 3, 1, (2 * x + 3) / 6))",
            "np.where(dy < -3, 0, np.where(dy > 3, 1, (2 * dy + 3) / 6))",
        ),
    ),
    *both(
        36,
        "hard_swish",
        ("min(max(x[at] + 3, 0.0), 6.0) / 6", "min(max(0.2 * x[at] + 0.5, 0.0), 1.0)"),
        ("relu6(x + 3) / 6", "np.clip(0.2 * x + 0.5, 0, 1)"),
    ),
    *both(36, "hard_swish", ("6.0) / 6", "6.0) / 3"), ("relu6(x + 3)", "np.maximum(x + 3, 0)")),
    *both(
        36,
        "squeeze_excite",
        ("z / 6 + 0.5", "0.2 * z + 0.5"),
        ("np.clip((r @ w2 + b2) / 6 + 0.5, 0, 1)", "1 / (1 + np.exp(-(r @ w2 + b2)))"),
    ),
    *both(
        37,
        "hard_swish_backward",
        ("(gate + x[at] * slope)", "gate"),
        ("(2 * x + 3) / 6", "(x + 3) / 6"),
    ),
    *both(
        68,
        "relu6",
        ("min(max(x[at], 0.0), 6.0)", "max(x[at], 0.0)"),
        ("np.minimum(np.maximum(x, 0), 6)", "np.minimum(x, 6)"),
    ),
    *both(69, "hard_swish", ("x[at] * gate", "gate"), ("x * relu6", "relu6")),
    *both(
        70,
        "hard_swish_backward",
        ("if -3 < x[at] < 3 else", "if -3 < x[at] else"),
        ("np.where(x > 3, 1, (2 * x + 3) / 6)", "(2 * x + 3) / 6"),
    ),
    *both(
        38,
        "squeeze_excite",
        (
            (
                "            for i in range(H):\n                for j in range(W):\n"
                "                    s[c] += x[n, i, j, c] / (H * W)",
                "            for i in range(H):\n                for j in range(W):\n"
                "                    s[c] += sum(x[n, i, j]) / (H * W * C)",
            ),
        ),
        ("x.mean(axis=(1, 2))", "x.mean(axis=(0, 1, 2))[None].repeat(len(x), axis=0)"),
    ),
    *both(
        39,
        "squeeze_excite_backward",
        ("dx[n, i, j, c] += ds[c] / (H * W)", "pass"),
        (" + ds[:, None, None, :] / (H * W)", ""),
    ),
    *both(
        39,
        "squeeze_excite_backward",
        ("ds[c] / (H * W)", "ds[c]"),
        (
            "dx = dy * g[:, None, None, :] + ds[:, None, None, :] / (H * W)",
            "dx = np.zeros_like(x) + ds[:, None, None, :] / (H * W)",
        ),
    ),
    *both(
        71,
        "squeeze_excite",
        ("s[c] += x[n, i, j, c] / (H * W)", "s[c] += x[n, i, j, c]"),
        ("x.mean(axis=(1, 2))", "x.max(axis=(1, 2))"),
    ),
    *both(
        72,
        "squeeze_excite",
        (
            "max(sum(s[c] * w1[c, k] for c in range(C)) + b1[k], 0.0)",
            "sum(s[c] * w1[c, k] for c in range(C)) + b1[k]",
        ),
        ("np.maximum(s @ w1 + b1, 0)", "np.clip(s @ w1 + b1, 0, 6)"),
    ),
    *both(
        73,
        "squeeze_excite",
        (" + b2[c]", ""),
        ("s @ w1 + b1", "s @ w1"),
    ),
    *both(
        74,
        "squeeze_excite_backward",
        ("dg += dy[n, i, j, c] * x[n, i, j, c]", "dg += dy[n, i, j, c] * x[n, i, j, c] / (H * W)"),
        ('np.einsum("nhwc,nhwc->nc", dy, x)', "(dy * x).mean(axis=(1, 2))"),
    ),
]
SEEN = [
    *both(
        44,
        "relu6",
        ("y = np.zeros(x.shape)", "y = x"),
        ("np.maximum(x, 0)", "np.maximum(x, 0, out=x)"),
    ),
    *both(
        44,
        "batch_norm",
        ("mean.copy(), variance.copy()", "mean, variance"),
        ("    y = gamma", "    x -= mu\n    mu = 0\n    y = gamma"),
    ),
    *both(
        45,
        "relu6_backward",
        ("dx = np.zeros(x.shape)", "dx = np.empty(x.shape)"),
        (
            "    return np.where(mask, dy, 0.0)",
            "    dx = np.empty_like(dy)\n    dx[mask] = dy[mask]\n    return dx",
        ),
    ),
    *both(
        46,
        "pointwise_conv2d",
        ("return y", "return y.tolist()"),
        (
            'return np.einsum("nhwm,mo->nhwo", x, w)',
            'return np.einsum("nhwm,mo->nhwo", x, w).astype(np.float32)',
        ),
    ),
]
