"""The arrays of a plan: initial values, and whether a given dict of arrays fits."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import DTypeLike

from ..limits import afford, in_words
from ..ops.checks import Array, plain, shown, shown_name, whole
from ..shown import NamedArrays
from .network_plan import Plan, check_plan


def init(plan: Plan, seed: int, dtype: DTypeLike = np.float32) -> dict[str, Array]:
    """Fresh parameters and running statistics of a plan: one dict, name -> array.

    plan   what `npmobilenet.plan` returned
    seed   of the random numbers, an integer from 0 on
    dtype  of every array: float32 or float64

    Weights are normal with variance 2 / fan_in (He et al. 2015, arXiv:1502.01852, section 2.2), the
    classifier's 1 / fan_in; gamma and running variances 1, all else 0.  Each array has its own stream of
    random numbers, drawn from the seed and its name, so that a change elsewhere in the network does not
    change it.  ValueError or TypeError, naming the argument, for what cannot be, and for more bytes than
    a file of weights may have (`npmobilenet.limits`).
    """
    check_plan(plan)
    if not _is_float(dtype):
        raise ValueError(f"init: dtype must be float32 or float64, found {shown(dtype)}")
    if not whole(seed) or seed < 0:
        raise ValueError(f"init: seed must be an integer of at least 0, found {shown(seed)}")
    size = np.dtype(dtype).itemsize * sum(map(prod, plan.arrays.values()))
    afford(f"init: the arrays of {plan.model} have", size)
    try:
        return _drawn(plan, seed, dtype)
    except (MemoryError, ValueError):  # NumPy counts only so far
        raise ValueError(
            f"init: the {in_words(size)} of {plan.model} do not fit into memory"
        ) from None


def _drawn(plan: Plan, seed: int, dtype: DTypeLike) -> dict[str, Array]:
    params: dict[str, Array] = NamedArrays()
    for layer in plan.layers:
        for name, shape in (layer.arrays | layer.statistics).items():
            full = f"{layer.name}.{name}"
            if name == "weight":
                rng = np.random.default_rng([seed, crc32(full.encode())])
                value: Any = rng.standard_normal(shape) * np.sqrt(layer.gain / layer.fan_in)
            else:
                value = np.full(shape, 1.0 if name in ("gamma", "variance") else 0.0)
            params[full] = value.astype(dtype)
    return params


def _is_float(dtype: DTypeLike) -> bool:
    """Whether it names float32 or float64, of this machine's byte order.

    NumPy also takes None for a float64, and tuples with it.
    """
    if dtype is None or isinstance(dtype, tuple | list):
        return False
    try:
        return np.dtype(dtype) in (np.float32, np.float64)
    except (TypeError, ValueError):  # NumPy knows no such dtype
        return False


def dtype_of(params: Mapping[str, Array]) -> np.dtype[Any]:
    """What parameters share; float32 where a network has none."""
    return next((value.dtype for value in params.values()), np.dtype(np.float32))


def check_params(plan: Plan, params: Mapping[str, Array], *, rung: str | None = None) -> None:
    """ValueError or TypeError, in one line, unless params holds exactly the plan's arrays.

    They must have its shapes and share one dtype, float32 or float64; the loops rung also takes
    number-like objects.
    """
    check_plan(plan)
    if not isinstance(params, Mapping):
        found = type(params).__name__
        raise TypeError(f"params must be a dict of arrays by name, found {found}")
    expected = plan.arrays
    missing = [name for name in expected if name not in params]
    unexpected = [name for name in params if name not in expected]
    if missing or unexpected:
        parts = [
            f"{word} {', '.join(map(shown_name, names[:3]))}"
            + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            for word, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        raise ValueError(f"params do not fit {plan.model}: {'; '.join(parts)}")
    for name in expected:
        if not plain(params[name]):
            found = type(params[name]).__name__
            raise ValueError(
                f"params do not fit {plan.model}: {name} must be an array, found {found}"
            )
    dtype = dtype_of(params)
    if not _is_float(dtype) and not (dtype.hasobject and rung == "loops"):
        raise ValueError(f"params must be float32 or float64, found {dtype}")
    for name, shape in expected.items():
        if params[name].shape != shape:
            raise ValueError(
                f"params do not fit {plan.model}: {name} must be {shape}, found {params[name].shape}"
            )
        if params[name].dtype != dtype:
            raise ValueError(
                f"params must share one dtype: {name} is {params[name].dtype}, not {dtype}"
            )
