"""Planted in the forward operators and their windows."""

from .sources import both

SAME = """        count = math.ceil(size / stride)
        zeros = max((count - 1) * stride + kernel - size, 0)
        return count, -(zeros // 2)
"""
PLACES = ("place", "sides")
BOUNDS = "if 0 <= r < H and 0 <= q < W:"
SEEN = "seen = xp[:, u : u + stride * I : stride, v : v + stride * J : stride]"
STARTS = """    I, top = place(H, K, stride, padding)
    J, left = place(W, L, stride, padding)
"""

FORWARD = [
    plant
    for exercise in ("conv2d", "depthwise_conv2d", "conv2d_backward", "inverted_residual")
    for plant in both(
        1,
        exercise,
        (SAME, "        padding = (kernel - 1) // 2\n"),
        ("return total // 2, total - total // 2", "return total - total // 2, total // 2"),
        PLACES,
    )
] + [
    *both(
        2,
        "conv2d",
        ('if padding == "same":', "if padding:"),
        ('    if padding != "same":\n        return padding, padding\n', ""),
        PLACES,
    ),
    *both(
        2,
        "depthwise_conv2d_backward",
        ('if padding == "same":', "if True:"),
        ('    if padding != "same":\n        return padding, padding\n', ""),
        PLACES,
    ),
    *both(
        3,
        "depthwise_conv2d",
        (("u + top", "u + top + 1"), ("v + left", "v + left + 1")),
        (
            "xp[:, i * stride : i * stride + K, j * stride : j * stride + L]",
            "xp[:, i * stride + 1 : i * stride + 1 + K, j * stride + 1 : j * stride + 1 + L]",
        ),
    ),
    *both(
        3,
        "conv2d",
        (("u + top", "u + top - 1"), ("v + left", "v + left - 1")),
        ("xp = pad(x, rows, columns)", "xp = np.roll(pad(x, rows, columns), 1, axis=(1, 2))"),
    ),
    *both(
        4,
        "conv2d",
        (BOUNDS, "r, q = min(max(r, 0), H - 1), min(max(q, 0), W - 1)\n" + 28 * " " + "if True:"),
        ("columns, (0, 0)))", 'columns, (0, 0)), mode="edge")'),
        ("", "pad"),
    ),
    *both(
        4,
        "depthwise_conv2d",
        (BOUNDS, "if r < H and q < W:"),
        ("columns, (0, 0)))", 'columns, (0, 0)), mode="symmetric")'),
        ("", "pad"),
    ),
    *both(
        7,
        "conv2d",
        (
            STARTS,
            "    if stride > 1:\n"
            "        return conv2d(x, w, b, 1, padding)[:, ::stride, ::stride]\n" + STARTS,
        ),
        (
            ("    rows = ", "    step, stride = stride, 1\n    rows = "),
            ("    return y if", "    y = y[:, ::step, ::step]\n    return y if"),
        ),
    ),
    *both(
        8,
        "conv2d",
        ("place(W, L, stride, padding)", "place(H, L, stride, padding)"),
        (
            "    y = np.zeros((len(x), I, J, O))\n",
            "    J = (xp.shape[1] - L) // stride + 1\n    y = np.zeros((len(x), I, J, O))\n",
        ),
    ),
    *both(
        8,
        "depthwise_conv2d",
        ("I, top = place(H, K", "I, top = place(W, K"),
        (
            "    y = np.zeros((len(x), I, J, M))\n",
            "    J = I\n    y = np.zeros((len(x), I, J, M))\n",
        ),
    ),
    *both(
        9,
        "conv2d",
        ("count = math.ceil(size / stride)", "count = size // stride"),
        (
            "    y = np.zeros((len(x), I, J, O))\n",
            '    if padding == "same":\n'
            "        I, J = x.shape[1] // stride, x.shape[2] // stride\n"
            "    y = np.zeros((len(x), I, J, O))\n",
        ),
        ("place", ""),
    ),
    *both(
        9,
        "depthwise_conv2d",
        ("// stride + 1, -padding", "// stride, -padding"),
        (
            "    y = np.zeros((len(x), I, J, M))\n",
            "    I, J = I - 1, J - 1\n    y = np.zeros((len(x), I, J, M))\n",
        ),
        ("place", ""),
    ),
    *both(
        47,
        "depthwise_conv2d",
        ("return count, -(zeros // 2)", "return count, 0"),
        ("    xp = pad(x, rows, columns)\n", "    xp = x\n"),
        ("place", ""),
    ),
    *both(
        48,
        "conv2d",
        (
            "zeros = max((count - 1) * stride + kernel - size, 0)",
            "zeros = (count - 1) * stride + kernel - size",
        ),
        (
            "    xp = pad(x, rows, columns)\n",
            "    if padding == 'same':\n"
            "        top = ((-(-x.shape[1] // stride) - 1) * stride + K - x.shape[1]) // 2\n"
            "        left = ((-(-x.shape[2] // stride) - 1) * stride + L - x.shape[2]) // 2\n"
            "        I, J = -(-x.shape[1] // stride), -(-x.shape[2] // stride)\n"
            "        xp = np.zeros((len(x), I * stride + K, J * stride + L, M))\n"
            "        for r in range(xp.shape[1]):\n"
            "            for q in range(xp.shape[2]):\n"
            "                if 0 <= r - top < x.shape[1] and 0 <= q - left < x.shape[2]:\n"
            "                    xp[:, r, q] = x[:, r - top, q - left]\n"
            "        xp = xp[:, : (I - 1) * stride + K, : (J - 1) * stride + L]\n"
            "    else:\n"
            "        xp = pad(x, rows, columns)\n",
        ),
        ("place", ""),
    ),
    *both(
        49,
        "conv2d",
        (("i * stride + u", "i + u"), ("j * stride + v", "j + v")),
        (SEEN, "seen = xp[:, u : u + I, v : v + J]"),
    ),
    *both(
        50,
        "conv2d",
        ("// stride + 1, -padding", "// stride + 1, -(padding // 2)"),
        ("return padding, padding", "return padding // 2, padding - padding // 2"),
        PLACES,
    ),
    *both(
        52,
        "depthwise_conv2d",
        ("for u in range(K)", "for u in range(K - 1)"),
        (
            "patch = xp[:, i * stride : i * stride + K, j * stride : j * stride + L]\n",
            "patch = xp[:, i * stride : i * stride + K, j * stride : j * stride + L].copy()\n"
            "            patch[:, :, -1] = 0\n",
        ),
    ),
    *both(
        53,
        "depthwise_conv2d",
        (
            "                    for u in range(K):\n",
            "                    r, q = i * stride + top, j * stride + left\n"
            "                    if r < 0 or q < 0 or r + K > H or q + L > W:\n"
            "                        continue\n"
            "                    for u in range(K):\n",
        ),
        (
            "            y[:, i, j] = (patch * w)",
            "            r, q = i * stride - rows[0], j * stride - columns[0]\n"
            "            if 0 <= r <= x.shape[1] - K and 0 <= q <= x.shape[2] - L:\n"
            "                y[:, i, j] = (patch * w)",
        ),
    ),
]
