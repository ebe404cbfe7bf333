"""Small trained-looking networks for these tests, made once."""

from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.predicting.model import Model

Array = Any
SMALL: dict[str, dict[str, Any]] = {
    "v1": {"width": 0.25, "resolution": 32},
    "v2": {"width": 0.35, "resolution": 32},
    "v3-small": {"width": 0.35, "resolution": 32},
}
COUNT = 8


@cache
def network(model: str = "v1", dialect: str = "paper", classes: int = 5) -> tuple[Any, Any]:
    """Plan and params, with running statistics of real images, so that numbers have ordinary sizes."""
    plan = nm.plan(model, dialect=dialect, classes=classes, **SMALL[model])
    params = nm.init(plan, seed=3)
    rng = np.random.default_rng(1)
    for _ in range(3):
        _, _, moved = nm.forward(plan, params, images(plan), train=True, rng=rng)
        params = params | moved
    return plan, params


def images(plan: Any, seed: int = 0, count: int = COUNT) -> Array:
    size = (count, *plan.resolution, plan.channels)
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


@cache
def quantized(model: str = "v1", dialect: str = "paper", **how: Any) -> tuple[Any, Any]:
    """A quantised plan and its arrays."""
    plan, params = network(model, dialect)
    return nm.quantize(plan, params, images(plan), **how)


def model_of(name: str = "v1", **how: Any) -> Model:
    """A model of integers, with names of classes."""
    made, arrays = quantized(name, **how)
    classes = tuple(f"kind {k}" for k in range(made.plan.classes))
    resolution = made.plan.resolution
    preprocessing = nm.images.Preprocessing(
        resolution=resolution, resize=32, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    return Model(made.plan, dict(arrays), classes, preprocessing, quantized=made)
