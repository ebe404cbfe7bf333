"""What operators and networks stand on: decoding, windows, kinks, and logits that are very sure."""

from base64 import b64encode
from itertools import product
from typing import Any

import numpy as np
import pytest

from npmobilenet import ops
from npmobilenet.explorer import storing
from npmobilenet.ops.window import window

from .browser import received, sent

ACTIVATIONS = ("relu", "relu6", "sigmoid", "swish", "hard_sigmoid", "hard_swish")


def test_every_half_precision_number(arithmetic: Any) -> None:
    patterns = np.arange(1 << 16, dtype="<u2")
    found = _decoded(arithmetic, patterns.tobytes(), "float16")
    np.testing.assert_array_equal(found, patterns.view("<f2").astype(np.float64))


@pytest.mark.parametrize(("precision", "kind"), [("float32", "<f4"), ("float64", "<f8")])
def test_floats(arithmetic: Any, precision: str, kind: str) -> None:
    values = np.r_[np.random.default_rng(0).standard_normal(100), 0, -0.0, 1e-42, 3e38, -np.inf]
    values = np.append(values, np.nan).astype(kind)
    found = _decoded(arithmetic, values.tobytes(), precision)
    np.testing.assert_array_equal(found, values.astype(np.float64))
    assert np.signbit(found[101])


def _decoded(page: Any, content: bytes, precision: str) -> Any:
    code = """([text, precision]) => {
      const data = decodeFloats(decodeBase64(text), precision);
      return told(array([data.length], data));
    }"""
    return received(page.evaluate(code, [b64encode(content).decode(), precision]))


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_parameters_are_cut_into_their_arrays(arithmetic: Any, precision: str) -> None:
    rng = np.random.default_rng(1)
    shapes = {"a.weight": (3, 5), "b.weight": (1, 1, 700, 900), "b.bias": (7,), "c.gamma": (1,)}
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    stored = storing.rounded_to(params, precision)  # more letters than are read at once
    code = "(weights) => allTold(finish(parametersOf(weights)))"
    found = arithmetic.evaluate(code, storing.encoded(stored, precision))
    assert list(found) == list(stored)
    for name, value in stored.items():
        np.testing.assert_array_equal(received(found[name]), value.astype(np.float64))


def test_windows_are_those_of_ops(arithmetic: Any) -> None:
    kinds = ("same", "symmetric", "valid", 1, (2, 0), (0, 1, 2, 3))
    sizes, kernels = product((5, 6), (6, 7)), product((1, 3), (2, 5))
    strides, dilations = product((1, 2), (1, 3)), [(1, 1), (2, 1)]
    settings = list(product(sizes, kernels, strides, kinds, dilations))
    found = arithmetic.evaluate(
        "(all) => all.map((s) => windowOf(...s)).map(({ output, sides }) => [output, sides])",
        settings,
    )
    for (size, kernel, stride, padding, dilation), (output, sides) in zip(
        settings, found, strict=True
    ):
        try:
            expected = window("test", size, kernel, stride, padding, dilation)
        except ValueError:  # which the plan of a page never has
            continue
        assert (tuple(output), tuple(sides)) == (expected.output, expected.sides)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_kinks_ends_and_what_is_no_number(arithmetic: Any, name: str) -> None:
    x = np.array([-np.inf, -800, -6, -3, -2.5, -0.0, 0, 1e-300, 2.5, 3, 6, 7, 800, np.inf, np.nan])
    with np.errstate(all="ignore"):
        y, cache = getattr(ops, name)(x)
        dx = getattr(ops, f"{name}_backward")(np.ones_like(x), cache)
    code = """([name, x]) => {
      const { y, cache } = finish(activation(name, given(x)));
      const ones = array(y.shape, y.data.map(() => 1));
      return [told(y), told(finish(activationBackward(ones, cache)).dx)];
    }"""
    found = [received(answer) for answer in arithmetic.evaluate(code, [name, sent(x)])]
    np.testing.assert_allclose(found[0], y, rtol=1e-15, atol=1e-300)
    np.testing.assert_allclose(found[1], dx, rtol=1e-15, atol=1e-300)


def test_sure_logits_overflow_nowhere(arithmetic: Any) -> None:
    logits = np.array([[1000.0, -1000, 0]])
    loss, cache = ops.softmax_cross_entropy(logits, np.array([1]))
    found = arithmetic.evaluate(
        "(z) => { const { loss, dlogits, probabilities } = lossAndGradient(given(z), 1);"
        " return [loss, told(dlogits), [...probabilities]]; }",
        sent(logits),
    )
    assert found[0] == loss == 2000
    np.testing.assert_array_equal(
        received(found[1]), ops.softmax_cross_entropy_backward(1.0, cache)
    )
    assert found[2] == [1, 0, 0]
