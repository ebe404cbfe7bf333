"""Learners' files that were told something untrue, or too little, before."""

import pytest

from npmobilenet.exercises.exercise import EXERCISES

from .files import check

COST = "def standard_cost(h, w, k, m, n, stride): return -(-h//stride) * -(-w//stride) * k*k*m*n\n"


def said(capsys, file, text: str, *words: str) -> str:  # type: ignore[no-untyped-def]
    """All that is said, in one line."""
    _, out = check(capsys, file, text, *words)
    return " ".join(out.split())


def test_a_pixel_at_stride_2_is_asked() -> None:
    """x has the shape of y there, and is not added: among the small cases, and among those drawn."""
    for name in ("inverted_residual", "inverted_residual_backward"):
        exercise = EXERCISES[name]
        kept = [s for s in exercise.sizes if s.s == 2 and s.x[1:3] == (1, 1) and s.o == s.x[3]]
        assert kept
        drawn = exercise.draw(lambda low, high: high)
        assert drawn.s == 2
        assert drawn.x[1:] == (1, 1, drawn.o)


@pytest.mark.parametrize("dtype", ["np.float64", "np.longdouble"])
def test_floats_made_after_padding_are_not_taken_for_zeros(capsys, file, dtype: str) -> None:
    text = f"""
import numpy as np
def conv2d(x, w, b, stride, padding):
    xp = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))).astype({dtype})
    return sum(xp[:, u:u+5:2, v:v+5:2] @ w[u, v] for u in range(3) for v in range(3))
{COST}"""
    out = said(capsys, file, text, "standard_cost")
    assert "conv2d does not run on numbers that count: it makes plain numbers of them" in out
    assert "648 of them" not in out


def test_a_convolution_that_multiplies_nothing_is_said_to(capsys, file) -> None:
    text = f"import numpy as np\ndef conv2d(x, w, b, stride, padding): return np.zeros(1)\n{COST}"
    assert "conv2d multiplies none of the numbers" in said(capsys, file, text, "standard_cost")
