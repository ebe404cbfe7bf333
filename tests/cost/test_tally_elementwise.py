"""The elementwise operators' formulas, executed on arrays that count their own products."""

import ast
import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.cost.operation_count import ACTIVATIONS as executed_each
from npmobilenet.cost.operation_count import Executed, executed
from npmobilenet.kernels import activations
from npmobilenet.models.dialect import ACTIVATIONS
from npmobilenet.models.layers import Activation, Add, Dropout, Layer, Scale
from npmobilenet.ops import checks

COUNTED = {"multiply": 0, "divide": 0}


class Counting(np.ndarray):
    """An array that counts the elements of every product and quotient it takes part in."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(x) for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(np.asarray(x) for x in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc.__name__ in COUNTED:
            COUNTED[ufunc.__name__] += np.size(result)
        return np.asarray(result).view(Counting)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.einsum:  # the one here sums products over all its indices: dy x
            COUNTED["multiply"] += args[1].size
            args = (args[0], *map(np.asarray, args[1:]))
            return np.asarray(function(*args, **kwargs)).view(Counting)
        return super().__array_function__(function, types, args, kwargs)


@pytest.fixture(autouse=True)
def keep_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks take ordinary arrays only, and np.where would make one."""
    monkeypatch.setattr(checks, "plain", lambda value: isinstance(value, np.ndarray))
    monkeypatch.setattr(checks, "gradient", lambda operator, dy, cache: dy)
    where = np.where
    monkeypatch.setattr(np, "where", lambda *a: np.asarray(where(*a)).view(Counting))


def numbers(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(0).standard_normal(shape).view(Counting)


def counted(call: Any) -> tuple[Any, tuple[int, int]]:
    """What a call returns, and its multiplications and divisions."""
    COUNTED.update(multiply=0, divide=0)
    return call(), (COUNTED["multiply"], COUNTED["divide"])


def check(layer: Layer, batch: int, forward: Any, backward: Any) -> None:
    formula = executed(layer, batch=batch, train=False)
    (y, cache), found = counted(forward)
    assert found == (formula.forward, formula.forward_divisions)
    dy = numbers(y.shape)
    _, found = counted(lambda: backward(dy, cache))
    assert found == (formula.backward, formula.backward_divisions)


shapes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
batches = st.integers(1, 3)


@pytest.mark.parametrize("function", ["sigmoid", "swish", "hard_sigmoid", "hard_swish"])
@settings(max_examples=50)
@given(shape=shapes, batch=batches)
def test_activations(function: str, shape: Any, batch: int) -> None:
    """Each multiplies and divides each number as often as its formula says."""
    layer = Activation(name="x", inputs=("i",), input=shape, function=function)
    x = numbers((batch, *shape))
    check(
        layer, batch, lambda: getattr(nm, function)(x), getattr(nm, f"{function}_backward")
    )  # fmt: skip


@settings(max_examples=50)
@given(shape=shapes, batch=batches)
def test_combinations(shape: Any, batch: int) -> None:
    """A gate: once forwards, twice backwards.  Dropout: once each.  An addition: never."""
    x, other = numbers((batch, *shape)), numbers((batch, *shape))
    gate = numbers((batch, shape[-1]))
    fields = {"name": "x", "inputs": ("i",), "input": shape}
    check(Scale(**fields), batch, lambda: nm.scale_channels(x, gate), nm.scale_channels_backward)
    check(
        Dropout(rate=0.5, **fields), batch,
        lambda: nm.dropout(x, 0.5, train=False), nm.dropout_backward,
    )  # fmt: skip
    check(Add(**fields), batch, lambda: nm.add(x, other), nm.add_backward)


def test_clipping_multiplies_nothing() -> None:
    """ReLU and ReLU6 are comparisons alone, in every kernel; and no activation has been forgotten."""
    for name in ("numpy_clip", "numpy_clip_backward", "numba_clip", "numba_clip_backward"):
        kernel = inspect.unwrap(getattr(activations, name))
        found = {type(node).__name__ for node in ast.walk(ast.parse(inspect.getsource(kernel)))}
        assert not found & {"Mult", "Div", "Pow", "MatMult"}, name
    assert executed_each["relu"] == executed_each["relu6"] == Executed()
    assert set(executed_each) == set(ACTIVATIONS)
