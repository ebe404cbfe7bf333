"""train.accumulate: a batch in parts, one after the other, on one process and without MPI."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.ranks.world import Ranks
from npmobilenet.training.compiled_step import CompiledStep
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.parts import Share
from npmobilenet.training.shared_step import SharedStep
from npmobilenet.training.step import State, Step
from tests.training.runs import CONFIG, DIALECT, PLAN, after, require_the_same, run

RNG = np.random.default_rng(0)
X, LABELS = RNG.standard_normal((11, 8, 8, 3)), RNG.integers(0, 3, 11)
QUARTERS = replace(CONFIG, train=replace(CONFIG.train, batch=11, accumulate=4, ema=0.5))


def start(step: Step) -> State:
    return step.start({name: value.astype(np.float64) for name, value in nm.init(PLAN, 1).items()})


def taken(step: Step, parts: int) -> dict[str, Any]:
    """All that moves, and the losses, after two steps."""
    take: Any = step
    given: dict[str, Any] = {"lr": 0.01}
    if parts > 1:
        take, given["of"] = SharedStep(step, Ranks(), Share(parts=parts)), len(X)
    state = start(step)
    losses = [
        take(state, X, LABELS, rng=np.random.default_rng(number), **given)[0] for number in range(2)
    ]
    return {**state.params, **state.optimizer, "losses": np.array(losses)}


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_parts_are_the_whole_where_statistics_are_frozen(parts: int) -> None:
    """float64, with dropout: the same losses, weights and momentum; eleven images do not divide."""
    step = Step.of(PLAN, Sgd(), ("*.gamma", "*.beta"))
    whole = taken(step, 1)
    for name, value in taken(step, parts).items():
        np.testing.assert_allclose(value, whole[name], rtol=0, atol=1e-12, err_msg=name)


def test_each_part_is_normalised_by_itself() -> None:
    """Running statistics move towards the weighted mean of what each part would move them to."""
    step, rng = Step.of(PLAN, Sgd()), np.random.default_rng(0)
    state = start(step)
    expected: dict[str, Any] = {}
    for a, b in Share(parts=3).pieces(len(X)):
        _, _, statistics, _ = step.look(state, X[a:b], LABELS[a:b], rng)
        for name, value in statistics.items():
            expected[name] = expected.get(name, 0) + value * (b - a) / len(X)
    SharedStep(step, Ranks(), Share(parts=3))(state, X, LABELS, lr=0.01, rng=rng, of=len(X))
    first = next(iter(expected)).split(".")[0]  # what lies behind it has no dropout before it
    for name in (f"{first}.mean", f"{first}.variance"):
        np.testing.assert_allclose(state.params[name], expected[name], rtol=1e-12)


def test_compiled_parts_are_those_of_the_plain_step() -> None:
    """The step that two parts lead to, as one long vector, by rounding."""
    pytest.importorskip("numba")
    plan = nm.plan("v1-shallow", width=0.25, resolution=16, classes=5, dialect=DIALECT)
    step, x, labels = Step.of(plan, Sgd()), RNG.standard_normal((16, 16, 16, 3)), np.arange(16) % 5
    moves = []
    for take, dtype in ((step, np.float64), (CompiledStep(step, 8), np.float32)):
        params = {name: value.astype(dtype) for name, value in nm.init(plan, 1).items()}
        state, shared = step.start(params), SharedStep(take, Ranks(), Share(parts=2))
        shared(state, x.astype(dtype), labels, lr=1.0, rng=np.random.default_rng(0), of=16)
        moves.append(np.concatenate([np.ravel(state.params[n] - params[n]) for n in params]))
    assert np.linalg.norm(moves[1] - moves[0]) < 1e-4 * np.linalg.norm(moves[0])


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_going_on_gives_the_same_bits(engine: str, tmp_path: Path) -> None:
    config = replace(QUARTERS, train=replace(QUARTERS.train, engine=engine))
    run(tmp_path / "straight", config)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", config, stop=after(11))
    run(tmp_path / "stopped", config, resume=True)
    require_the_same(tmp_path / "stopped", tmp_path / "straight")


def test_it_is_one_part_or_more() -> None:
    with pytest.raises(ValueError, match="accumulate must be above 0, found 0"):
        replace(CONFIG.train, accumulate=0)
