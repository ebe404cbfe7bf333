"""The arrays of a training step by name, as views of a few buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

import numpy as np

from ..kernels.compiling import lock
from ..kernels.optimizers import LINE
from ..models.network_plan import Plan
from ..ops.checks import Array
from . import pack


class Flat:
    """Arrays by name, one after the other in one buffer."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
        starts, total = {}, 0
        for name, size in sizes.items():
            starts[name] = total
            total += pack.up(size, LINE)
        self.numbers = pack.aligned(total)
        self.starts = starts
        self.arrays: dict[str, Array] = {
            name: self.numbers[starts[name] : starts[name] + sizes[name]].reshape(shape)
            for name, shape in shapes.items()
        }
        self.at = {name: array.ctypes.data for name, array in self.arrays.items()}


@dataclass
class Buffers:
    """What an optimiser moves, running statistics, and what a step gives of either.

    Whoever works with them holds `lock`; what a pass left behind is for the Python thread that ran it.
    """

    trained: Flat
    running: Flat
    grads: Flat
    moved: Flat
    lock: Any = field(default_factory=lock, kw_only=True)
    _last: int | None = field(default=None, kw_only=True)  # the thread that ran the last pass

    @classmethod
    def of(cls, plan: Plan) -> Buffers:
        """For a plan's arrays."""
        kinds = (plan.parameters, plan.statistics, plan.parameters, plan.statistics)
        return cls(*map(Flat, kinds))

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
