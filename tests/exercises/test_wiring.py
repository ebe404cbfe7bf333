"""Where no program does the same, a linear function still tells which numbers meet in its outputs."""

from collections.abc import Callable

import numpy as np
import pytest

from npmobilenet.exercises.cases import Arguments
from npmobilenet.exercises.diagnosis import diagnose
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.record import Results
from npmobilenet.exercises.wiring import wiring, wiring_lines

from .asking import asking, failing

LINEAR = [(name, output) for name, e in EXERCISES.items() for output in e.linear_in]


def rolled(x, w, stride, padding):  # type: ignore[no-untyped-def]
    """A mistake that no program has: the channels of x are rolled by one."""
    reference = EXERCISES["depthwise_conv2d"].reference
    return reference(np.roll(x, 1, axis=-1), w, stride, padding)["y"]


def test_an_unknown_mistake_is_located() -> None:
    exercise = EXERCISES["depthwise_conv2d"]
    call = asking(exercise, rolled)
    case = exercise.case("1x2x2x2,3x3,s1,same")
    found = diagnose(exercise, case, call(case.arguments), call)
    assert found is not None
    assert found.sentence is None
    title, *lines = found.wiring
    assert title == "y[0,0,0] is a sum of 4 products; yours has 0 of them right."
    # channel 0 of x must meet channel 0 of w, and meets channel 1 of x instead
    taps = [(r, q) for r in (0, 1) for q in (0, 1)]
    assert lines == [f"missing  x[{r},{q},0] · w[{r + 1},{q + 1},0]" for r, q in taps] + [
        f"extra    x[{r},{q},1] · w[{r + 1},{q + 1},0]" for r, q in taps
    ]


def test_products_weighed_wrongly() -> None:
    """Twice the middle tap: one line says how often it counts."""
    exercise = EXERCISES["depthwise_conv2d"]

    def heavy(x, w, stride, padding):  # type: ignore[no-untyped-def]
        w = w.copy()
        w[w.shape[0] // 2, w.shape[1] // 2] *= 2.5
        return exercise.reference(x, w, stride, padding)["y"]

    case = exercise.case("1x2x2x1,3x3,s1,same")
    call = asking(exercise, heavy)
    lines = wiring_lines(exercise, case, call(case.arguments) or {}, call)
    assert lines == (
        "y[0,0] is a sum of 4 products; yours has 3 of them right.",
        "weighed  x[0,0] · w[1,1]  counts 2.5 times, not 1",
    )


def test_a_bias_that_is_no_product() -> None:
    exercise = EXERCISES["conv2d"]

    def more(x, w, b, stride, padding):  # type: ignore[no-untyped-def]
        return exercise.reference(x, w, b, stride, padding)["y"] + 7

    case = exercise.case("1x2x2x1,3x3,o1,s1,same")
    call = asking(exercise, more)
    lines = wiring_lines(exercise, case, call(case.arguments) or {}, call)
    assert lines[1:] == ("besides  7, which no product makes; expected 0",)


def test_a_function_that_is_not_linear_says_so() -> None:
    exercise = EXERCISES["pointwise_conv2d"]
    call = asking(exercise, lambda x, w: x**2 @ w)
    case = failing(exercise, call)
    assert case is not None
    lines = wiring_lines(exercise, case, call(case.arguments) or {}, call)
    assert len(lines) == 1
    assert "no sum of products of x and w" in lines[0]


def test_a_cut_that_the_case_alone_does_not_show_is_not_linear() -> None:
    """Below 0 all products seem to be missing; with other numbers they are there."""
    exercise = EXERCISES["pointwise_conv2d"]
    call = asking(exercise, lambda x, w: np.maximum(x @ w, 0))
    case = failing(exercise, call, fresh=20)
    assert case is not None
    (line,) = wiring_lines(exercise, case, call(case.arguments) or {}, call)
    assert "no sum of products of x and w" in line


@pytest.mark.parametrize(("name", "output"), LINEAR)
def test_wiring_adds_up(name: str, output: str) -> None:
    """The products that are read off a right operator are its output, whatever the numbers."""
    exercise = EXERCISES[name]
    names = exercise.linear_in[output]
    case = list(exercise.small())[len(list(exercise.small())) // 3]
    expected = exercise.reference(**case.arguments)[output]
    cell = tuple(size // 2 for size in expected.shape)
    call: Callable[[Arguments], Results] = lambda arguments: exercise.reference(**arguments)  # noqa: E731
    found = wiring(names, case.arguments, output, cell, call)
    assert found is not None
    total = sum(
        weight * np.prod([np.asarray(case.arguments[n])[at] for n, at in factors])
        for factors, weight in found.items()
    )
    np.testing.assert_allclose(total, expected[cell], rtol=1e-9, atol=1e-9)
