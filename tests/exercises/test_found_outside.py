"""Learners' files that were told something untrue, or too little, before."""

import pytest

from npmobilenet.exercises import larger
from npmobilenet.exercises.exercise import EXERCISES
from tests.commands import call

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


def test_single_precision_is_said_in_so_many_words(capsys, file) -> None:
    text = """
import numpy as np
def pointwise_conv2d(x, w):
    return (x.astype(np.float32) @ w.astype(np.float32)).astype(float)
"""
    out = said(capsys, file, text, "pointwise_conv2d")
    assert "right but for rounding: somewhere you compute in single precision (float32)" in out


def test_a_small_error_in_float64_is_not_called_rounding(capsys, file) -> None:
    text = "def pointwise_conv2d(x, w):\n    return x @ w * (1 + 3e-7)\n"
    out = said(capsys, file, text, "pointwise_conv2d")
    assert "1 wrong" in out
    assert "rounding" not in out


def test_an_answer_that_differs_each_time_is_said_to(capsys, file) -> None:
    """Right in all small cases, where it is asked twice; later once in a while it is not."""
    text = """
import numpy as np
calls = []
def relu6(x):
    calls.append(0)
    return np.clip(x, 0, 6) + (len(calls) == 150)
"""
    out = said(capsys, file, text)
    assert "your function answers differently each time" in out
    assert "The same numbers" not in out


def test_rounding_is_no_difference_and_one_number_is_rounded_once(capsys, file) -> None:
    text = """
import numpy as np
def hard_swish_backward(dy, x):
    return dy * (1 + 1e-14) * np.where(x <= -3, 0, np.where(x >= 3, 1.5, (2 * x + 3) / 6))
"""
    out = said(capsys, file, text, "hard_swish_backward")
    assert "difference" in out
    assert "e-1" not in out
    moves, gradient = out.split(" times as much: the gradient is ")
    assert moves.split()[-1] == gradient.split(",")[0]


@pytest.mark.parametrize(("case", "total"), [("", "0"), (",b", "1")])
def test_an_output_without_products(capsys, file, case: str, total: str) -> None:
    text = """
import numpy as np
def conv2d(x, w, b, stride, padding):
    y = np.zeros((1, 2, 2, 1))
    return y if b is None else y + b
"""
    out = said(capsys, file, text, "conv2d", "--case", f"1x2x2x1,3x3,o1,s1,same{case}")
    assert f"y[0,0] = {total} (no product at all)" in out
    assert "all)," not in out


def test_a_slow_function_is_said_to_be_asked_less(capsys, file, monkeypatch) -> None:
    monkeypatch.setattr(larger, "DRAWING", 0.0)
    text = "import numpy as np\ndef relu6(x):\n    return np.clip(x, 0, 6)\n"
    out = said(capsys, file, text)
    assert "It is slow: there was no time for" in out
    assert "1 right" in out
    monkeypatch.undo()
    assert "slow" not in said(capsys, file, text)


def test_a_directory_is_called_one(capsys, tmp_path) -> None:
    code, _, err = call(capsys, "exercises", "check", tmp_path, "relu6")
    assert code == 1
    assert "is a directory; expected a Python file" in err
    assert "no such file" not in err


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("async def relu6(x): return x", "a coroutine"),
        ("class A(np.ndarray): pass\ndef relu6(x): return x.view(A)", "an A of float64"),
        ("def relu6(x): return x.astype(str)", "an array of texts"),
        ("def relu6(x): return x > 0", "an array of bool"),
        ("class A: pass\ndef relu6(x): return A()", "an A"),
    ],
)
def test_kinds_in_plain_words(capsys, file, text: str, kind: str) -> None:
    out = said(capsys, file, f"import numpy as np\n{text}\n")
    assert f"You return y as {kind}; expected" in out or f"You return {kind}; expected" in out
    assert "Warning" not in out
