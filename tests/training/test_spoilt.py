"""A loss that is not finite names the layer that was the first to be so, in every kind of step."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training import Sgd, Step
from npmobilenet.training.compiled_step import taker

PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
X = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
BLOCK = "blocks.2.pointwise"


def complaint(engine: str, x: Any = X, **spoilt: Any) -> str:
    """What a step says, with these arrays in the place of the first ones."""
    if engine == "compiled":
        pytest.importorskip("numba")
    step = Step.of(PLAN, Sgd())
    take, remark = taker(step, 2, 1, engine)
    assert not remark
    state = step.start(nm.init(PLAN, 0) | spoilt)
    before = {name: value.copy() for name, value in state.params.items()}
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="the loss is") as caught:
        take(state, x, np.array([0, 1]), lr=0.1, rng=np.random.default_rng(0))
    assert all(np.array_equal(state.params[k], v, equal_nan=True) for k, v in before.items())
    return str(caught.value)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_the_first_layer_is_named(engine: str) -> None:
    weight = np.full(PLAN.arrays[f"{BLOCK}.weight"], 3e38, np.float32)
    said = complaint(engine, **{f"{BLOCK}.weight": weight})
    assert f"({BLOCK} is the first layer whose output is not finite)" in said


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_so_are_arrays_and_images(engine: str) -> None:
    """Of arrays the last one: a pass backwards comes to it first."""
    names = ("stem.weight", f"{BLOCK}.weight")
    spoilt = {name: np.full(PLAN.arrays[name], np.nan, np.float32) for name in names}
    assert f"{BLOCK}.weight was not finite any more" in complaint(engine, **spoilt)
    images = X.copy()
    images[0, 3, 3] = np.inf
    assert "the images were not finite" in complaint(engine, images)


def test_what_only_the_loss_spoils_is_said() -> None:
    bias = np.array([3e38, -3e38, 0], np.float32)
    said = complaint("reference", **{"classifier.bias": bias[::-1].copy() * 1})
    assert "the outputs of all layers are finite" in said
