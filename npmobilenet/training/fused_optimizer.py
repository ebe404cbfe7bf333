"""An optimiser's step over the flat buffers of a training step.

    move = FusedOptimizer(step, Sgd(lr=0.05))
    loss, logits = step(x, labels)
    move(lr)                                   # step.params are the new ones

The formulas are the optimiser's own (kernels/optimizers.py), compiled; the arrays change in place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..engine.training import TrainingStep
from ..engine.training_arrays import Flat
from ..kernels import optimizers as kernels
from ..ops.checks import Array, number
from .optimizers import AVERAGE, Optimizer

SHARES = 16  # of the sum that clipping needs


class FusedOptimizer:
    """Moves the arrays that a `TrainingStep` trains.

    state: what is remembered, under the names that the optimiser's own `init` gives, as views;
    steps: the number of steps taken.
    clip: longest gradient, 0 for any.  ema: decay of the average of all that moves, 0 for none;
    average: that average by name, as views.
    """

    def __init__(
        self, step: TrainingStep, optimizer: Optimizer, *, clip: float = 0.0, ema: float = 0.0
    ) -> None:
        who = "FusedOptimizer"
        if not isinstance(step, TrainingStep):
            raise TypeError(f"{who}: step must be a TrainingStep, found {type(step).__name__}")
        if not isinstance(optimizer, Optimizer):
            found = type(optimizer).__name__
            raise TypeError(f"{who}: optimizer must be an Optimizer, found {found}")
        if optimizer.formula is None:
            raise NotImplementedError(f"no fused step for the optimiser {optimizer.name!r}")
        self.step, self.optimizer, self.steps = step, optimizer, 0
        self._rung = optimizer.formula.numba
        self.clip = number(who, "clip", clip, "at least 0", lambda v: v >= 0)
        self.ema = number(who, "ema", ema, "at least 0 and below 1", lambda v: 0 <= v < 1)
        self._decays, self._memory = self._lines(), list[Array]()
        self.state: dict[str, Array] = {}
        for kind, first in optimizer.memory.items():
            flat = Flat(step.plan.parameters)
            flat.numbers[:] = first
            self._memory.append(flat.numbers)
            moved = {name: a for name, a in flat.arrays.items() if name in step.trained}
            self.state |= {f"{kind}/{name}": array for name, array in moved.items()}
        self._averages: list[tuple[Array, Array]] = []
        self.average: dict[str, Array] = {}
        for source in (step.buffers.trained, step.buffers.running) if ema else ():
            kept, moving = Flat(source.shapes), {*step.trained, *step.statistics}
            kept.numbers[:] = source.numbers
            self._averages.append((kept.numbers, source.numbers))
            self.average |= {name: a for name, a in kept.arrays.items() if name in moving}

    def _lines(self) -> Array:
        """Of each line of the buffers whether it decays (1), does not (0) or is not trained (-1)."""
        arrays, trained = self.step.buffers.trained.arrays, self.step.trained
        kinds = [self.optimizer.decays(name) if name in trained else -1 for name in arrays]
        lines = [-(-array.size // kernels.LINE) for array in arrays.values()]
        return np.repeat(np.array(kinds, np.int8), lines)

    def load(self, state: Mapping[str, Array], average: Mapping[str, Array], steps: int) -> None:
        """Go on from there: copies in what was remembered after so many steps."""
        with self.step.lock:
            given = {**state, **average}
            for name, array in (self.state | self.average).items():
                array[...] = given[name]
            self.steps = steps

    def __call__(self, lr: float) -> None:
        """One step at this rate; running statistics move too.

        ValueError where the gradients are those of a pass that another Python thread ran.
        """
        lr = number("FusedOptimizer", "lr", lr, "at least 0", lambda v: v >= 0)
        with self.step.lock:
            self.step.buffers.check(f"optimiser {self.optimizer.name}")
            self.steps += 1
            w, dw = self.step.buffers.trained.numbers, self.step.buffers.grads.numbers
            if self.clip:
                self._shorten(dw)
            rest = lr, self.optimizer.weight_decay, *self.optimizer.settings(self.steps)
            self._rung(w, dw, *self._memory, self._decays, *rest)
            self.step.move_statistics()
            decay = min(self.ema, (1 + self.steps) / (10 + self.steps))
            for average, numbers in self._averages:
                AVERAGE.numba(average, numbers, decay)

    def _shorten(self, dw: Array) -> None:
        """Gradients shrunk alike until all of them together are no longer than `clip`."""
        sums = np.zeros(SHARES)
        kernels.numba_squares(dw, self._decays, sums)
        length = float(np.sqrt(sums.sum()))
        if length > self.clip:
            kernels.numba_scale(dw, self.clip / length)
