"""The arrays of a training step by name, as views of a few buffers."""

import math
from collections.abc import Iterable, Mapping
from threading import get_ident

import numpy as np

from ..kernels.compiling import lock
from ..kernels.optimizers import LINE
from ..models.network_plan import Plan
from ..ops.checks import Array
from . import pack


class Flat:
    """Arrays by name, one after the other in one buffer."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        starts = np.cumsum([0, *(pack.up(math.prod(shape), LINE) for shape in shapes.values())])
        self.shapes, self.numbers = shapes, pack.aligned(int(starts[-1]))
        self.arrays: dict[str, Array] = {
            name: self.numbers[start:][: math.prod(shape)].reshape(shape)
            for (name, shape), start in zip(shapes.items(), starts[:-1], strict=True)
        }
        self.at = {name: array.ctypes.data for name, array in self.arrays.items()}


class Buffers:
    """What an optimiser moves, running statistics, and what a step gives of either.

    frozen: batch normalisations; wanted: the arrays whose gradients are asked for.  Whoever works with
    the arrays holds `lock`; what a pass left behind is for the Python thread that ran it.
    """

    def __init__(self, plan: Plan, frozen: Iterable[str], wanted: Iterable[str]) -> None:
        self.plan, self.frozen, self.wanted = plan, frozenset(frozen), frozenset(wanted)
        self.trained, self.grads = Flat(plan.parameters), Flat(plan.parameters)
        self.running, self.moved = Flat(plan.statistics), Flat(plan.statistics)
        self.lock = lock()
        self._last: int | None = None  # the thread that ran the last pass

    def filled(self) -> None:
        """This thread has run a pass."""
        self._last = get_ident()

    def check(self, what: str) -> None:
        """ValueError where the last pass is not this thread's."""
        if self._last not in (None, get_ident()):
            raise ValueError(
                f"{what}: the last pass was run by another Python thread; where several use one "
                "training step, each holds its `lock` from a pass until what it gives is used"
            )

    @property
    def nbytes(self) -> int:
        """Bytes of all four."""
        flats = (self.trained, self.running, self.grads, self.moved)
        return sum(flat.numbers.nbytes for flat in flats)
