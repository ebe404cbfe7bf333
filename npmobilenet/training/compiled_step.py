"""The step of step.py on the compiled forward and backward pass, in one memory.

It means the same; numbers differ by rounding.  The arrays of the `State` that it moves are views of that
memory: they change in place, and what must outlive the next step has to be copied.
"""

from collections.abc import Callable

import numpy as np

from ..engine.pinned import Pinned
from ..engine.training import TrainingStep, compile_training
from ..ops.checks import Array
from ..ops.rungs import default_rung
from .fused_optimizer import FusedOptimizer
from .step import State, Step

Take = Callable[..., tuple[float, Array]]  # (state, x, targets, *, lr, rng) -> loss, logits


def taker(step: Step, batch: int, threads: int, engine: str = "compiled") -> tuple[Take, str]:
    """What takes the steps that `step` describes, and a remark if it is slower than was asked for.

    engine: "compiled", on `threads` threads, 0 for all; or "reference": `step` itself, which also
    stands in where Numba does not run or a network has no compiled step.
    """
    if engine == "reference" or default_rung() == "numpy":
        return step, ""
    try:
        return CompiledStep(step, batch, threads), ""
    except NotImplementedError as error:
        return step, f"{error}: training with the plain step, which is slower"


class CompiledStep(Pinned):
    """Takes the steps that a `Step` describes."""

    instead = "make another one of its `step`"

    def __init__(self, step: Step, batch: int, threads: int = 0) -> None:
        if type(step) is not Step:
            raise NotImplementedError("quantize: the compiled step has no fake quantisation")
        self.step = step
        params = {name: np.zeros(shape, np.float32) for name, shape in step.plan.arrays.items()}
        first = compile_training(
            step.plan, params, batch, threads or None, frozen=step.frozen, trained=step.trained
        )
        self.sizes: dict[int, TrainingStep] = {batch: first}
        self.first = first
        self.moves = FusedOptimizer(first, step.optimizer, clip=step.clip, ema=step.ema)
        self.state: State | None = None

    def __call__(
        self, state: State, x: Array, targets: Array, *, lr: float, rng: np.random.Generator
    ) -> tuple[float, Array]:
        """x (N, H, W, C), targets (N,) labels or (N, classes) -> loss, logits; `state` moves on.

        As `Step`.  Another N than the batch costs memory of its own, once.  Python threads take turns.
        """
        with self.first.lock:
            self.adopt(state)
            loss, logits = self.sized(len(x))(
                x, targets, rng=rng, label_smoothing=self.step.label_smoothing
            )
            self.move(state, lr)
            return loss, logits

    def sized(self, count: int) -> TrainingStep:
        """What takes batches of so many images, on the same arrays."""
        if count not in self.sizes:
            self.sizes[count] = self.first.sized(count)
        return self.sizes[count]

    def move(self, state: State, lr: float) -> None:
        """The optimiser's step by the gradients that are there; running statistics move too."""
        self.moves(lr)
        state.step += 1
        if "steps" in state.optimizer:
            steps = state.optimizer["steps"]  # perhaps of a file, and then not to be written to
            state.optimizer["steps"] = np.full_like(steps, state.step)

    def spoilt(self, state: State, x: Array) -> str:
        """Which layer was the first whose numbers were not finite."""
        return self.step.spoilt(state, x)

    def adopt(self, state: State) -> None:
        """Copy a state in, if it is another one; its arrays become views."""
        if state is self.state:
            return
        self.first.load(state.params)
        self.moves.load(state.optimizer, state.average, state.step)
        own = self.moves.state
        state.params = {name: self.first.params[name] for name in state.params}
        state.optimizer = {name: own.get(name, value) for name, value in state.optimizer.items()}
        state.average = {name: self.moves.average[name] for name in state.average}
        self.state = state
