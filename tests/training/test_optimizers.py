"""Optimisers against torch.optim, and TensorFlow's RMSProp against its formula, step by step."""

from typing import Any

import numpy as np
import pytest

from npmobilenet.training.optimizers import (
    OPTIMIZERS,
    Adam,
    AdamW,
    Optimizer,
    RmsProp,
    RmsPropTorch,
    Sgd,
    clipped,
)

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
    "nesterov": (
        Sgd(momentum=0.9, nesterov=True, weight_decay=0.05),
        "SGD",
        {"momentum": 0.9, "nesterov": True},
    ),
    "dampening": (
        Sgd(momentum=0.9, dampening=0.4, weight_decay=0.05),
        "SGD",
        {"momentum": 0.9, "dampening": 0.4},
    ),
    "rmsprop": (RmsPropTorch(weight_decay=0.1), "RMSprop", {}),
    "rmsprop with momentum, centered": (
        RmsPropTorch(rho=0.8, momentum=0.7, eps=1e-3, centered=True),
        "RMSprop",
        {"alpha": 0.8, "momentum": 0.7, "eps": 1e-3, "centered": True},
    ),
    "amsgrad": (Adam(amsgrad=True, weight_decay=0.1), "Adam", {"amsgrad": True}),
    "adamw, amsgrad": (
        AdamW(amsgrad=True, beta2=0.5, weight_decay=0.1),
        "AdamW",
        {"amsgrad": True, "betas": (0.9, 0.5)},
    ),
    "adam": (Adam(), "Adam", {}),
    "adamw": (AdamW(weight_decay=0.1), "AdamW", {}),
    "adamw without decay": (AdamW(beta1=0.5, weight_decay=0), "AdamW", {"betas": (0.5, 0.999)}),
    "adam, decay": (
        Adam(beta1=0.8, beta2=0.95, eps=1e-4, weight_decay=0.1),
        "Adam",
        {"betas": (0.8, 0.95), "eps": 1e-4},
    ),
}


def test_only_weights_that_mix_channels_decay() -> None:
    """Standard, pointwise and dense weights; not depthwise ones, biases or batch normalisation."""
    for kind in OPTIMIZERS.values():
        assert {name for name in SHAPES if kind(weight_decay=0.1).decays(name)} == DECAYING
        assert not any(kind(weight_decay=0.0).decays(name) for name in SHAPES)
    all_but_stem = Sgd(weight_decay=0.1, no_decay=("stem*",))
    assert {name for name in SHAPES if all_but_stem.decays(name)} == {
        name for name in SHAPES if not name.startswith("stem")
    }


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


@pytest.mark.parametrize("optimizer", [kind(weight_decay=0.1) for kind in OPTIMIZERS.values()])
def test_single_precision_stays_single(optimizer: Optimizer) -> None:
    """Neither params nor state grow into float64, which would double the memory unseen."""
    params = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}
    moved, state = optimizer.step(params, params, optimizer.init(params), 0.1)
    assert {value.dtype for value in moved.values()} == {np.dtype(np.float32)}
    assert {v.dtype for n, v in state.items() if n != "steps"} == {np.dtype(np.float32)}


def test_rmsprop_is_tensorflows() -> None:
    """Scalar by scalar as `tf.compat.v1.train.RMSPropOptimizer` documents it, ten steps, to 1e-12.

    mean_square = decay * mean_square{t-1} + (1-decay) * gradient ** 2
    mom = momentum * mom{t-1} + learning_rate * g_t / sqrt(mean_square + epsilon)
    variable -= mom,           mean_square beginning at ones
    """
    ours = RmsProp(rho=0.8, momentum=0.7, eps=0.01, weight_decay=0.03)
    rng = np.random.default_rng(1)
    params = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    state = ours.init(params)
    expected = {name: list(map(float, value.ravel())) for name, value in params.items()}
    square = {name: [1.0] * len(values) for name, values in expected.items()}
    mom = {name: [0.0] * len(values) for name, values in expected.items()}
    for step in range(10):
        lr = 0.05 / (1 + step)
        grads = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
        params, state = ours.step(params, grads, state, lr)
        for name, values in expected.items():
            decay = 0.03 if name in DECAYING else 0.0
            for k, g in enumerate(grads[name].ravel()):
                gradient = float(g) + decay * values[k]
                square[name][k] = 0.8 * square[name][k] + 0.2 * gradient**2
                mom[name][k] = 0.7 * mom[name][k] + lr * gradient / (square[name][k] + 0.01) ** 0.5
                values[k] -= mom[name][k]
            assert np.allclose(params[name].ravel(), values, rtol=1e-12, atol=1e-12), name


@pytest.mark.parametrize("norm", [0.5, 3.0, 1e3])
def test_clipping_follows_pytorch(norm: float) -> None:
    """All gradients together, not each array; PyTorch adds 1e-6 to the length it divides by."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    grads = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    leaves = [torch.zeros(g.shape, dtype=torch.float64) for g in grads.values()]
    for leaf, g in zip(leaves, grads.values(), strict=True):
        leaf.grad = torch.tensor(g)
    length = float(torch.nn.utils.clip_grad_norm_(leaves, norm))
    found = clipped(grads, norm)
    for leaf, g in zip(leaves, found.values(), strict=True):
        assert np.allclose(g, leaf.grad.numpy(), rtol=2e-6)
    shrunk = sum(float((g * g).sum()) for g in found.values()) ** 0.5
    assert shrunk == pytest.approx(min(length, norm), rel=1e-12)
    assert clipped(grads, 0.0) is grads


@pytest.mark.parametrize(
    ("kind", "keys", "message"),
    [
        (Sgd, {"lr": 0.0}, "lr must be above 0"),
        (Sgd, {"lr": float("nan")}, "lr must be above 0"),
        (Sgd, {"momentum": 1.0}, "momentum must be at least 0 and below 1"),
        (Adam, {"beta2": -0.1}, "beta2 must be at least 0 and below 1"),
        (RmsProp, {"eps": -1.0}, "eps must be at least 0"),
        (Sgd, {"dampening": 1.0}, "dampening must be at least 0 and below 1"),
        (Sgd, {"dampening": 0.1, "nesterov": True}, "dampening must be 0 with nesterov"),
        (AdamW, {"weight_decay": -1.0}, "weight_decay must be at least 0"),
    ],
)
def test_impossible_settings_are_refused(
    kind: type[Optimizer], keys: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**keys)
