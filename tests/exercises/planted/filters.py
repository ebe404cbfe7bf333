"""Planted in what meets what: filters, channels, the batch, the bias."""

from .sources import both

FILTERS = [
    *both(
        5,
        "conv2d",
        ("w[u, v, m, o]", "w[K - 1 - u, L - 1 - v, m, o]"),
        ("w[u, v]", "w[K - 1 - u, L - 1 - v]"),
    ),
    *both(
        5,
        "one_window",
        ("w[u, v, m]", "w[-1 - u, -1 - v, m]"),
        ("patch * w", "patch * np.rot90(w, 2)"),
    ),
    *both(
        6,
        "depthwise_conv2d",
        ("w[u, v, m]", "w[v, u, m]"),
        ("    K, L, M = w.shape\n", "    w = w.transpose(1, 0, 2)\n    K, L, M = w.shape\n"),
    ),
    *both(
        10,
        "depthwise_conv2d",
        (("(N, I, J, M)", "(N, I, J, 1)"), ("y[n, i, j, m] +=", "y[n, i, j, 0] +=")),
        (
            ("(patch * w).sum(axis=(1, 2))", "(patch * w).sum(axis=(1, 2, 3))"),
            ("(len(x), I, J, M)", "(len(x), I, J)"),
        ),
    ),
    *both(
        11, "depthwise_conv2d", ("w[u, v, m]", "w[u, v, 0]"), ("patch * w", "patch * w[..., :1]")
    ),
    *both(11, "pointwise_conv2d", ("w[m, o]", "w[m, 0]"), (", x, w)", ", x, 0 * w + w[:, :1])")),
    *both(
        12,
        "conv2d",
        (
            ("                                for m in range(M):\n    ", ""),
            ("x[n, r, q, m] * w[u, v, m, o]", "x[n, r, q, o] * w[u, v, o, o]"),
        ),
        (
            "            y += seen[:, :I, :J] @ w[u, v]\n",
            "            for o in range(O):\n"
            "                y[..., o] += seen[:, :I, :J, o] * w[u, v, o, o]\n",
        ),
    ),
    *both(13, "conv2d", ("w[u, v, m, o]", "w[u, v, o, m]"), ("@ w[u, v]", "@ w[u, v].T")),
    *both(13, "pointwise_conv2d", ("w[m, o]", "w[o, m]"), ("nhwm,mo->", "nhwm,om->")),
    *both(
        14,
        "depthwise_conv2d",
        ("x[n, r, q, m] * w[u, v, m]", "x[n, r, q, m] * w[u, v, m] / (K * L)"),
        ("(patch * w).sum(", "(patch * w).mean("),
    ),
    *both(14, "one_window", ("return total", "return total / (K * L * M)"), ("np.sum", "np.mean")),
    *both(
        14,
        "conv2d",
        ("if b is not None:", "total = total / (K * L * M)\n                    if b is not None:"),
        ("return y if b is None else y + b", "y /= K * L\n    return y if b is None else y + b"),
    ),
    *both(
        15,
        "conv2d",
        ("for n in range(N):", "for n in range(1):"),
        ("    xp = pad(", "    x = x[:1]\n    xp = pad("),
    ),
    *both(
        15,
        "pointwise_conv2d",
        ("for n in range(N):", "for n in range(1):"),
        (", x, w)", ", np.repeat(x[:1], len(x), axis=0), w)"),
    ),
    *both(
        16,
        "conv2d",
        (
            (
                "    total += x[n, r, q, m] * w[u, v, m, o]",
                "    total += x[n, r, q, m] * w[u, v, m, o]\n"
                + 32 * " "
                + "if b is not None:\n"
                + 36 * " "
                + "total += b[o]",
            ),
            (
                "                    if b is not None:\n                        total += b[o]\n"
                "                    y[n",
                "                    y[n",
            ),
        ),
        (
            ("@ w[u, v]\n", "@ w[u, v]\n            if b is not None:\n                y += b\n"),
            ("return y if b is None else y + b", "return y"),
        ),
    ),
    *both(
        17,
        "conv2d",
        (
            ("N, H, W, M = x.shape", "N, M, H, W = x.shape"),
            ("x[n, r, q, m]", "x[n, m, r, q]"),
            ("(N, I, J, O)", "(N, O, I, J)"),
            ("y[n, i, j, o]", "y[n, o, i, j]"),
        ),
        ("    rows = ", "    x = x.transpose(0, 2, 3, 1)\n    rows = "),
    ),
    *both(
        17,
        "pointwise_conv2d",
        (
            ("N, H, W, M = x.shape", "N, M, H, W = x.shape"),
            ("x[n, i, j, m]", "x[n, m, i, j]"),
        ),
        ("nhwm,mo->nhwo", "nmhw,mo->nohw"),
    ),
    *both(
        54,
        "conv2d",
        ("total += b[o]", "pass"),
        ("return y if b is None else y + b", "return y"),
    ),
    *both(55, "pointwise_conv2d", ("+=", "="), (", x, w)", ", x[..., :1], w[:1])")),
    *both(
        56,
        "one_window",
        ("patch[u, v, m] * w[u, v, m]", "patch[u, v, m] + w[u, v, m]"),
        ("np.sum(patch * w)", "np.sum(patch) * np.sum(w)"),
    ),
    *both(
        57,
        "one_window",
        ("for m in range(M)", "for m in range(1)"),
        ("np.sum(patch * w)", "np.sum(patch[:, :, 0] * w[:, :, 0])"),
    ),
]
