"""How the learning rate moves: a factor of its peak for every step, counted from 0.

    constant     1
    cosine       1/2 (1 + cos(pi t)), t from 0 to just below 1      Loshchilov and Hutter 2017
    piecewise    factor^(number of `epochs` that are over)
    exponential  gamma^(epochs / every), in stairs or smoothly

Each may warm up first: linearly from nearly 0 to the peak.  The cosine then has the steps that remain;
the others count epochs from the start of the run, as TensorFlow's schedules do.
"""

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from ..ops.checks import integer, positive, shown
from ..settings import settle


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What all schedules have: a factor of the peak of the learning rate for every step.

    warmup_epochs  at first, so many epochs long, it rises linearly from nearly 0 to 1

    ValueError, naming the setting, for what cannot be.
    """

    name: ClassVar[str] = ""
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        settle(self)
        if not 0 <= self.warmup_epochs < math.inf:
            raise ValueError(f"warmup_epochs must be at least 0, found {self.warmup_epochs}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("factor", "gamma", "every") and not 0 < value < math.inf:
                raise ValueError(f"{field.name} must be above 0, found {value}")
            if field.name == "floor" and not 0 <= value <= 1:
                raise ValueError(f"floor must be within 0..1, found {value}")
            if field.name == "epochs" and not all(0 < end < math.inf for end in value):
                raise ValueError(f"epochs must be numbers above 0, found {list(value)}")

    def factor_of(self, step: int, steps: int, epochs: int) -> float:
        """The factor of the peak at step 0 .. steps-1 of a run that lasts `epochs`.

        ValueError for another step, and where the factor is beyond all numbers.
        """
        who = f"schedule {self.name}"
        steps, epochs = positive(who, "steps", steps), positive(who, "epochs", epochs)
        if integer(who, "step", step, 0) >= steps:
            raise ValueError(f"{who}: step must be below steps, {steps}, found {shown(step)}")
        try:
            factor = self._factor_of(step, steps, epochs)
        except OverflowError:
            factor = math.inf
        if not math.isfinite(factor):
            raise ValueError(f"{who}: the rate at step {step} of {steps} is beyond all numbers")
        return factor

    def _factor_of(self, step: int, steps: int, epochs: int) -> float:
        per_epoch = steps / epochs
        warm = min(self.warmup_epochs * per_epoch, steps)
        if step < warm:
            return (step + 1) / math.ceil(warm)
        return self._factor(step / per_epoch, (step - warm) / (steps - warm))

    def _factor(self, epoch: float, done: float) -> float:
        """After `epoch` epochs, with the part `done` (0..1) of what follows the warm-up over."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """Always the peak.

    warmup_epochs  at first, so many epochs long, the rate rises linearly from nearly 0 to it
    """

    name: ClassVar[str] = "constant"

    def _factor(self, epoch: float, done: float) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a wave down (Loshchilov and Hutter 2017, arXiv:1608.03983), over the steps after the warm-up.

    warmup_epochs  at first, so many epochs long, the rate rises linearly from nearly 0 to the peak
    floor          where it ends, 0 to 1 of the peak
    """

    name: ClassVar[str] = "cosine"
    floor: float = 0.0

    def _factor(self, epoch: float, done: float) -> float:
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True, kw_only=True)
class Piecewise(Schedule):
    """Times a factor whenever certain epochs are over, counted from the start of the run.

    warmup_epochs  at first, so many epochs long, the rate rises linearly from nearly 0 to the peak
    epochs         after which it shrinks
    factor         by how much, above 0
    """

    name: ClassVar[str] = "piecewise"
    epochs: tuple[float, ...] = (30.0, 60.0, 80.0)
    factor: float = 0.1

    def _factor(self, epoch: float, done: float) -> float:
        # a step belongs to the epoch it is in, however the division above was rounded
        return float(self.factor ** sum(epoch + 1e-9 >= end for end in self.epochs))


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """Times a factor every so many epochs, counted from the start of the run.

    warmup_epochs  at first, so many epochs long, the rate rises linearly from nearly 0 to the peak
    gamma          the factor, above 0
    every          epochs, above 0
    staircase      True: at their ends; False: a little at each step
    """

    name: ClassVar[str] = "exponential"
    gamma: float = 0.98
    every: float = 1.0
    staircase: bool = True

    def _factor(self, epoch: float, done: float) -> float:
        turns = epoch / self.every
        return float(self.gamma ** (math.floor(turns + 1e-9) if self.staircase else turns))


SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind for kind in (Constant, Cosine, Piecewise, Exponential)
}
