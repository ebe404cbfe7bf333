"""One step: what is frozen stays, the average follows, gradients are clipped, soft targets count."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.name_globs import choose, matches
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.step import State, Step

pytestmark = pytest.mark.usefixtures("one_thread")
PLAN = nm.plan("v1-shallow", width=0.1, resolution=8, classes=3, dialect="cifar")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 8, 8, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def taken(step: Step, count: int = 1, state: State | None = None, targets: Any = LABELS) -> State:
    state = state or step.start(nm.init(PLAN, 1))
    for _ in range(count):
        step(state, X, targets, lr=0.1, rng=np.random.default_rng(0))
    return state


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_everything_moves_unless_it_is_frozen() -> None:
    """Weights, gammas, betas and statistics; the parameters given are not touched."""
    params = nm.init(PLAN, 1)
    start = {name: value.copy() for name, value in params.items()}
    step = Step.of(PLAN, Sgd())
    after = taken(step, 2, step.start(params))
    assert moved(params, after.params) == set(PLAN.arrays)
    assert not moved(start, params)
    assert after.step == 2


@pytest.mark.parametrize(
    ("freeze", "move"),
    [
        (("*", "!classifier.*"), ("classifier.",)),
        (
            ("stem*", "blocks.1.*"),
            ("blocks.2.", "blocks.3.", "blocks.4.", "blocks.", "classifier."),
        ),
        (("*.weight", "!classifier.weight"), ("_norm.", "classifier.")),
    ],
)
def test_frozen_arrays_stay(freeze: tuple[str, ...], move: tuple[str, ...]) -> None:
    """To the bit, running statistics of wholly frozen normalisations among them."""
    params = nm.init(PLAN, 1)
    step = Step.of(PLAN, Sgd(weight_decay=0.1), freeze, ema=0.5)
    state = taken(step, 3, step.start(params))
    stay = set(choose(PLAN.parameters, freeze, "freeze"))
    for layer in PLAN.layers:
        if layer.kind == "batch_norm" and f"{layer.name}.gamma" in stay:
            stay |= {f"{layer.name}.mean", f"{layer.name}.variance"}
    assert moved(params, state.params) == set(PLAN.arrays) - stay
    assert set(state.average) == set(PLAN.arrays) - stay
    assert {name.partition("/")[2] for name in state.optimizer} == set(PLAN.parameters) - stay
    assert all(any(part in name for part in move) for name in set(PLAN.arrays) - stay)


def test_frozen_normalisation_uses_its_running_statistics() -> None:
    """What is frozen gives for each image what it gives in prediction, whatever is beside it."""
    params = nm.init(PLAN, 1)
    frozen = [layer.name for layer in PLAN.layers if layer.kind == "batch_norm"]
    logits, _, statistics = nm.forward(PLAN, params, X, train=True, frozen=frozen)
    assert statistics == {}
    np.testing.assert_allclose(logits, nm.infer(PLAN, params, X), rtol=1e-5, atol=1e-6)


def test_the_backward_pass_ends_at_the_lowest_trained_layer() -> None:
    """The gradients that are asked for are those of the whole pass, to the bit."""
    params = nm.init(PLAN, 1)
    logits, tape, _ = nm.forward(PLAN, params, X, train=True)
    whole = nm.backward(PLAN, logits, tape)
    for wanted in (["classifier.bias"], ["blocks.3.pointwise.weight", "classifier.weight"], []):
        part = nm.backward(PLAN, logits, tape, trained=wanted)
        assert list(part) == wanted
        assert all(np.array_equal(part[name], whole[name]) for name in wanted)
        ran = len([layer for layer in PLAN.layers if layer.name in tape])
        assert ran == len(PLAN.layers)


def test_nothing_to_train_and_patterns_that_fit_nothing() -> None:
    with pytest.raises(ValueError, match="leaves nothing to train"):
        Step.of(PLAN, Sgd(), ("*",))
    with pytest.raises(ValueError, match=r"freeze: 'bolcks\.1\.\*' fits no array; one is called '"):
        Step.of(PLAN, Sgd(), ("bolcks.1.*",))


def test_patterns() -> None:
    assert matches("blocks.1.depthwise.weight", ("*.depthwise.weight",))
    assert not matches("blocks.1.depthwise.weight", ("*", "!blocks.1.*"))
    assert matches("blocks.1.depthwise.weight", ("*", "!blocks.1.*", "*.weight"))
    assert not matches("Stem.weight", ("stem*",))
    assert not matches("stem.weight", ())


def test_the_average_follows_tensorflows_rule() -> None:
    """d = min(ema, (1 + t) / (10 + t)) of the value before and 1 - d of the new, t from 1."""
    step = Step.of(PLAN, Sgd(), ema=0.3)
    state = step.start(nm.init(PLAN, 1))
    name = "stem.weight"
    expected = state.params[name].astype(np.float64)
    for t in range(1, 6):
        taken(step, 1, state)
        d = min(0.3, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * state.params[name]
        np.testing.assert_allclose(state.average[name], expected, rtol=1e-5)
    assert state.average[name].dtype == np.float32
    assert np.array_equal(state.best_params[name], state.average[name])
    assert not np.array_equal(state.params[name], state.average[name])
    assert set(state.average) == set(PLAN.arrays)


def test_clipping_bounds_a_step() -> None:
    """Of plain descent the step is lr times the gradient, hence at most lr times the norm."""
    params = nm.init(PLAN, 1)
    step = Step.of(PLAN, Sgd(momentum=0), clip=0.01)
    state = taken(step, 1, step.start(params))
    length = sum(
        float(np.square(state.params[n] - params[n], dtype=np.float64).sum())
        for n in PLAN.parameters
    )
    assert length**0.5 == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_one_hot_targets_are_labels() -> None:
    step = Step.of(PLAN, Sgd(), label_smoothing=0.1)
    by_label, by_row = taken(step), taken(step, targets=np.eye(3, dtype=np.float32)[LABELS])
    assert not moved(by_label.params, by_row.params)


def test_a_loss_that_is_not_finite_changes_nothing() -> None:
    step = Step.of(PLAN, Sgd())
    state = step.start(nm.init(PLAN, 1))
    before = replace(state)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="the loss is nan"):
        step(state, np.full_like(X, np.nan), LABELS, lr=0.1, rng=np.random.default_rng(0))
    assert vars(state) == vars(before)
