"""Planted: the order of memory, axes exchanged, counts, and what is left out."""

from .sources import both

PADDED = "xp = pad(x, rows, columns)"
EXPAND = 'wide = relu6(norm(pointwise_conv2d(x, p["expand"]), "expand"))'

FURTHER = [
    *both(
        83,
        "pointwise_conv2d",
        ("    O = w.shape[1]\n", "    O = w.shape[1]\n    w = w.reshape(O, M).T\n"),
        (
            'np.einsum("nhwm,mo->nhwo", x, w)',
            "(x.reshape(x.shape[3], -1).T @ w).reshape(*x.shape[:3], -1)",
        ),
    ),
    *both(
        84,
        "conv2d",
        (("+ u + top", "+ u + left"), ("+ v + left", "+ v + top")),
        (PADDED, "xp = pad(x, columns, rows)"),
    ),
    *both(
        85,
        "depthwise_conv2d",
        (
            ("x[n, r, q, m]", "x[n, q, r, m]"),
            ("N, H, W, M = x.shape", "N, W, H, M = x.shape"),
            ("y[n, i, j, m]", "y[n, j, i, m]"),
            ("(N, I, J, M)", "(N, J, I, M)"),
        ),
        ("    return y", "    return y.swapaxes(1, 2)"),
    ),
    *both(
        86,
        "relu6_backward",
        ("dx[at] = dy[at]", "dx[at] = 1"),
        ("np.where(mask, dy, 0.0)", "mask * 1.0"),
    ),
    *both(
        87,
        "batch_norm_backward",
        (("dvar * 2 * away / P + dmu / P", "dvar * 2 * away / N + dmu / N"),),
        (
            ("dy.mean(axis=(0, 1, 2))", "dbeta / len(x)"),
            ("(dy * x_hat).mean(axis=(0, 1, 2))", "dgamma / len(x)"),
        ),
    ),
    *both(
        25,
        "batch_norm",
        ("return y, new_mean, new_variance", "return y, new_variance, new_mean"),
        ("return y, mean, variance", "return y, variance, mean"),
    ),
    *both(88, "conv2d", ("total += b[o]", "total += b[0]"), ("else y + b", "else y - b")),
    *both(
        89,
        "inverted_residual",
        (
            'norm(pointwise_conv2d(seen, p["project"]), "project")',
            'pointwise_conv2d(seen, p["project"])',
        ),
        ('normalised(x @ p["expand"], p["expand_gamma"], p["expand_beta"])', 'x @ p["expand"]'),
    ),
    *both(
        90,
        "squeeze_excite",
        ("x[n, i, j, c] * g", "x[n, i, j, c] * (1 + g)"),
        ("return x * g", "return x + x * g"),
    ),
    *both(
        91,
        "one_window",
        (
            "total += patch[u, v, m] * w[u, v, m]",
            "total = max(total or -math.inf, patch[u, v, m] * w[u, v, m])",
        ),
        ("np.sum(", "np.max("),
    ),
    *both(
        92,
        "batch_norm_backward",
        ("dbeta[c] += dy", "dbeta[c] -= dy"),
        ("dgamma = (dy", "dgamma = -(dy"),
    )[:1],
    *both(
        92,
        "depthwise_conv2d_backward",
        ("dw[u, v, m] +=", "dw[u, v, m] -="),
        ("dxp[tap] +=", "dxp[tap] -="),
    ),
]
