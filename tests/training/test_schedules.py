"""Schedules of the learning rate: their ends, their corners, and PyTorch's as witnesses."""

from typing import Any

import numpy as np
import pytest

from npmobilenet.training.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Piecewise,
    Schedule,
)

STEPS, EPOCHS = 120, 12


def factors(schedule: Schedule, steps: int = STEPS, epochs: int = EPOCHS) -> list[float]:
    return [schedule.factor_of(step, steps, epochs) for step in range(steps)]


def test_cosine_begins_at_the_peak_and_ends_just_above_its_floor() -> None:
    cosine = factors(Cosine(), 100, 10)
    assert cosine[0] == 1
    assert cosine[50] == pytest.approx(0.5)
    assert 0 < cosine[-1] < 0.0003
    assert all(np.diff(cosine) < 0)
    assert factors(Cosine(floor=0.1))[-1] == pytest.approx(0.1, abs=0.001)
    assert set(factors(Constant())) == {1.0}


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_rises_in_a_line_to_the_peak(name: str) -> None:
    schedule = SCHEDULES[name](warmup_epochs=2)
    rising = factors(schedule)[:21]
    assert rising[:20] == pytest.approx([(k + 1) / 20 for k in range(20)])
    assert rising[20] == pytest.approx(factors(SCHEDULES[name]())[20] if name != "cosine" else 1)


def test_a_warm_up_longer_than_the_run() -> None:
    """All of the run is warm-up; nothing is divided by zero."""
    found = factors(Cosine(warmup_epochs=99), 10, 5)
    assert found == pytest.approx([(k + 1) / 10 for k in range(10)])


@pytest.mark.parametrize("per_epoch", [1, 3, 7, 10, 13])
def test_stairs_lie_at_the_ends_of_epochs(per_epoch: int) -> None:
    """Whole epochs have one rate, whatever the number of steps an epoch divides into."""
    steps = per_epoch * EPOCHS
    stairs = factors(Exponential(gamma=0.5), steps)
    assert stairs == [0.5 ** (step // per_epoch) for step in range(steps)]
    thirds = factors(Exponential(gamma=0.99, every=3), steps)
    assert thirds == pytest.approx([0.99 ** (step // (3 * per_epoch)) for step in range(steps)])
    pieces = factors(Piecewise(epochs=(2, 5), factor=0.1), steps)
    expected = [1.0] * 2 * per_epoch + [0.1] * 3 * per_epoch + [0.01] * (steps - 5 * per_epoch)
    assert pieces == pytest.approx(expected)


def test_exponential_without_stairs_falls_at_every_step() -> None:
    smooth = factors(Exponential(gamma=0.9, staircase=False))
    assert smooth == pytest.approx([0.9 ** (step / 10) for step in range(STEPS)])


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (Cosine(), "CosineAnnealingLR", {"T_max": STEPS}),
        (Piecewise(epochs=(3, 7)), "MultiStepLR", {"milestones": [30, 70], "gamma": 0.1}),
        (Exponential(gamma=0.9, every=2), "StepLR", {"step_size": 20, "gamma": 0.9}),
    ],
)
def test_pytorchs_schedules(ours: Schedule, name: str, options: dict[str, Any]) -> None:
    """Theirs, stepped once a batch, give the same rates."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    theirs = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    for factor in factors(ours):
        assert 0.4 * factor == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(
    ("kind", "keys", "message"),
    [
        (Cosine, {"warmup_epochs": -1.0}, "warmup_epochs must be at least 0"),
        (Cosine, {"floor": 2.0}, "floor must be within 0..1"),
        (Exponential, {"gamma": 0.0}, "gamma must be above 0"),
        (Exponential, {"every": 0.0}, "every must be above 0"),
        (Piecewise, {"factor": -0.1}, "factor must be above 0"),
    ],
)
def test_impossible_schedules_are_refused(
    kind: type[Schedule], keys: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**keys)
