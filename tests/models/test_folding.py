"""Folding batch normalisation: `infer` gives the same logits, to the last digits of float64."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.models.layers import Add, BatchNorm
from npmobilenet.verify.checks import scaled_error

pytestmark = pytest.mark.usefixtures("one_thread")


def drawn(plan: nm.Plan, dtype: type = np.float64) -> dict[str, Any]:
    """Positive gammas and variances, and no array left at a value that would hide a mistake."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.uniform(0.5, 1.5, x.shape) if x.ndim == 1 else x).astype(dtype)
        for name, x in nm.init(plan, 0, np.float64).items()
    }


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("v1", nm.PAPER),
        ("v2", nm.TORCHVISION),
        ("v3-large", nm.PADDLE),
        ("v3-small-minimalistic", nm.KERAS),
        ("v4-conv-small", nm.TIMM),  # behind its dense head, too
        ("v1", replace(nm.CIFAR, name="with biases", conv_bias=True)),
    ],
)
def test_folded_infers_the_same(model: str, dialect: nm.Dialect) -> None:
    """Every batch normalisation of these networks goes; params are left as they were."""
    plan = nm.plan(model, width=0.35, resolution=(17, 24), classes=5, dialect=dialect)
    params = drawn(plan)
    before = {name: value.copy() for name, value in params.items()}
    folded, arrays = fold_batch_norm(plan, params)
    assert not any(isinstance(layer, BatchNorm) for layer in folded.layers)
    assert not folded.statistics
    assert all(np.array_equal(params[name], value) for name, value in before.items())
    x = np.random.default_rng(1).standard_normal((2, 17, 24, 3))
    error = scaled_error(nm.infer(folded, arrays, x), nm.infer(plan, params, x))
    assert 0 < error < 1e-12  # 0 would mean that nothing was folded


def test_without_batch_norm_nothing_changes() -> None:
    plan = nm.plan("v1", width=0.25, resolution=16, classes=5, dialect="tutorial-a")
    params = drawn(plan)
    folded, arrays = fold_batch_norm(plan, params)
    assert folded == plan
    assert arrays == params  # the very arrays


def test_what_something_else_reads_is_not_folded() -> None:
    """A convolution whose own output is also added further on must go on putting it out."""
    plan = nm.plan("v2", width=0.35, resolution=32, classes=5)
    add = next(layer for layer in plan.layers if isinstance(layer, Add))
    raw = add.inputs[1].removesuffix("_norm")
    layers = tuple(
        replace(layer, inputs=(add.inputs[0], raw)) if layer is add else layer
        for layer in plan.layers
    )
    folded, _ = fold_batch_norm(replace(plan, layers=layers), drawn(plan))
    kept = [layer.name for layer in folded.layers if isinstance(layer, BatchNorm)]
    assert kept == [f"{raw}_norm"]


def test_precision_stays() -> None:
    """float32 in, float32 out, computed in float64 and rounded once."""
    plan = nm.plan("v1", width=0.1, resolution=16, classes=5)
    params = drawn(plan, np.float32)
    _, narrow = fold_batch_norm(plan, params)
    _, wide = fold_batch_norm(plan, {k: v.astype(np.float64) for k, v in params.items()})
    assert {value.dtype for value in narrow.values()} == {np.dtype(np.float32)}
    assert all(np.array_equal(narrow[k], wide[k].astype(np.float32)) for k in wide)
