"""NaN, infinities, huge and tiny numbers: operators beside PyTorch, engines beside the executor."""

from __future__ import annotations

import importlib.util
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from npmobilenet.ops.rungs import running
from npmobilenet.verify.cases import Case
from npmobilenet.verify.operators import OPERATORS, Operator

from ..hazard import Found, Hazard, NotHere, Size
from .comparing import different, of_ours, of_torch, sizes
from .exceptions import WIDTHS, Difference, named, only_at_nan
from .networks import networks
from .planting import PLANTS

SEED = 3
TURNS: Mapping[Size, int] = {"tiny": 0, "quick": 1, "whole": 3}
DTYPES = ("float32", "float64")


def drawn(operator: Operator, rng: np.random.Generator, dtype: str) -> Case:
    """A case of the precision."""
    case = operator.draw(lambda low, high: int(rng.integers(low, high + 1)), rng)
    return Case({name: value.astype(dtype) for name, value in case.arrays.items()}, case.settings)


def prove(size: Size) -> Found:
    """Each operator, each kind of numbers, in each argument and in dy, at each rung."""
    if importlib.util.find_spec("torch") is None:
        raise NotHere("PyTorch is not installed")
    tried, bad, exceptions = 0, [], Counter[str]()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for line, name in _operators(size):
            tried += 1
            if name:
                exceptions[name] += 1
            elif line:
                bad.append(line)
        if size != "tiny":
            for line, name in networks(few=size == "quick"):
                tried += 1
                exceptions[name] += bool(name)
                if line and not name:
                    bad.append(line)
    figures = {f"differs by intention, {name}": count for name, count in exceptions.items() if name}
    return Found(tried, tuple(bad), figures)


def _operators(size: Size) -> Iterator[tuple[str, str]]:
    turns = TURNS[size]
    for place, (name, operator) in enumerate(OPERATORS.items()):
        for number, what in enumerate(PLANTS):
            if turns == 0 and (place + number) % 23:
                continue
            arguments = [*drawn(operator, np.random.default_rng(0), "float32").arrays, "dy"]
            wheres = {"tiny": arguments[:1], "quick": [arguments[0], "dy"]}.get(size, arguments)
            for where in wheres:
                if where == "scale":  # which has to be above 0 and finite, and is asked for that
                    continue
                for turn in range(max(1, turns)):
                    for dtype in DTYPES:
                        seed = (SEED, place, number, turn)
                        yield from _compared(name, operator, what, where, dtype, seed, turns == 0)


def _compared(
    name: str,
    operator: Operator,
    what: str,
    where: str,
    dtype: str,
    seed: tuple[int, ...],
    plain: bool,
) -> Iterator[tuple[str, str]]:
    """(what differs, the exception it is) of each rung; both "" where nothing does."""
    rng = np.random.default_rng(seed)
    case = drawn(operator, rng, dtype)
    if where in case.arrays:
        case.arrays[where] = PLANTS[what](case.arrays[where], rng)
    y = of_torch_shape(operator, case)
    dy = rng.standard_normal(y).astype(dtype)
    if where == "dy" and dy.ndim:
        dy = PLANTS[what](dy, rng)
    elif where != "dy" and where not in case.arrays:
        return
    theirs, exact = (of_torch(operator, case, dy, kind) for kind in (dtype, "float64"))
    measure = sizes(operator, case, dy, exact)
    several = len(operator.rungs) > 1
    for rung in running(operator.rungs) if several else (None,):
        if (rung == "simd" and dtype == "float64") or (plain and rung in ("numba", "simd")):
            continue
        line, exception = "", ""
        for key, ours in of_ours(operator, case, dy, rung).items():
            if key not in theirs or line:
                continue
            said = different(ours, theirs[key], measure.get(key), dtype)
            if not said:
                continue
            precise = exact[key].astype(dtype)
            close = not different(ours, precise, measure.get(key), dtype) and dtype == "float32"
            planted = dy if where == "dy" else case.arrays[where]
            at = only_at_nan(ours, theirs[key], planted)
            found = Difference(name, what, where, key, rung or "", at, close)
            exception = named(found)
            if not exception:
                line = f"{name} {dtype} {rung or ''}, {what} in {where}, {seed}: {key} {said}"
        yield line, "" if line else exception


def of_torch_shape(operator: Operator, case: Case) -> tuple[int, ...]:
    """The shape of y."""
    import torch

    leaves: dict[str, Any] = {name: torch.tensor(value) for name, value in case.arrays.items()}
    return tuple(operator.torch(leaves, case.settings)["y"].shape)


HAZARD = Hazard(
    title="NaN, infinities, 1e30, denormals",
    must="as PyTorch, or a difference by intention, named with its reason",
    prove=prove,
)
__all__ = ["HAZARD", "WIDTHS"]
