"""What the kernels of a file compute on many random cases: the same, where a mutant is equivalent.

The same bits; or, where a mutant only adds in another order, the same but for rounding.

    operators      verify's drawn cases, every rung, forwards and backwards
    integers       the integer operators' cases, every rung, both roundings
    optimizers     three steps of each, both rungs
    inference      compiled networks on random images and parameters
    training       compiled steps: logits, moved statistics, all gradients
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
INFERRED = (("v1", "cifar"), ("v3-small", "paper"), ("v1-full", "cifar"), ("v2", "torchvision"))
TRAINED = (("v1-shallow", "cifar"), ("v3-small", "paper"))


def operators(names: tuple[str, ...], count: int, seed: int) -> Iterator[Array]:
    """So many cases, by turns of these operators."""
    from npmobilenet.ops.rungs import running
    from npmobilenet.verify.operators import OPERATORS

    for index in range(count):
        operator = OPERATORS[names[index % len(names)]]
        rng = np.random.default_rng((seed, index))
        case = operator.draw(lambda low, high, rng=rng: int(rng.integers(low, high + 1)), rng)  # type: ignore[misc]
        for rung in running(operator.rungs):
            dtype = np.float32 if rung == "simd" else np.float64
            arrays = {name: value.astype(dtype) for name, value in case.arrays.items()}
            found, cache = operator.run(arrays, case.settings, rung)
            dy = rng.standard_normal(found["y"].shape).astype(dtype)
            yield from (np.asarray(value) for value in found.values())
            yield from (np.asarray(value) for value in operator.gradients(dy, cache).values())


def integers(names: tuple[str, ...], count: int, seed: int) -> Iterator[Array]:
    """The same of integers."""
    from npmobilenet.ops.rungs import running
    from tests.integer_cases import CASES
    from tests.kernels.test_integer_rungs import PRODUCTS

    for index in range(count):
        name = names[index % len(names)]
        case = CASES[name](np.random.default_rng((seed, index)))
        for rounding in ("double", "single"):
            for rung in running():
                if rung != "simd" or name in PRODUCTS:
                    yield case.run(rounding=rounding, rung=rung)


def optimizers(names: tuple[str, ...], count: int, seed: int) -> Iterator[Array]:
    """What three steps on random gradients leave, by both rungs."""
    from npmobilenet.kernels.optimizers import LINE
    from tests.kernels.test_optimizer_rungs import OPTIMIZERS

    for index in range(count):
        optimizer = OPTIMIZERS[index % len(OPTIMIZERS)]
        assert optimizer.formula
        for rung in optimizer.formula:
            rng = np.random.default_rng((seed, index))
            decays = rng.integers(-1, 2, 9).astype(np.int8)
            w = rng.standard_normal(9 * LINE).astype(np.float32)
            arrays = [w, *(np.full_like(w, first) for first in optimizer.memory.values())]
            for t in (1, 2, 3):
                dw = rng.standard_normal(w.shape).astype(np.float32)
                rung(arrays[0], dw, *arrays[1:], decays, 0.01, 0.1, *optimizer.settings(t))
            yield from arrays


def inference(names: tuple[str, ...], count: int, seed: int) -> Iterator[Array]:
    """Logits of so many batches."""
    import npmobilenet as nm

    for number, (model, dialect) in enumerate(INFERRED):
        plan = nm.plan(model, dialect=dialect, width=0.25, resolution=32, classes=11)
        engine = nm.compile(plan, nm.init(plan, seed), 2, 1)
        for index in range(count // len(INFERRED)):
            rng = np.random.default_rng((seed, number, index))
            yield engine(rng.standard_normal((2, 32, 32, 3), np.float32)).copy()


def training(names: tuple[str, ...], count: int, seed: int) -> Iterator[Array]:
    """Results of so many steps."""
    import npmobilenet as nm
    from npmobilenet.engine.training import compile_training

    for number, (model, dialect) in enumerate(TRAINED):
        plan = nm.plan(model, dialect=dialect, width=0.25, resolution=32, classes=11)
        step = compile_training(plan, nm.init(plan, seed), 3, threads=1)
        for index in range(count // len(TRAINED)):
            rng = np.random.default_rng((seed, number, index))
            x = rng.standard_normal((3, 32, 32, 3), np.float32)
            logits, statistics = step.forward(x, rng=np.random.default_rng(0))
            yield logits.copy()
            yield from (value.copy() for value in statistics.values())
            gradients = step.backward(rng.standard_normal(logits.shape, np.float32))
            yield from (value.copy() for value in gradients.values())


WAYS: dict[str, Callable[[tuple[str, ...], int, int], Iterator[Array]]] = {
    "operators": operators,
    "integers": integers,
    "optimizers": optimizers,
    "inference": inference,
    "training": training,
}


def digest(way: str, names: tuple[str, ...], count: int, seed: int) -> str:
    """A hash of all their bits."""
    found = hashlib.sha256()
    for array in WAYS[way](names, count, seed):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def near(some: list[Array], others: list[Array]) -> bool:
    """Whether all differences are roundings: 1e-12 of the largest entry, 1e-5 in float32."""
    from npmobilenet.verify.checks import scaled_error

    return len(some) == len(others) and all(
        scaled_error(one, other) < (1e-5 if one.dtype == np.float32 else 1e-12)
        for one, other in zip(some, others, strict=True)
    )
