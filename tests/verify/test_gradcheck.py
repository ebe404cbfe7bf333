"""nm.gradcheck: gradients of anybody's functions, whatever way they are called."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.verify.gradcheck import gradcheck

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 2))


def product(x: Any, w: Any) -> Any:
    return x @ w


def product_backward(dy: Any, x: Any, w: Any) -> Any:
    return dy @ w.T, x.T @ dy


def kept(x: Any, w: Any) -> Any:
    return x @ w, (x, w)


def from_cache(dy: Any, cache: Any) -> Any:
    return product_backward(dy, *cache)


@pytest.mark.parametrize(
    ("f", "backward", "called"),
    [
        (product, product_backward, "f_backward(dy, x, w)"),
        (kept, from_cache, "f_backward(dy, cache)"),
        (kept, product_backward, "f_backward(dy, x, w)"),
        (product, lambda dy, x, w: [dy @ w.T, x.T @ dy, None], "f_backward(dy, x, w)"),
        (product, lambda dy, x, w: {"dw": x.T @ dy, "dx": dy @ w.T}, "f_backward(dy, x, w)"),
        (product, lambda dy, x, w: {"w": x.T @ dy, "x": dy @ w.T}, "f_backward(dy, x, w)"),
    ],
)
def test_every_natural_way_of_calling(
    f: Callable[..., Any], backward: Callable[..., Any], called: str
) -> None:
    found = gradcheck(f, backward, X, W)
    assert found
    assert found.called == called
    assert [(row.name, row.shape, row.checked) for row in found.rows] == [
        ("x", (4, 3), 12),
        ("w", (3, 2), 6),
    ]
    assert all(row.error < 1e-9 for row in found.rows)


@pytest.mark.parametrize(
    ("f", "backward", "arrays"),
    [
        (nm.conv2d, nm.conv2d_backward, ((1, 4, 5, 2), (3, 3, 2, 2), (2,))),
        (partial(nm.depthwise_conv2d, stride=2), nm.depthwise_conv2d_backward, ((1, 4, 5, 2), (3, 3, 2))),
        (nm.swish, nm.swish_backward, ((2, 3),)),
        (nm.hard_swish, nm.hard_swish_backward, ((2, 9),)),
        (partial(nm.softmax_cross_entropy, labels=np.array([1, 2])),
         nm.softmax_cross_entropy_backward, ((2, 5),)),
        (partial(nm.batch_norm, mean=np.zeros(2), variance=np.ones(2), train=True),
         nm.batch_norm_backward, ((2, 2, 2, 2), (2,), (2,))),
    ],
)  # fmt: skip
def test_our_own(f: Any, backward: Any, arrays: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(1)
    assert nm.gradcheck(f, backward, *(rng.standard_normal(shape) for shape in arrays))


def test_one_wrong_entry_is_shown() -> None:
    def wrong(dy: Any, x: Any, w: Any) -> Any:
        dx, dw = product_backward(dy, x, w)
        dw[2, 1] *= 2
        return dx, dw

    found = gradcheck(product, wrong, X, W)
    assert not found
    right, row = found.rows
    assert right.passed
    assert not row.passed
    assert row.worst == (2, 1)
    assert row.yours == pytest.approx(2 * row.expected)
    assert row.difference == row.yours - row.expected
    (line,) = (line for line in str(found).splitlines() if "wrong" in line)
    assert "[2, 1]" in line
    assert f"{row.expected:.6g}" in line
    assert repr(found) == str(found)
    assert "<td" in found._repr_html_()


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_what_is_no_number_is_wrong(nothing: float) -> None:
    found = gradcheck(np.sin, lambda dy, x: np.where(dy == dy.max(), nothing, dy * np.cos(x)), X)
    assert not found
    assert not np.isfinite(found.rows[0].yours)


@pytest.mark.parametrize(("where", "kinks"), [(0.0, 1), (3e-4, 0), (2e-3, 0)])
def test_a_kink_is_found_and_stepped_back_from(where: float, kinks: int) -> None:
    """On a kink either slope is right; beside one there is a step that does not reach it."""
    x = np.array([-1.0, where, 2.0])
    for slope in (0.0, 0.5, 1.0):
        found = gradcheck(
            lambda x: np.maximum(x, 0), lambda dy, x, s=slope: dy * np.where(x == 0, s, x > 0), x
        )
        assert found
        assert found.rows[0].kinks == kinks
    assert ("kinks: entries" in str(found)) is bool(kinks)
    assert not gradcheck(lambda x: np.maximum(x, 0), lambda dy, x: dy * np.where(x > 1, 1, 1.5), x)


def test_steep_functions_and_tiny_arguments() -> None:
    assert gradcheck(lambda x: np.exp(9 * x), lambda dy, x: 9 * dy * np.exp(9 * x), X)
    x = np.array([0.02, 3e4, -1.0])
    assert gradcheck(lambda x: 1 / x, lambda dy, x: -dy / x**2, x)


def test_a_gradient_that_is_0() -> None:
    """Two numbers always become -1 and 1: rounding alone is left of the differences."""
    x = np.array([1.0, 3.0])
    norm = partial(nm.batch_norm, gamma=np.ones(1), beta=np.zeros(1), mean=np.zeros(1),
                   variance=np.ones(1), train=True, eps=0.0)  # fmt: skip
    zero = gradcheck(lambda x: norm(x.reshape(2, 1, 1, 1))[0], lambda dy, x: 0 * x, x)
    assert zero, zero
    assert not gradcheck(lambda x: norm(x.reshape(2, 1, 1, 1))[0], lambda dy, x: 0 * x + 0.01, x)


def test_of_a_large_array_some_entries() -> None:
    x = np.random.default_rng(0).standard_normal(1000)
    found = gradcheck(np.sin, lambda dy, x: dy * np.cos(x), x.astype(np.float32), most=20)
    assert found.rows[0].checked == 20
    assert "20 of 1,000" in str(found)


def changes(x: Any) -> Any:
    x += 1
    return x * 2


def changes_dy(dy: Any, x: Any) -> Any:
    dy *= np.cos(x)
    return dy


def backward_of_sin(dy: Any, x: Any) -> Any:
    return dy * np.cos(x)


DRAWN = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.sin, backward_of_sin), "expected at least one array behind f and f_backward"),
        ((3, backward_of_sin, X), "f must be a function, found 3"),
        ((np.sin, None, X), "f_backward must be a function, found None"),
        ((np.sin, backward_of_sin, np.arange(3)), "must be of a floating-point type, found int64"),
        ((np.sin, backward_of_sin, None), "must be a NumPy array, found None"),
        ((np.sin, backward_of_sin, [1.0]), "must be a NumPy array, found a list"),
        ((np.sin, backward_of_sin, np.array([1, np.nan])), "must be finite, found NaN"),
        ((np.sin, backward_of_sin, np.zeros((0, 2))), r"no entries: its shape is \(0, 2\)"),
        ((lambda x: None, backward_of_sin, X), "f returned None; expected an array of numbers"),
        ((lambda x: (), backward_of_sin, X), "f returned an empty tuple"),
        ((lambda x: x > 0, backward_of_sin, X), "f returned an array of bool"),
        ((lambda x: x / 0, backward_of_sin, X), "f returned a y with NaN or infinity"),
        ((lambda x: x.astype(np.float32), backward_of_sin, X), "y of float32 for arrays of float64"),
        ((lambda x: x + DRAWN.random(), backward_of_sin, X), "another y when it was called again"),
        ((changes, backward_of_sin, X), "f changed x; expected it to stay"),
        ((lambda x: x * 2, changes_dy, X), "f_backward changed dy"),
        ((lambda x: x * 2, lambda dy, x: changes(x), X), "f_backward changed x"),
        ((lambda x: x * 2, lambda dy, x: dy[0], X), r"gradient of x has shape \(3,\); expected \(4, 3\)"),
        ((lambda x: x * 2, lambda dy, x: None, X), "gradient of x is None; expected an array"),
        ((product, lambda dy, x, w: dy @ w.T, X, W), "returned 1 of the gradients; expected 2, of x, w"),
        ((product, lambda dy, x, w: {"dx": dy @ w.T}, X, W), "gradients of dx; expected one of w"),
        ((product, lambda dy, x: dy, X, W), r"callable as f_backward\(dy, x, w\), found"),
        ((kept, lambda dy: dy, X, W), r"f_backward\(dy, cache\) or f_backward\(dy, x, w\), found"),
        ((lambda x: np.log(x), lambda dy, x: dy / x, np.array([1e-9])), "NaN or infinity beside x"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_bad_input_in_a_line(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        gradcheck(*arguments)
    said = str(raised.value)
    assert said.startswith("gradcheck: ")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": 1e-12}, "tolerance must be from 1e-9 to 1, found 1e-12"),
        ({"most": 0}, "most must be an integer of at least 1, found 0"),
        ({"names": ["x"]}, r"names must be 2, one for each array, found \['x'\]"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gradcheck(product, product_backward, X, W, **settings)


def test_errors_of_the_functions_are_theirs() -> None:
    def broken(dy: Any, cache: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gradcheck(kept, broken, X, W)
