"""Optimisers against torch.optim, step by step, and the schedules' ends."""

from typing import Any

import numpy as np
import pytest

from npmobilenet.training.optimizers import Adam, Optimizer, Sgd, decays, learning_rate

SHAPES = {
    "stem.weight": (3, 3, 3, 4),
    "blocks.1.depthwise.weight": (3, 3, 4),
    "blocks.1.pointwise.weight": (4, 5),
    "classifier.weight": (5, 2),
    "classifier.bias": (2,),
    "stem_norm.gamma": (4,),
    "stem_norm.beta": (4,),
}
DECAYING = {"stem.weight", "blocks.1.pointwise.weight", "classifier.weight"}
CASES: dict[str, tuple[Optimizer, str, dict[str, Any]]] = {
    "plain": (Sgd(momentum=0), "SGD", {}),
    "momentum": (Sgd(momentum=0.9), "SGD", {"momentum": 0.9}),
    "momentum and decay": (Sgd(momentum=0.8, weight_decay=0.1), "SGD", {"momentum": 0.8}),
    "adam": (Adam(), "Adam", {}),
    "adam, decay": (
        Adam(beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.1),
        "Adam",
        {"betas": (0.8, 0.95), "eps": 1e-4},
    ),
}


def test_only_weights_that_mix_channels_decay() -> None:
    """Standard, pointwise and dense weights; not depthwise ones, biases or batch normalisation."""
    assert {name for name, shape in SHAPES.items() if decays(name, np.empty(shape))} == DECAYING


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_follow_pytorch(case: str) -> None:
    """In float64, with a rate that changes, to 1e-12; what is handed in stays as it was."""
    torch = pytest.importorskip("torch")
    ours, name, options = CASES[case]
    rng = np.random.default_rng(0)
    params = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    params["stem_norm.mean"] = rng.standard_normal(4)  # has no gradient: must pass through
    start = {name: value.copy() for name, value in params.items()}
    leaves = {name: torch.tensor(params[name], requires_grad=True) for name in SHAPES}
    groups = [
        {"params": [leaves[n] for n in SHAPES if n in DECAYING], "weight_decay": ours.weight_decay},
        {"params": [leaves[n] for n in SHAPES if n not in DECAYING], "weight_decay": 0.0},
    ]
    theirs = getattr(torch.optim, name)(groups, lr=0.1, **options)
    state = ours.init({name: params[name] for name in SHAPES})
    for step in range(10):
        lr = 0.1 / (1 + step)
        grads = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
        before = [{n: v.copy() for n, v in d.items()} for d in (params, grads, state)]
        moved, moved_state = ours.step(params, grads, state, lr)
        for held, kept in zip((params, grads, state), before, strict=True):
            assert all(np.array_equal(held[n], kept[n]) for n in kept)
        for group in theirs.param_groups:
            group["lr"] = lr
        for name, leaf in leaves.items():
            leaf.grad = torch.tensor(grads[name])
        theirs.step()
        params, state = moved, moved_state
        for name, leaf in leaves.items():
            assert np.allclose(params[name], leaf.detach().numpy(), rtol=1e-12, atol=1e-12), name
    assert np.array_equal(params["stem_norm.mean"], start["stem_norm.mean"])
    assert not any(np.array_equal(params[name], start[name]) for name in SHAPES)


@pytest.mark.parametrize("optimizer", [Sgd(weight_decay=0.1), Adam(weight_decay=0.1)])
def test_single_precision_stays_single(optimizer: Optimizer) -> None:
    """Neither params nor state grow into float64, which would double the memory unseen."""
    params = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}
    moved, state = optimizer.step(params, params, optimizer.init(params), 0.1)
    assert {value.dtype for value in moved.values()} == {np.dtype(np.float32)}
    assert {v.dtype for n, v in state.items() if n != "steps"} == {np.dtype(np.float32)}


def test_schedules() -> None:
    """Cosine begins at the peak, is half of it in the middle and ends just above 0, ever falling."""
    cosine = [learning_rate("cosine", 0.4, step, 100) for step in range(100)]
    assert cosine[0] == 0.4
    assert cosine[50] == pytest.approx(0.2)
    assert 0 < cosine[-1] < 0.4 * 0.0003
    assert all(np.diff(cosine) < 0)
    assert {learning_rate("constant", 0.4, step, 7) for step in range(7)} == {0.4}
    assert isinstance(cosine[3], float)
