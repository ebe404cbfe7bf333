"""A batch without images: nothing comes out, and what is summed over it is 0."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.ops.rungs import running
from npmobilenet.verify import OPERATORS
from tests.ops.test_messages import RIGHT

PER_IMAGE = ("b", "g", "labels")  # where the first argument is not the only one with the batch
SEVERAL = ("add", "scale_channels", "softmax_cross_entropy")


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "softmax"])
def test_forwards_and_backwards(name: str) -> None:
    function, right = RIGHT[name]
    first = next(iter(right))
    given: dict[str, Any] = {
        key: value[:0] if key == first or (key in PER_IMAGE and name in SEVERAL) else value
        for key, value in right.items()
    }
    if name == "softmax_cross_entropy":
        given["reduction"] = "sum"
    rungs = next(o.rungs for title, o in OPERATORS.items() if title.partition(" ")[0] == name)
    for rung in running(rungs) if len(rungs) > 1 else (None,):
        dtype = np.float32 if rung == "simd" else np.float64
        cast = {
            k: v.astype(dtype) if getattr(v, "dtype", "") == "float64" else v
            for k, v in given.items()
        }
        y, cache, *_ = function(**cast, **({"rung": rung} if rung else {}))
        y_of_some, *_ = function(**right)
        assert np.shape(y)[1:] == np.shape(y_of_some)[1:]
        assert np.size(y) == 0 or y == 0
        dy = y if isinstance(y, np.ndarray) else 1.0
        found = getattr(nm, f"{name}_backward")(dy, cache)
        gradients = found if isinstance(found, tuple) else (found,)
        for key, gradient in zip(cast, gradients, strict=False):
            assert gradient.shape == cast[key].shape
            assert not gradient.any()


def test_means_of_nothing_are_refused() -> None:
    logits, labels = np.zeros((0, 3)), np.zeros(0, int)
    with pytest.raises(ValueError, match="the mean of nothing"):
        nm.softmax_cross_entropy(logits, labels)
    x, one = np.zeros((0, 2, 2, 3)), np.ones(3)
    with pytest.raises(ValueError, match="training needs more than one value for each channel"):
        nm.batch_norm(x, one, one, one, one, train=True)


def test_networks() -> None:
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=4)
    params, x = nm.init(plan, 0), np.zeros((0, 32, 32, 3), np.float32)
    assert nm.infer(plan, params, x).shape == (0, 4)
    assert nm.forward(plan, params, x)[0].shape == (0, 4)
    assert nm.compile(plan, params, batch=2)(x).shape == (0, 4)
