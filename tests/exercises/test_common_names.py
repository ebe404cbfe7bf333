"""Mistakes made only where shapes allow it, in one image alone, or one window short, are named."""

import pytest

from npmobilenet.exercises.exercise import EXERCISES

from .asking import asking, functions, said_of
from .planted.sources import ARRAYS, Edit, Planted

CROP = "dxp[:, rows[0] : rows[0] + H, columns[0] : columns[0] + W]"
MADE: list[tuple[str, tuple[Edit, ...], str]] = [
    (
        "conv2d",
        (
            (
                "xp = pad(x, rows, columns)",
                "xp = pad(x, rows, columns)\n    w = w.swapaxes(0, 1) if K == L else w",
            ),
        ),
        "Where your filter is square its rows and columns are swapped",
    ),
    (
        "conv2d",
        (("return y if", "y[:, -1:] = y[:, :, -1:] = 0\n    return y if"),),
        "The last row and the last column of your y hold no product",
    ),
    ("depthwise_conv2d", (("in range(I)", "in range(I - 1)"),), "The last row of your y"),
    ("depthwise_conv2d", (("in range(J)", "in range(J - 1)"),), "The last column of your y"),
    (
        "pointwise_conv2d_backward",
        (("dy @ w.T", "dy @ (w if M == O else w.T)"),),
        "swapped in your dx",
    ),
    (
        "conv2d_backward",
        (("return dx, dw, db", "return dx, conv2d_dw(dy, x, w, stride, padding), db"),),
        "Your dw holds",
    ),
    (
        "depthwise_conv2d_backward",
        ((CROP, "dxp[:, rows[1] : rows[1] + H, columns[0] : columns[0] + W]"),),
        "as many rows are cut off above as there are zeros below.",
    ),
    (
        "depthwise_conv2d_backward",
        ((CROP, "dxp[:, rows[0] : rows[0] + H, columns[1] : columns[1] + W]"),),
        "as many columns are cut off on the left as",
    ),
    ("hard_swish", (("relu6(x + 3) / 6", "relu6(x + 3) // 6"),), "// rounds down"),
    (
        "separable_cost",
        (("return depthwise + pointwise", "return depthwise * m * n"),),
        "multiply the products",
    ),
]


@pytest.mark.parametrize(("exercise", "edits", "said"), MADE, ids=lambda value: str(value)[:30])
def test_it_is_named(exercise: str, edits: tuple[Edit, ...], said: str) -> None:
    source = Planted(0, exercise, ARRAYS, edits).source + LAST_IMAGE
    found = said_of(EXERCISES[exercise], asking(EXERCISES[exercise], functions(source)[exercise]))
    assert found is not None
    assert found.sentence is not None
    assert said in found.sentence["en"]


LAST_IMAGE = """

def conv2d_dw(dy, x, w, stride, padding):
    K, L, M, O = w.shape
    rows, columns = sides(x.shape[1], K, stride, padding), sides(x.shape[2], L, stride, padding)
    xp = pad(x, rows, columns)
    for n in range(len(x)):
        dw = np.zeros_like(w)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                patch = xp[n, i * stride : i * stride + K, j * stride : j * stride + L]
                dw += patch[..., None] * dy[n, i, j]
    return dw
"""
