"""Numbers that are unusual, planted into the arguments of an operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Plant = Callable[[Array, np.random.Generator], Array]


def _some(*values: float) -> Plant:
    """A few elements become these."""

    def plant(x: Array, rng: np.random.Generator) -> Array:
        found = x.copy()
        flat = found.reshape(-1)
        places = rng.permutation(flat.size)[: max(1, min(flat.size // 5, 2 * len(values)))]
        for k, place in enumerate(places):
            flat[place] = values[k % len(values)]
        return found

    return plant


def _denormals(x: Array, rng: np.random.Generator) -> Array:
    tiny = float(np.finfo(x.dtype).tiny)
    return (x * tiny / 64).astype(x.dtype)


def _tiny(x: Array, rng: np.random.Generator) -> Array:
    return (x * 1e-30).astype(x.dtype)


def _huge(x: Array, rng: np.random.Generator) -> Array:
    return (x * 1e30).astype(x.dtype)


def _constant(x: Array, rng: np.random.Generator) -> Array:
    """Every channel has one value everywhere."""
    return np.broadcast_to(x.reshape(-1, x.shape[-1])[0], x.shape).copy()


def _zeros(x: Array, rng: np.random.Generator) -> Array:
    return np.where(rng.random(x.shape) < 0.5, 0.0, -0.0).astype(x.dtype)


def _steep(x: Array, rng: np.random.Generator) -> Array:
    return (np.sign(x) * 1e4).astype(x.dtype)


def _far(x: Array, rng: np.random.Generator) -> Array:
    """Small differences far from 0."""
    return (1e4 + x).astype(x.dtype)


PLANTS: dict[str, Plant] = {
    "NaN": _some(np.nan),
    "+Inf": _some(np.inf),
    "-Inf": _some(-np.inf),
    "NaN, Inf, -Inf": _some(np.nan, np.inf, -np.inf),
    "1e30": _some(1e30),
    "-1e30": _some(-1e30),
    "1e30, -1e30": _some(1e30, -1e30),
    "all about 1e30": _huge,
    "all about 1e-30": _tiny,
    "denormals": _denormals,
    "constant channels": _constant,
    "zeros of both signs": _zeros,
    "+-1e4": _steep,
    "1e4 + x": _far,
}
