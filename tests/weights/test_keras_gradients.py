"""Keras' own models on PyTorch, trained one step: logits, every gradient, and the moved statistics."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import FAMILIES
from tests.weights.keras_models import application

pytestmark = pytest.mark.usefixtures("one_thread")

CASES = [
    ("v1", 0.35, (47, 64)),
    ("v1", 1.0, (48, 48)),
    ("v2", 0.35, (33, 47)),
    ("v2", 0.75, (64, 50)),
    ("v2", 1.4, (32, 32)),
    ("v3-small", 0.75, (64, 51)),
    ("v3-large", 0.75, (33, 40)),
    ("v3-small-minimalistic", 1.0, (48, 33)),
]


def named(model: Any) -> dict[str, Any]:
    """layer/parameter -> Keras' variable."""
    return {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request: Any, keras: Any) -> tuple[Any, nm.Plan, dict[str, Any]]:
    """Keras' model, our plan of it, and the model's values before a step changes them."""
    name, width, size = request.param
    off = {"v1": {"dropout": 0.0}, "v2": {}, "v3": {"dropout_rate": 0.0}}[name[:2]]
    theirs = application(keras, name, alpha=width, input_shape=(*size, 3), classes=5, **off)
    dialect = replace(nm.KERAS, dropout=0.0)
    plan = nm.plan(name, width=width, resolution=size, classes=5, dialect=dialect)
    return theirs, plan, {key: v.value.data.clone() for key, v in named(theirs).items()}


@pytest.mark.parametrize("train", [False, True], ids=["evaluation", "training"])
def test_one_step(case: tuple[Any, nm.Plan, dict[str, Any]], train: bool) -> None:
    import torch

    theirs, plan, fresh = case
    family, variables = FAMILIES["keras"], named(theirs)
    for key, value in fresh.items():
        variables[key].value.data.copy_(value)
        variables[key].value.grad = None
    pairs = family.names(plan)

    def ours(key: str, value: Any) -> Any:
        return np.ascontiguousarray(family.incoming(plan, key, value.detach().numpy()))

    params = {key: ours(key, variables[pairs[key]].value.data.clone()) for key in plan.arrays}
    rng = np.random.default_rng(0)
    x, dy = rng.uniform(-1, 1, (4, *plan.resolution, 3)), rng.standard_normal((4, 5))
    logits, tape, statistics = nm.forward(plan, params, x, train=train)
    grads = nm.backward(plan, dy, tape)
    as_fed = (x + 1) * 127.5 if plan.model.startswith("v3") else x  # V3 has its scaling inside
    out = theirs(as_fed, training=train)
    out.backward(torch.tensor(dy))
    wanted = out.detach().numpy()
    assert np.abs(logits - wanted).max() <= 1e-9 * np.abs(wanted).max()
    for key, grad in grads.items():
        expected = ours(key, variables[pairs[key]].value.grad)
        # before another normalisation the gradient of a shift is nothing but rounding: by its scale's
        partner = grads.get(key.replace(".beta", ".gamma"), grad)
        size_of = max(np.abs(expected).max(), np.abs(partner).max())
        assert np.abs(grad - expected).max() <= 1e-9 * size_of, key
    assert bool(statistics) == train
    for key, value in statistics.items():
        expected = ours(key, variables[pairs[key]].value.data)
        if key.endswith(
            "variance"
        ):  # Keras moves towards the biased variance, PyTorch and we do not
            continue
        assert np.abs(value - expected).max() <= 1e-9 * np.abs(expected).max(), key
