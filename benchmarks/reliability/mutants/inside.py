"""Mutants of the formulas tried in this process, for a quick test: verify's own cases, no other tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from types import ModuleType

import numpy as np

from ...mutants import sample
from ..hazard import Found
from ..interpreted import PACKAGE
from .changing import KERNELS, KINDS, Mutant, mutants
from .running import module_of

FILE, OPERATORS, CASES = "pool.py", ("avg_pool2d", "global_avg_pool", "max_pool2d"), 1


def few(count: int, seed: int) -> list[Mutant]:
    """Some mutants of the loops of pooling, no two of a kind."""
    loops = [mutant for mutant in mutants(FILE) if mutant.function.startswith("loops_")]
    return sample([loops], count, seed, KINDS)


def survivors(these: list[Mutant]) -> Found:
    """Those that no drawn case catches."""
    bad = [f"survived: {mutant}" for mutant in these if not caught(mutant)]
    return Found(len(these), tuple(bad), {"caught": len(these) - len(bad)})


def caught(mutant: Mutant) -> bool:
    """Whether a drawn case fails, or ends in an error."""
    from npmobilenet.verify.checks import check_case, on_one_thread
    from npmobilenet.verify.operators import OPERATORS as KNOWN

    with instead(mutant):
        for name in OPERATORS:
            for seed in range(CASES):
                rng = np.random.default_rng(seed)
                case = KNOWN[name].draw(lambda low, high: int(rng.integers(low, high + 1)), rng)  # noqa: B023
                try:
                    outcomes = on_one_thread(
                        partial(check_case, KNOWN[name], case, rng, with_torch=False)
                    )
                except Exception:  # an index beyond an array, say
                    return True
                if not all(outcome.passed for outcome in outcomes):
                    return True
    return False


@contextlib.contextmanager
def instead(mutant: Mutant) -> Iterator[None]:
    """The rung `loops` of a file is the mutant's."""
    right = import_module(module_of(mutant.file))
    changed = ModuleType(right.__name__)
    changed.__package__ = PACKAGE
    code = compile(mutant.tree(), str(KERNELS / mutant.file), "exec", dont_inherit=True)
    exec(code, vars(changed))
    tables = [name for name in ("RUNGS", "MAX_RUNGS") if hasattr(right, name)]
    before = {name: getattr(right, name)["loops"] for name in tables}
    for name in tables:
        getattr(right, name)["loops"] = getattr(changed, name)["loops"]
    try:
        yield
    finally:
        for name, kernels in before.items():
            getattr(right, name)["loops"] = kernels
