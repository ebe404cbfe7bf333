"""Planted in the gradients of the convolutions and in the block."""

from .forward import BOUNDS
from .sources import both

STARTS = """    _, top = place(H, K, stride, padding)
    _, left = place(W, L, stride, padding)
"""
CROP = "dxp[:, rows[0] : rows[0] + H, columns[0] : columns[0] + W]"
WINDOW = "np.s_[:, i * stride : i * stride + K, j * stride : j * stride + L]"
ROWS = "u : u + stride * (I - 1) + 1 : stride"
COLUMNS = "v : v + stride * (J - 1) + 1 : stride"
DX = "dx[n, r, q, m] += dy[n, i, j, o] * w[u, v, m, o]"
DW = "dw[u, v, m, o] += dy[n, i, j, o] * x[n, r, q, m]"
PADDED = """    bottom = max((I - 1) * stride + K - H + top, 0) if padding == "same" else padding
    right = max((J - 1) * stride + L - W + left, 0) if padding == "same" else padding
"""

BACKWARD = [
    *both(
        4,
        "conv2d_backward",
        (BOUNDS, "if r < H and q < W:"),
        ("columns, (0, 0)))", 'columns, (0, 0)), mode="edge")'),
        ("", "pad"),
    ),
    *both(6, "conv2d_backward", ("w[u, v, m, o]", "w[v, u, m, o]"), ("klmo->nklm", "lkmo->nklm")),
    *both(
        15,
        "depthwise_conv2d_backward",
        ("for n in range(N):", "for n in range(1):"),
        ("(dy * xp[tap]).sum(axis=(0, 1, 2))", "(dy[0] * xp[tap][0]).sum(axis=(0, 1))"),
    ),
    *both(
        18,
        "conv2d_backward",
        ("dx[n, r, q, m] +=", "dx[n, r, q, m] ="),
        ("dxp[window] +=", "dxp[window] ="),
    ),
    *both(
        18,
        "depthwise_conv2d_backward",
        ("dx[n, r, q, m] +=", "dx[n, r, q, m] ="),
        ("dxp[tap] +=", "dxp[tap] ="),
    ),
    *both(18, "conv2d_backward", ("dw[u, v, m, o] +=", "dw[u, v, m, o] ="), ("dw +=", "dw[:] =")),
    *both(
        19,
        "conv2d_backward",
        (("i * stride + u", "i + u"), ("j * stride + v", "j + v")),
        (WINDOW, "np.s_[:, i : i + K, j : j + L]"),
    ),
    *both(
        19,
        "depthwise_conv2d_backward",
        (("i * stride + u", "i + u"), ("j * stride + v", "j + v")),
        ((ROWS, "u : u + I"), (COLUMNS, "v : v + J")),
    ),
    *both(
        20,
        "conv2d_backward",
        (DX, DX.replace("w[u, v, m, o]", "w[K - 1 - u, L - 1 - v, m, o]")),
        ("dy[:, i, j], w)", "dy[:, i, j], w[::-1, ::-1])"),
    ),
    *both(
        20,
        "depthwise_conv2d_backward",
        ("* w[u, v, m]", "* w[-u - 1, -v - 1, m]"),
        ("dy * w[u, v]", "dy * w[K - 1 - u, L - 1 - v]"),
    ),
    *both(
        21,
        "conv2d_backward",
        (
            (STARTS, STARTS + PADDED),
            (
                "dx, dw, db = np.zeros(x.shape),",
                "dx, dw, db = np.zeros((N, H - top + bottom, W - left + right, M)),",
            ),
            ("dx[n, r, q, m] +=", "dx[n, r - top, q - left, m] +="),
            (BOUNDS, "if True:"),
            (DW, "if 0 <= r < H and 0 <= q < W:\n" + 40 * " " + DW),
        ),
        (CROP, "dxp"),
    ),
    *both(
        22,
        "conv2d_backward",
        (
            (
                "    dx, dw, db = np.zeros(x.shape),",
                "    R, Q = (I - 1) * stride + K + top, (J - 1) * stride + L + left\n"
                "    dx, dw, db = np.zeros((N, min(H, R), min(W, Q), M)),",
            ),
        ),
        (
            (
                "dxp, dw = np.zeros_like(xp), np.zeros_like(w)",
                "dxp = np.zeros((N, (I - 1) * stride + K, (J - 1) * stride + L, M))\n"
                "    dw = np.zeros_like(w)",
            ),
        ),
    ),
    *both(
        23,
        "conv2d_backward",
        ("return dx, dw, db", "return dx, dw / N, db / N"),
        ("db = dy.sum(axis=(0, 1, 2))", "db = dy.sum(axis=(1, 2)).mean(axis=0)"),
    ),
    *both(
        23,
        "pointwise_conv2d_backward",
        ("return dx, dw", "return dx, dw / N"),
        ("@ dy.reshape(-1, O)", "@ dy.reshape(-1, O) / len(x)"),
    ),
    *both(
        24,
        "conv2d_backward",
        ("dw[u, v, m, o]", "dw[K - 1 - u, L - 1 - v, m, o]"),
        ("return dx, dw, db", "return dx, dw[::-1, ::-1], db"),
    ),
    *both(
        24,
        "depthwise_conv2d_backward",
        ("dw[u, v, m]", "dw[K - 1 - u, L - 1 - v, m]"),
        ("dw[u, v] =", "dw[-1 - u, -1 - v] ="),
    ),
    *both(
        25,
        "conv2d_backward",
        ("return dx, dw, db", "return dw, dx, db"),
        ("return dx, dw, db", "return db, dw, dx"),
    ),
    *both(
        25,
        "pointwise_conv2d_backward",
        ("return dx, dw", "return dw, dx"),
        ("return dx, dw", "return dw, dx"),
    ),
    *both(
        58,
        "pointwise_conv2d_backward",
        ("* w[m, o]", "* w[o, m]"),
        (
            "dw = x.reshape(-1, M).T @ dy.reshape(-1, O)",
            "dw = dy.reshape(-1, O).T @ x.reshape(-1, M)",
        ),
    ),
    *both(
        59,
        "conv2d_backward",
        ("w[u, v, m, o]\n", "w[u, v, m, 0]\n"),
        ('"no,klmo->nklm", dy[:, i, j], w)', '"n,klm->nklm", dy[:, i, j, 0], w[..., 0])'),
    ),
    *both(
        60,
        "conv2d_backward",
        ("db[o] += dy[n, i, j, o]", "db[o] = 1"),
        ("db = dy.sum(axis=(0, 1, 2))", "db = dy.sum(axis=(0, 1))"),
    ),
    *both(
        40,
        "inverted_residual_backward",
        (
            "    M, O = x.shape[3], dy.shape[3]\n",
            "    M, O = x.shape[3], dy.shape[3]\n"
            "    if stride == 1 and M == O:\n"
            "        dy = dy / 2\n",
        ),
        ("branch, shortcut = dy, dy", "branch, shortcut = dy, dy / 2"),
    ),
    *both(
        40,
        "inverted_residual_backward",
        ("            dx[at] += dy[at]", "            pass"),
        ("(dx + shortcut if short else dx)", "dx"),
    ),
    *both(
        34,
        "inverted_residual_backward",
        ("if 0 < x[at] < 6", "if 0 < x[at]"),
        ("(x > 0) & (x < 6)", "x > 0"),
        ("relu6_backward", "relu6_backward"),
    ),
    *both(
        75,
        "inverted_residual_backward",
        (("    d = relu6_backward(d, n2)\n", ""), ("    d = relu6_backward(d, n1)\n", "")),
        (("relu6_backward(dh2, h2)", "dh2"), ("relu6_backward(dh1, h1)", "dh1")),
    ),
    *both(
        76,
        "inverted_residual",
        (
            'y = norm(pointwise_conv2d(seen, p["project"]), "project")',
            'y = relu6(norm(pointwise_conv2d(seen, p["project"]), "project"))',
        ),
        ("return x + y if", "y = np.maximum(y, 0)\n    return x + y if"),
    ),
    *both(
        77,
        "inverted_residual",
        (
            (
                'wide = relu6(norm(pointwise_conv2d(x, p["expand"]), "expand"))',
                'wide = norm(relu6(pointwise_conv2d(x, p["expand"])), "expand")',
            ),
            ('seen = relu6(norm(seen, "depthwise"))', 'seen = norm(relu6(seen), "depthwise")'),
        ),
        (("relu6(z)", "np.maximum(z, 0)"), ("relu6(normalised(z,", "np.maximum(0, normalised(z,")),
    ),
    *both(
        78,
        "inverted_residual",
        ("if stride == 1 and M == O:", "if False:"),
        ("return x + y if stride == 1 and x.shape == y.shape else y", "return y"),
    ),
    *both(
        79,
        "inverted_residual",
        ("True, 0.001, 0.1", "True, 1e-5, 0.1"),
        ("+ 1e-3)", "+ 1e-5)"),
        ("", "normalised"),
    ),
    *both(
        26,
        "inverted_residual",
        ("squares / P\n", "squares / (P - 1)\n"),
        ("z.var((0, 1, 2))", "z.var((0, 1, 2), ddof=1)"),
        ("batch_norm", "normalised"),
    ),
]
