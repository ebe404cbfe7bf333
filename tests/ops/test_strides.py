"""However an array lies in memory: the same bits, nothing changed, and nothing compiled once more."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.reliability.laid import backwards, read_only, spread, unaligned
from npmobilenet.kernels import activations
from npmobilenet.weights.native import distinct
from tests.ops.test_caches import FORWARDS

LAID: tuple[Callable[[Any], Any], ...] = (
    backwards,
    spread,
    unaligned,
    read_only,
    np.asfortranarray,
)


def results(name: str, laid: Callable[[Any], Any]) -> list[bytes]:
    """Everything that an operator and its backward pass give, of arrays that lie as `laid` lays them."""
    function, right = FORWARDS[name]
    rng = np.random.default_rng(0)
    given = {}
    for key, value in right.items():
        number = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        given[key] = laid(rng.random(value.shape)) if number else value
    if "rng" in given:
        given["rng"] = np.random.default_rng(0)
    before = {k: v.copy() for k, v in given.items() if isinstance(v, np.ndarray)}
    y, cache, *more = function(**given)
    dy = laid(rng.random(y.shape)) if isinstance(y, np.ndarray) else 1.0
    gradients = getattr(nm, f"{name}_backward")(dy, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert all(np.array_equal(given[k], v) for k, v in before.items())
    return [np.asarray(part).tobytes() for part in (y, *gradients, *more)]


@pytest.mark.parametrize("name", FORWARDS)
def test_the_same_bits(name: str) -> None:
    expected = results(name, np.ascontiguousarray)
    for laid in LAID:
        assert results(name, laid) == expected, laid.__name__


@pytest.mark.parametrize("laid", LAID)
def test_sums_and_products_of_numpy_itself(laid: Callable[[Any], Any]) -> None:
    """It adds in another order, and multiplies by other routines, where arrays lie otherwise."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((9, 33)).astype("f4"), rng.standard_normal((33, 21)).astype("f4")
    assert nm.softmax(laid(x)).tobytes() == nm.softmax(x).tobytes()
    assert nm.log_softmax(laid(x))[0].tobytes() == nm.log_softmax(x)[0].tobytes()
    y = nm.softmax(x)
    assert nm.softmax_backward(laid(x), laid(y)).tobytes() == nm.softmax_backward(x, y).tobytes()
    product, _ = nm.dense(laid(x), laid(w), rung="numpy")
    assert product.tobytes() == nm.dense(x, w, rung="numpy")[0].tobytes()


def test_no_kernel_is_compiled_for_read_only_arrays() -> None:
    pytest.importorskip("numba")
    seen: list[Any] = []
    clip = activations.numba_clip
    x = read_only(np.ones((2, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(clip), "__call__", lambda _, *given: seen.extend(given))
        nm.relu6(x, rung="numba")
    arrays = [value for value in seen if isinstance(value, np.ndarray)]
    assert len(arrays) == 2
    assert all(array.flags.behaved for array in arrays)


def test_class_names_are_told_apart() -> None:
    """The later one by its number; what is different already stays."""
    assert distinct(["crane", "fox", "crane"]) == ("crane", "fox", "crane (2)")
    assert len(set(distinct(["a", "a (2)", "a", "a"]))) == 4
