"""The engine gives the reference's numbers: every model and dialect, any size, batch and thread count."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.models.dialects import DIALECTS
from npmobilenet.ops.checks import Array

TOLERANCE = 1e-5  # of the largest logit

PAIRS = [
    (model, name)
    for model in nm.MODELS
    for name, dialect in DIALECTS.items()
    if model[:2] in dialect.versions
]


def trained_looking(plan: nm.Plan, seed: int = 0) -> dict[str, Array]:
    """Parameters as after training: statistics that are those of the data, gains near 1.

    One training step with momentum 1 measures the statistics, so that no activation dies or grows
    from layer to layer; random biases and gains hide no mistake in folding.
    """
    rng = np.random.default_rng(seed)
    params = nm.init(plan, seed)
    for name, value in params.items():
        kind = name.rpartition(".")[2]
        if kind == "gamma":
            params[name] = rng.uniform(0.8, 1.2, value.shape).astype(np.float32)
        elif kind in ("beta", "bias"):
            params[name] = rng.normal(0, 0.2, value.shape).astype(np.float32)
    x = images(plan, 4, seed)
    *_, statistics = nm.forward(plan, params, x, train=True, rng=np.random.default_rng(0))
    for name in plan.statistics:
        momentum = plan[name.rpartition(".")[0]].momentum  # type: ignore[attr-defined]
        moved = params[name] + (statistics[name] - params[name]) / momentum
        spread = 0.1 * name.endswith("variance")  # a few pixels may be all alike
        params[name] = (moved * rng.uniform(0.8, 1.2, moved.shape) + spread).astype(np.float32)
    return params


def images(plan: nm.Plan, count: int, seed: int = 1) -> Array:
    shape = (count, *plan.resolution, plan.channels)
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def distance(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def check(plan: nm.Plan, batch: int, threads: int = 2, seed: int = 0) -> None:
    params = trained_looking(plan, seed)
    x = images(plan, batch)
    expected = nm.infer(
        plan, {k: v.astype(np.float64) for k, v in params.items()}, x.astype(np.float64)
    )
    found = nm.compile(plan, params, batch, threads)(x)
    assert found.shape == expected.shape
    assert distance(found, expected) < TOLERANCE
    other = nm.compile(plan, params, batch, 3 - threads)(x)
    np.testing.assert_array_equal(found, other)


@pytest.mark.parametrize(("model", "dialect"), PAIRS)
def test_every_model_in_every_dialect(model: str, dialect: str) -> None:
    size = 32 if dialect != "tutorial-a" else 16  # without strides every layer is as large
    check(nm.plan(model, dialect=dialect, width=0.25, resolution=size, classes=11), 2)


@cache
def _known(model: str) -> tuple[str, ...]:
    return tuple(d for m, d in PAIRS if m == model and d != "tutorial-a")


@st.composite
def networks(draw: Any) -> tuple[nm.Plan, int, int]:
    model = draw(st.sampled_from(sorted(nm.MODELS)))
    top = draw(st.booleans())
    dialect = draw(st.sampled_from(_known(model)))
    low = 33 if dialect == "keras" else 17  # Keras pads nothing above and left: smaller maps end
    plan = nm.plan(
        model,
        dialect=dialect,
        width=draw(st.sampled_from([0.25, 0.35, 0.5, 0.75, 1.0, 1.4])),
        resolution=(draw(st.integers(low, 50)), draw(st.integers(low, 50))),
        classes=draw(st.integers(1, 40)) if top else None,
        channels=draw(st.integers(1, 4)),
        include_top=top,
    )
    return plan, draw(st.integers(1, 5)), draw(st.sampled_from([1, 2]))


@settings(max_examples=8, deadline=None)
@given(networks())
def test_any_size(case: tuple[nm.Plan, int, int]) -> None:
    check(*case)
