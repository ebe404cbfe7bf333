"""The arrays of a training step by name, as views of a few buffers."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from math import prod
from threading import Thread, current_thread
from typing import TYPE_CHECKING

import numpy as np

from ..kernels.compiling import lock
from ..kernels.optimizers import LINE
from ..models.network_plan import Plan
from .grouping import Computed, from_blocks, into_blocks
from .pack import aligned, up
from .pinned import Pinned

if TYPE_CHECKING:
    from .program import Code


class Flat:
    """Arrays by name, one after the other in one buffer, each from a line on."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        lines = [up(prod(shape), LINE) for shape in shapes.values()]
        self.numbers = aligned(sum(lines))
        starts = zip(shapes, accumulate(lines, initial=0), strict=False)
        self.arrays = {
            name: self.numbers[start : start + prod(shapes[name])].reshape(shapes[name])
            for name, start in starts
        }
        self.at = {name: array.ctypes.data for name, array in self.arrays.items()}


class Buffers(Pinned):
    """What an optimiser moves, running statistics, and what a step gives of either.

    ours: the plan that is compiled; what it has that the plan has not lies beside it, the gradients too.
    frozen: normalisations that keep their statistics; chosen: arrays whose gradients are wanted.
    Whoever works with them has a turn; what a pass left behind is for the Python thread that ran it.
    """

    def __init__(
        self, plan: Plan, ours: Computed, frozen: Collection[str], chosen: Collection[str]
    ) -> None:
        self.plan = plan
        self.trained, self.grads = Flat(plan.parameters), Flat(plan.parameters)
        self.running, self.moved = Flat(plan.statistics), Flat(plan.statistics)
        beside = {n: ours.plan.arrays[n] for n in (*ours.constants, *ours.groups)}
        self._beside, self._beside_grads, self._groups = Flat(beside), Flat(beside), ours.groups
        for name, constant in ours.constants.items():
            self._beside.arrays[name][...] = constant
        self.trained.at |= self._beside.at
        self.grads.at |= self._beside_grads.at
        flats = (
            self.trained,
            self.grads,
            self.running,
            self.moved,
            self._beside,
            self._beside_grads,
        )
        self.nbytes = sum(flat.numbers.nbytes for flat in flats)
        self.frozen, self.chosen = frozenset(frozen), frozenset(chosen)
        self.lock = lock()
        # not its number, which a later thread may be given again
        self._last: Thread | None = None  # that ran the last pass
        # that is in a call; in a forked child it may be one that the child does not have
        self._busy: Thread | None = None
        self.version = 0  # of the parameters

    def pieces(self, code: "Code") -> list[tuple[int, int, list[str]]]:
        """The pass backwards cut where the gradient of an array is complete: calls, and whose.

        Those of groups are complete when all is done, for then they are copied together.
        """
        starts = [*np.flatnonzero(code.calls[1]["calls"]).tolist(), len(code.calls[1])]
        stages = code.names[-(len(starts) - 1) :]
        last = {name.partition(" ")[0]: number for number, name in enumerate(stages)}
        found: dict[int, list[str]] = {len(stages) - 1: []}
        for name in self.grads.arrays:
            layer = name.rpartition(".")[0]
            if name in self.chosen and not self._groups:
                found.setdefault(last[layer], []).append(name)
            elif name in self.chosen:
                found[len(stages) - 1].append(name)
        ends = sorted(found)
        return [
            (starts[before + 1], starts[end + 1], found[end])
            for before, end in zip([-1, *ends], ends, strict=False)
        ]

    def fill_blocks(self) -> None:
        """Weights of groups into what is computed with."""
        for name, groups in self._groups.items():
            into_blocks(self.trained.arrays[name], self._beside.arrays[name], groups)

    def read_blocks(self) -> None:
        """And the gradients of what was computed with into those of the groups."""
        for name, groups in self._groups.items():
            from_blocks(self._beside_grads.arrays[name], self.grads.arrays[name], groups)

    @contextmanager
    def turn(self, what: str) -> Iterator[None]:
        """Of one call; other threads wait.  ValueError in a handler of signals that comes into it."""
        with self.lock:
            if self._busy is current_thread():
                raise ValueError(
                    f"{what}: a call of this training step is not over, and a handler of signals cannot "
                    "make another one meanwhile"
                )
            try:
                self._busy = current_thread()
                yield
            finally:
                self._busy = None

    def filled(self) -> None:
        """This thread has run a pass, or loaded parameters."""
        self._last = current_thread()

    def check(self, what: str) -> None:
        """ValueError where the last pass is not this thread's."""
        if self._last not in (None, current_thread()):
            raise ValueError(
                f"{what}: the last pass was run by another Python thread; where several use one "
                "training step, each holds its `lock` from a pass until what it gives is used"
            )
