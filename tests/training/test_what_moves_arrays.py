"""Optimisers, states and schedules refuse in one line what does not fit, and change nothing then."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.images.augment import shifted
from npmobilenet.images.preprocessing import Preprocessing, normalize
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Adam, Optimizer, Sgd
from npmobilenet.training.schedules import Cosine, Exponential, Piecewise, Schedule

W = {"a.weight": np.ones((2, 3), np.float32)}
DW = {"a.weight": np.full((2, 3), 0.5, np.float32)}

FLAT, WHOLE = {"a.weight": np.ones(3, np.float32)}, {"a.weight": np.ones((2, 3), int)}
ADAM = Adam().init(W)
STEPS: list[tuple[Optimizer, tuple[Any, ...], str]] = [
    (Sgd(), (W, [DW], Sgd().init(W), 0.1), "grads must be a dict of arrays"),
    (Sgd(), (W, {"x": DW["a.weight"]}, Sgd().init(W), 0.1), "params: x must be an array"),
    (Sgd(), (W, WHOLE, Sgd().init(W), 0.1), "grads: a.weight must be an array"),
    (
        Sgd(),
        (W, FLAT, Sgd().init(W), 0.1),
        r"params: a.weight must be an array \(3,\), found float32",
    ),
    (Sgd(), (W, DW, {}, 0.1), "state: velocity/a.weight must be an array"),
    (Adam(), (W, DW, Sgd().init(W), 0.1), "state: .*a.weight must be an array"),
    (Adam(), (W, DW, {**ADAM, "steps": np.array([-5])}, 0.1), "steps must be an integer"),
    (
        Adam(),
        (W, DW, {**ADAM, "steps": np.array([0.5])}, 0.1),
        "state: steps must be an array of int",
    ),
    *((Sgd(), (W, DW, Sgd().init(W), lr), "lr must be") for lr in (np.nan, -1, "x", None)),
]


@pytest.mark.parametrize(("optimizer", "given", "message"), STEPS)
def test_an_optimiser_s_arguments(
    optimizer: Optimizer, given: tuple[Any, ...], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^optimiser {optimizer.name}: {message}"):
        optimizer.step(*given)


@pytest.mark.parametrize("trained", ["abc", {"a": None}, {"a": np.array(["x"])}, None])
def test_what_is_remembered_of_no_arrays(trained: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^optimiser adam: trained"):
        Adam().init(trained)


def test_a_state_is_taken_whole_or_not_at_all() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    moves = FusedOptimizer(nm.compile_training(plan, nm.init(plan, 0), 2, 1), Adam(), ema=0.9)
    right = {name: np.full_like(value, 0.5) for name, value in moves.state.items()}
    average = {name: np.full_like(value, 0.5) for name, value in moves.average.items()}
    last = list(right)[-1]
    for state, kept, steps in (
        ({}, average, 0), ({**right, last: right[last][..., :1]}, average, 0), (right, {}, 0),
        ({**right, last: right[last].astype(complex)}, average, 0), (right, average, -1),
        (right, average, "3"), (right, None, 0),
    ):  # fmt: skip
        before = {name: value.copy() for name, value in moves.state.items()}
        with pytest.raises((TypeError, ValueError), match=r"^FusedOptimizer: load: "):
            moves.load(state, kept, steps)  # type: ignore[arg-type]
        assert all(np.array_equal(value, before[name]) for name, value in moves.state.items())
    moves.load(right, average, 7)
    assert (moves.steps, moves.state[last].min(), moves.average["stem.weight"].max()) == (
        7,
        0.5,
        0.5,
    )


SCHEDULES: list[tuple[Schedule, tuple[Any, ...], str]] = [
    *((Cosine(), given, "cosine: (step|steps|epochs) must be") for given in (
        (0, 0, 1), (0, 10, 0), (-1, 10, 1), (10, 10, 1), (np.nan, 10, 1), ("0", 10, 1), (0, 10**400, 1),
        (0, 10, 1.5),
    )),
    (Cosine(warmup_epochs=5.0), (10, 10, 5), "step must be below steps"),
    (Exponential(gamma=1e300), (9, 10, 5), "beyond all numbers"),
    (Exponential(every=1e-308), (9, 10, 5), "beyond all numbers"),
    (Piecewise(factor=1e300, epochs=(1.0, 2.0, 3.0)), (9, 10, 5), "beyond all numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "given", "message"), SCHEDULES)
def test_a_schedule_s_arguments(schedule: Schedule, given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^schedule {schedule.name}: .*{message}|{message}"):
        schedule.factor_of(*given)


@pytest.mark.parametrize("down", [-100, -28, -27, 0, 5, 28, 29, 56, 57, 2**40])
def test_an_image_may_be_moved_out_of_sight(down: int) -> None:
    pixels = np.arange(28 * 28, dtype=np.uint16).astype(np.uint8).reshape(28, 28, 1)
    found = shifted(pixels, down, 0)
    expected = np.zeros_like(pixels)
    for row in range(28):
        if 0 <= row - down < 28:
            expected[row] = pixels[row - down]
    assert np.array_equal(found, expected)
    assert np.array_equal(shifted(pixels.swapaxes(0, 1), 0, down), expected.swapaxes(0, 1))


def test_no_images_are_normalised_to_none() -> None:
    how = Preprocessing(resolution=(28, 28), resize=None, channels=1, mean=(0.5,), std=(0.5,))
    found = normalize(np.zeros((0, 28, 28, 1), np.uint8), how)
    assert (found.shape, found.dtype) == ((0, 28, 28, 1), np.float32)


def test_what_no_network_takes() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    params = nm.init(plan, 0)
    x = np.zeros((2, 32, 32, 3), np.float32)
    with pytest.raises(ValueError, match=r"unexpected 'a\\nb\\x1b\[31m'$"):
        nm.forward(plan, {**params, "a\nb\x1b[31m": x}, x)
    _, tape, _ = nm.forward(plan, params, x, train=True)
    for wrong in ("junk", np.zeros((2, 4), np.float32), None):
        with pytest.raises(ValueError, match=r"backward: dlogits must be an array \(N, 3\), found"):
            nm.backward(plan, wrong, tape, trained=[])  # type: ignore[arg-type]


def test_a_network_without_arrays_runs_and_one_without_layers_is_none() -> None:
    from dataclasses import replace

    from npmobilenet.models.layers import GlobalAveragePool

    plan = nm.plan("v1", resolution=8, classes=3)
    pool = replace(
        plan, layers=(GlobalAveragePool(name="pool", inputs=("image",), input=(8, 8, 3)),)
    )
    x = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    np.testing.assert_allclose(nm.forward(pool, {}, x)[0], x.mean((1, 2)), 1e-6)
    with pytest.raises(ValueError, match="Plan: layers must be at least one"):
        replace(plan, layers=())
