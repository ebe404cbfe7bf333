"""The compiled step of a run does what the plain one does, and keeps its state in one memory."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.optimizers import Adam, AdamW, Optimizer, RmsProp, Sgd
from npmobilenet.training.step import State, Step

pytest.importorskip("numba")

from npmobilenet.training import compiled_step
from npmobilenet.training.compiled_step import CompiledStep, taker

PLAN = nm.plan("v1-shallow", width=0.25, resolution=16, classes=5, dialect="cifar")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((8, 16, 16, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 4, 0, 1, 2])
SOFT = RNG.dirichlet(np.ones(5), 8)


def steps(take: Any, state: State, targets: Any = LABELS, count: int = 2) -> list[float]:
    found = []
    for number in range(count):
        rng = np.random.default_rng(number)
        found.append(take(state, X, targets, lr=0.01, rng=rng)[0])
    return found


def apart(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """Length of the difference of all arrays together, as a share of what is expected."""
    assert list(found) == list(expected)
    one, other = (
        np.concatenate([np.zeros(1), *(np.ravel(a) for a in arrays.values())])
        for arrays in (found, expected)
    )
    return float(np.linalg.norm(one - other) / max(np.linalg.norm(other), 1e-9))


@pytest.mark.parametrize(
    ("optimizer", "settings", "freeze", "targets"),
    [
        (Sgd(weight_decay=1e-3), {"ema": 0.9}, (), LABELS),
        (Sgd(nesterov=True), {"clip": 0.5, "label_smoothing": 0.1}, ("stem*",), LABELS),
        (RmsProp(), {}, ("*", "!classifier.*"), SOFT),
        (Adam(), {"clip": 0.1, "ema": 0.5}, ("*.weight", "!classifier.weight"), LABELS),
        (AdamW(), {}, ("*.gamma",), SOFT),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_steps_are_those_of_the_plain_step(
    optimizer: Optimizer, settings: dict[str, float], freeze: tuple[str, ...], targets: Any
) -> None:
    """Losses, parameters, statistics, what the optimiser remembers, averages; frozen ones to the bit."""
    step, params = Step.of(PLAN, optimizer, freeze, **settings), nm.init(PLAN, 1)
    plain, fast = step.start(params), step.start(params)
    expected = steps(step, plain, targets)
    np.testing.assert_allclose(steps(CompiledStep(step, 8), fast, targets), expected, rtol=1e-4)
    assert fast.step == plain.step == 2
    moves = {name: plain.params[name] - params[name] for name in params}
    moved = {name: fast.params[name] - params[name] for name in params}
    assert apart(moved, moves) < 0.02
    assert [n for n in params if moved[n].any()] == [n for n in params if moves[n].any()]
    assert apart(fast.optimizer, plain.optimizer) < 0.02
    lags = {name: value - params[name] for name, value in plain.average.items()}
    assert apart({n: v - params[n] for n, v in fast.average.items()}, lags) < 0.02


def test_another_state_and_another_size_of_batch() -> None:
    """Going on from a copied state gives the same bits; a shorter batch uses the same parameters."""
    step = Step.of(PLAN, Adam(), ema=0.9)
    take, state = CompiledStep(step, 8), step.start(nm.init(PLAN, 1))
    steps(take, state)
    copied = State(
        {k: v.copy() for k, v in state.params.items()},
        {k: v.copy() for k, v in state.optimizer.items()},
        {k: v.copy() for k, v in state.average.items()},
        state.step,
    )
    for size in (3, 8):
        loss, logits = take(state, X[:size], LABELS[:size], lr=0.01, rng=np.random.default_rng(9))
        assert logits.shape == (size, 5)
    kept = {k: v.copy() for k, v in (state.params | state.optimizer | state.average).items()}
    other = CompiledStep(step, 3)
    for size in (3, 8):
        again, _ = other(copied, X[:size], LABELS[:size], lr=0.01, rng=np.random.default_rng(9))
    assert again == loss
    for name, value in (copied.params | copied.optimizer | copied.average).items():
        assert value.tobytes() == kept[name].tobytes(), name


def test_a_network_without_a_compiled_step_takes_the_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And says so."""
    step = Step.of(PLAN, Sgd())
    assert taker(step, 4, 1, "reference") == (step, "")
    monkeypatch.setattr(compiled_step, "compile_training", refuse)
    take, remark = taker(step, 4, 1)
    assert take is step
    assert (
        remark == "compile_training: blocks.1 is odd: training with the plain step, which is slower"
    )


def refuse(*_: Any, **__: Any) -> None:
    raise NotImplementedError("compile_training: blocks.1 is odd")
