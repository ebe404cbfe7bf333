"""What a training step promises beside its numbers: the same bits, clear errors, a loss that falls."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.optimizers import Sgd

pytest.importorskip("numba")

from npmobilenet.engine.training import compile_training
from npmobilenet.engine.training_optimizer import FusedOptimizer

BATCH = 8


@pytest.fixture(scope="module")
def case():
    plan = nm.plan("v2", width=0.35, resolution=32, classes=10, dialect="torchvision")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 32, 32, 3)).astype(np.float32)
    return plan, nm.init(plan, 0), x, rng.integers(0, 10, BATCH)


def all_of(step, x, labels):
    loss, logits = step(x, labels, rng=np.random.default_rng(1))
    return {"loss": np.float64(loss), "logits": logits.copy()} | {
        name: value.copy() for name, value in (step.grads | step.statistics).items()
    }


def test_same_bits_for_any_number_of_threads_and_again(case):
    plan, params, x, labels = case
    alone = compile_training(plan, params, BATCH, threads=1)
    first = all_of(alone, x, labels)
    for step in (alone, compile_training(plan, params, BATCH, threads=2)):
        for name, value in all_of(step, x, labels).items():
            np.testing.assert_array_equal(value, first[name], err_msg=name)


def test_ten_steps_follow_the_reference():
    """As closely as the reference in float32 follows the one in float64: steps magnify rounding."""
    plan = nm.plan("v1-shallow", width=0.25, resolution=32, classes=10, dialect="cifar")
    rng = np.random.default_rng(0)
    params = nm.init(plan, 0)
    x = rng.standard_normal((16, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, 10, 16)
    step = compile_training(plan, params, 16, threads=1)
    move = FusedOptimizer(step, Sgd())
    losses = []
    for _ in range(10):
        losses.append(step(x, labels)[0])
        move(0.001)
    exact = reference_losses(plan, params, x, labels, np.float64)
    near = reference_losses(plan, params, x, labels, np.float32)
    assert losses[-1] < losses[0] - 0.5
    assert np.abs(losses - exact).max() < 3 * np.abs(near - exact).max() + 1e-5


def reference_losses(plan, params, x, labels, dtype):
    """Of ten plain steps."""
    params, optimizer = {name: value.astype(dtype) for name, value in params.items()}, Sgd()
    state = optimizer.init({name: params[name] for name in plan.parameters})
    losses = []
    for _ in range(10):
        logits, tape, statistics = nm.forward(plan, params, x.astype(dtype), train=True)
        loss, cache = nm.softmax_cross_entropy(logits, labels)
        grads = nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache), tape)
        params, state = optimizer.step(params | statistics, grads, state, 0.001)
        losses.append(loss)
    return np.array(losses)


def test_params_are_copied(case):
    plan, params, x, labels = case
    before = {name: value.copy() for name, value in params.items()}
    step = compile_training(plan, params, BATCH, threads=1)
    all_of(step, x, labels)
    FusedOptimizer(step, Sgd())(0.1)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)
    step.load(params)
    np.testing.assert_array_equal(step.params["stem.weight"], params["stem.weight"])


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 32, 32, 3), np.float32), np.zeros((BATCH, 32, 32, 3))]
)
def test_a_batch_of_another_shape_or_dtype_is_refused(case, wrong):
    plan, params, _, _ = case
    step = compile_training(plan, params, BATCH, threads=1)
    with pytest.raises(ValueError, match="x must be float32"):
        step.forward(wrong, rng=np.random.default_rng(0))


def test_backward_wants_a_forward_pass(case):
    plan, params, _, _ = case
    step = compile_training(plan, params, BATCH, threads=1)
    with pytest.raises(ValueError, match="needs a forward pass"):
        step.backward(np.zeros((BATCH, 10), np.float32))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"batch": 0}, "batch must be"), ({"threads": 0}, "threads must be"),
     ({"frozen": ["nobody"]}, "named nobody")],
)  # fmt: skip
def test_bad_settings(case, settings, message):
    plan, params, _, _ = case
    with pytest.raises(ValueError, match=message):
        compile_training(plan, params, **({"batch": BATCH, "threads": 1} | settings))
