"""Planted in the costs."""

from .sources import both

COSTS = [
    *both(
        41,
        "times_cheaper",
        ("return standard / separable", "return n + k * k"),
        ("1 / (1 / n + 1 / k**2)", "n + k**2"),
    ),
    *both(
        42,
        "standard_cost",
        ((", h, stride)", ", h)"), (", w, stride)", ", w)")),
        ("np.ceil(h / stride), np.ceil(w / stride)", "h, w"),
    ),
    *both(
        42,
        "separable_cost",
        ("    return count", "    return h * w * k * k * m + h * w * m * n"),
        ("np.ceil(h / stride), np.ceil(w / stride)", "h // stride, w // stride"),
    ),
    *both(
        43,
        "standard_cost",
        ("return count", "return 2 * count"),
        ("return rows", "return 2 * rows"),
    ),
    *both(
        43,
        "separable_cost",
        (
            "+= k * k * m\n            count += m * n",
            "+= 2 * k * k * m\n            count += 2 * m * n",
        ),
        ("return depthwise + pointwise", "return 2 * (depthwise + pointwise)"),
    ),
    *both(
        80,
        "times_cheaper",
        ("standard / separable", "separable / standard"),
        ("1 / (1 / n + 1 / k**2)", "1 / n + 1 / k**2"),
    ),
    *both(
        81,
        "separable_cost",
        ("            count += m * n\n", ""),
        ("depthwise + pointwise", "pointwise"),
    ),
    *both(82, "standard_cost", ("k * k * m * n", "k * m * n"), ("k**2 * m * n", "k**2 * n")),
]
