"""An optimiser's step over the flat buffers of a training step.

The formulas are the optimiser's own (kernels/optimizers.py), compiled; the arrays change in place.
"""

from collections.abc import Mapping

import numpy as np

from ..engine.pinned import Pinned
from ..engine.training import TrainingStep
from ..engine.training_arrays import Flat
from ..kernels import optimizers as kernels
from ..ops.checks import Array, arrays, integer, number
from .optimizers import AVERAGE, Optimizer

SHARES = 16  # of the sum that clipping needs


class FusedOptimizer(Pinned):
    """Moves the arrays that a `TrainingStep` trains, in place.

    step       the `TrainingStep`
    optimizer  an `Optimizer`: which formula, with which settings
    clip       longest gradient, over all arrays together; 0: any
    ema        decay of the average of all that moves; 0: none

    moves(lr) is one step.  state is what is remembered, under the names that the optimiser's own `init`
    gives, and average that average by name, both as views; steps is how many steps were taken.
    """

    instead = "make another one for its step"

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
        self._memory = {kind: Flat(step.plan.parameters) for kind in optimizer.memory}
        self.state: dict[str, Array] = {}
        for kind, flat in self._memory.items():
            flat.numbers[:] = optimizer.memory[kind]
            own = {f"{kind}/{name}": a for name, a in flat.arrays.items() if name in step.trained}
            self.state |= own
        marks = Flat(step.plan.parameters)
        marks.numbers[:] = -1
        for name in step.trained:
            marks.arrays[name][...] = optimizer.decays(name)
        # of each line, with which an array begins: 1 decays, 0 does not, -1 is not trained
        self._decays = marks.numbers[:: kernels.LINE].astype(np.int8)
        self._averages: list[tuple[Array, Array]] = []
        self.average: dict[str, Array] = {}
        if ema:
            moving = {*step.trained, *step.statistics}
            for source in (step.buffers.trained, step.buffers.running):
                kept = Flat({name: a.shape for name, a in source.arrays.items()})
                kept.numbers[:] = source.numbers
                self._averages.append((kept.numbers, source.numbers))
                self.average |= {name: a for name, a in kept.arrays.items() if name in moving}

    def load(self, state: Mapping[str, Array], average: Mapping[str, Array], steps: int) -> None:
        """Go on from there: copies in what was remembered after so many steps.

        state and average may hold more.  TypeError or ValueError, and nothing is changed, where they lack
        something, or steps is no number of steps.
        """
        who = "FusedOptimizer: load"
        for argument, given, own in (
            ("state", state, self.state),
            ("average", average, self.average),
        ):
            arrays(who, argument, given, {name: value.shape for name, value in own.items()})
        steps = integer(who, "steps", steps, 0)
        with self.step.buffers.turn(who):
            for given, own in ((state, self.state), (average, self.average)):
                copies = {name: given[name].copy() for name in own}  # some may be our own
                for name, array in own.items():
                    array[...] = copies[name]
            self.steps = steps

    def __call__(self, lr: float) -> None:
        """One step at this rate; running statistics move too.

        ValueError where the gradients are those of a pass that another Python thread ran.
        """
        lr = number("FusedOptimizer", "lr", lr, "at least 0", lambda v: v >= 0)
        what = f"optimiser {self.optimizer.name}"
        with self.step.buffers.turn(what):
            self.step.buffers.check(what)
            self.step.buffers.version += 1
            self.steps += 1
            w, dw = self.step.buffers.trained.numbers, self.step.buffers.grads.numbers
            if self.clip:
                self._shorten(dw)
            memory = (flat.numbers for flat in self._memory.values())
            settings = (self.optimizer.weight_decay, *self.optimizer.settings(self.steps))
            self._rung(w, dw, *memory, self._decays, lr, *settings)
            self.step._move_statistics()
            d = min(self.ema, (1 + self.steps) / (10 + self.steps))
            for average, numbers in self._averages:  # none without an average
                AVERAGE.numba(average, numbers, d)

    def _shorten(self, dw: Array) -> None:
        """Gradients shrunk alike until all of them together are no longer than `clip`."""
        sums = np.zeros(SHARES)
        kernels.numba_squares(dw, self._decays, sums)
        length = float(np.sqrt(sums.sum()))
        if length > self.clip:
            kernels.numba_scale(dw, self.clip / length)
