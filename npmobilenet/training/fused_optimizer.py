"""An optimiser's step over the flat buffers of a training step.

    moves = FusedOptimizer(step, Sgd(lr=0.05))
    loss, logits = step(x, labels)
    moves(lr)                                  # step.params are the new ones

The formulas are those of `npmobilenet.training.optimizers`; here they change the arrays in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.training import TrainingStep
from ..engine.training_arrays import LINE, Flat
from ..ops.checks import Array, number

if TYPE_CHECKING:
    from .optimizers import Optimizer

SHARES = 16  # of the sum that clipping needs


class FusedOptimizer:
    """Moves the arrays that a `TrainingStep` trains.

    state: what is remembered, under the names that the optimiser's own `init` gives, as views;
    steps: the number of steps taken.
    clip: longest gradient, 0 for any.  ema: decay of the average of all that moves, 0 for none;
    average: that average by name, as views.
    """

    def __init__(
        self,
        step: TrainingStep,
        optimizer: Optimizer,
        *,
        clip: float = 0.0,
        ema: float = 0.0,
    ) -> None:
        from ..kernels import optimizers as train_optimizers
        from .optimizers import Optimizer

        for words, value, wanted in (
            ("step must be a TrainingStep", step, TrainingStep),
            ("optimizer must be an Optimizer", optimizer, Optimizer),
        ):
            if not isinstance(value, wanted):
                raise TypeError(f"FusedOptimizer: {words}, found {type(value).__name__}")
        if not hasattr(self, f"_{optimizer.name}"):
            raise NotImplementedError(f"no fused step for the optimiser {optimizer.name!r}")
        self.step, self.optimizer = step, optimizer
        self.clip = number("FusedOptimizer", "clip", clip, "at least 0", lambda v: v >= 0)
        self.ema = number(
            "FusedOptimizer", "ema", ema, "at least 0 and below 1", lambda v: 0 <= v < 1
        )
        self._kernels = train_optimizers
        remembered = optimizer.init(step.buffers.trained.arrays)
        keys = {key: key.partition("/") for key in remembered if "/" in key}
        self._memory = {kind: Flat(step.plan.parameters) for kind, _, _ in keys.values()}
        self.state: dict[str, Array] = {}
        for key, (kind, _, name) in keys.items():
            own = self._memory[kind].arrays[name]
            own[...] = remembered[key]
            if name in step.trained:
                self.state[key] = own
        self.steps = 0
        flat = step.buffers.trained
        self._decays = np.full(flat.numbers.size // LINE, -1, np.float32)
        self._decayed = np.zeros(self._decays.size, bool)
        for name, array in flat.arrays.items():
            first = flat.starts[name] // LINE
            lines = slice(first, first - (-array.size // LINE))
            if name in step.trained:
                self._decays[lines] = 0
                self._decayed[lines] = optimizer.decays(name)
        if optimizer.name != "adamw":  # which shrinks the weights themselves
            self._decays[self._decayed] = optimizer.weight_decay
        self._averages = []
        self.average: dict[str, Array] = {}
        if ema:
            for source in (step.buffers.trained, step.buffers.running):
                kept = Flat({name: a.shape for name, a in source.arrays.items()})
                kept.numbers[:] = source.numbers
                self._averages.append((kept.numbers, source.numbers))
                moves = {
                    n: a
                    for n, a in kept.arrays.items()
                    if n in step.trained or n in step.statistics
                }
                self.average |= moves

    def load(self, state: Mapping[str, Array], average: Mapping[str, Array], steps: int) -> None:
        """Go on from there: copies in what was remembered after so many steps."""
        with self.step.lock:
            for own, given in ((self.state, state), (self.average, average)):
                for name, array in own.items():
                    array[...] = given[name]
            self.steps = steps

    def __call__(self, lr: float) -> None:
        """One step at this rate; running statistics move too.

        ValueError where the gradients are those of a pass that another Python thread ran.
        """
        lr = number("FusedOptimizer", "lr", lr, "at least 0", lambda v: v >= 0)
        with self.step.lock:
            self.step.buffers.check(f"optimiser {self.optimizer.name}")
            self._move(lr)

    def _move(self, lr: float) -> None:
        self.steps += 1
        if self.clip:
            self._shorten()
        getattr(self, f"_{self.optimizer.name}")(lr)
        self.step.move_statistics()
        if self.ema:
            d = min(self.ema, (1 + self.steps) / (10 + self.steps))
            for average, numbers in self._averages:
                self._kernels.average(average, numbers, np.float32(d), np.float32(1 - d))

    def _arrays(self) -> tuple[Any, ...]:
        kept = (flat.numbers for flat in self._memory.values())
        return (
            self.step.buffers.trained.numbers,
            self.step.buffers.grads.numbers,
            *kept,
            self._decays,
        )

    def _sgd(self, lr: float) -> None:
        o: Any = self.optimizer
        self._kernels.sgd(*self._arrays(), *_numbers(lr, o.momentum), o.nesterov)

    def _rmsprop(self, lr: float) -> None:
        o: Any = self.optimizer
        settings = _numbers(lr, o.rho, 1 - o.rho, o.momentum, o.eps)
        self._kernels.rmsprop(*self._arrays(), *settings)

    def _adam(self, lr: float) -> None:
        o: Any = self.optimizer
        shrinks = np.ones(self._decays.size, np.float32)
        if o.name == "adamw":
            shrinks[self._decayed] = 1 - lr * o.weight_decay
        t = self.steps
        settings = _numbers(
            o.beta1, 1 - o.beta1, o.beta2, 1 - o.beta2, lr / (1 - o.beta1**t), 1 - o.beta2**t, o.eps
        )
        self._kernels.adam(*self._arrays(), shrinks, *settings)

    _adamw = _adam

    def _shorten(self) -> None:
        """Gradients shrunk alike until all of them together are no longer than `clip`."""
        sums = np.zeros(SHARES)
        self._kernels.squares_of(self.step.buffers.grads.numbers, self._decays, sums)
        length = float(np.sqrt(sums.sum()))
        if length > self.clip:
            self._kernels.shrink(self.step.buffers.grads.numbers, np.float32(self.clip / length))


def _numbers(*values: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(value) for value in values)
