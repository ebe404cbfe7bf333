"""The fused optimisers move flat buffers as the plain ones move dicts."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.optimizers import Adam, AdamW, RmsProp, Sgd, clipped

pytest.importorskip("numba")

from npmobilenet.engine.training import compile_training
from npmobilenet.training.fused_optimizer import FusedOptimizer

OPTIMIZERS = [
    Sgd(weight_decay=1e-2),
    Sgd(nesterov=True, momentum=0.8),
    RmsProp(weight_decay=1e-2),
    Adam(weight_decay=1e-2),
    AdamW(weight_decay=0.1),
]


@pytest.fixture(scope="module")
def plan():
    return nm.plan("v1-shallow", width=0.25, resolution=16, classes=5, dialect="cifar")


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: f"{o.name}")
def test_steps_are_those_of_the_plain_optimiser(plan, optimizer):
    rng = np.random.default_rng(0)
    params = nm.init(plan, 0)
    step = compile_training(plan, params, 2, threads=1)
    move = FusedOptimizer(step, optimizer)
    trained = {name: params[name] for name in plan.parameters}
    state = optimizer.init(trained)
    for _ in range(3):
        grads = {k: rng.standard_normal(v.shape).astype(np.float32) for k, v in trained.items()}
        for name, gradient in grads.items():
            step.grads[name][...] = gradient
        move(0.01)
        trained, state = optimizer.step(trained, grads, state, 0.01)
    for name, expected in trained.items():
        np.testing.assert_allclose(step.params[name], expected, rtol=2e-6, atol=1e-7, err_msg=name)
    for name, found in move.state.items():
        np.testing.assert_allclose(found, state[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_clipping_shortens_all_gradients_alike(plan):
    rng = np.random.default_rng(0)
    step = compile_training(plan, nm.init(plan, 0), 2, threads=1)
    grads = {k: rng.standard_normal(v.shape).astype(np.float32) for k, v in step.grads.items()}
    for name, gradient in grads.items():
        step.grads[name][...] = gradient
    FusedOptimizer(step, Sgd(), clip=1.5)(0.01)
    for name, expected in clipped(grads, 1.5).items():
        np.testing.assert_allclose(step.grads[name], expected, rtol=1e-5)


def test_untrained_arrays_stay(plan):
    params = nm.init(plan, 0)
    step = compile_training(plan, params, 2, threads=1, trained=["classifier.weight"])
    for gradient in step.grads.values():
        gradient[...] = 1
    FusedOptimizer(step, Sgd(), ema=0.9)(0.1)
    moved = [name for name in plan.parameters if (step.params[name] != params[name]).any()]
    assert moved == ["classifier.weight"]


def test_the_average_follows_its_rule(plan):
    params = nm.init(plan, 0)
    step = compile_training(plan, params, 2, threads=1)
    move = FusedOptimizer(step, Sgd(), ema=0.9)
    for gradient in step.grads.values():
        gradient[...] = 1
    before = step.params["classifier.weight"].copy()
    move(0.1)
    d = 2 / 11
    expected = d * before + (1 - d) * step.params["classifier.weight"]
    np.testing.assert_allclose(move.average["classifier.weight"], expected, rtol=1e-6, atol=1e-7)
