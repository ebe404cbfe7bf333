"""One step of training: forward, loss, backward, clip, optimiser, average.

This is the only place where a network runs in training.  What changes from step to step is a `State`;
what does not is a `Step`, which is called once for every batch:

    loss, logits = step(state, x, targets, lr=lr, rng=rng)

Frozen arrays take no step.  A batch normalisation whose gamma and beta are both frozen is frozen whole:
it normalises by its running estimates and does not move them, as in Keras.  Otherwise the part that is
said to be frozen would go on changing with every batch, and what its features are would depend on
which images happen to be looked at together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .. import ops
from ..kernels.compiling import lock
from ..models.layers import BatchNorm
from ..models.network import Tape, backward, forward
from ..models.network_plan import Plan, check_plan
from ..models.spoilt import first_not_finite
from ..ops import checks
from ..ops.checks import Array
from .name_globs import choose, matches
from .optimizers import AVERAGE, Arrays, Optimizer, clipped

_turn = lock()


@dataclass(eq=False)
class State:
    """Everything that a step changes.

    params     trained arrays and running statistics
    optimizer  what the optimiser remembers
    average    the average over steps of what moves, if one is kept
    step       steps taken since the start of the run
    """

    params: Arrays = field(repr=False)
    optimizer: Arrays = field(repr=False)
    average: Arrays = field(default_factory=dict, repr=False)
    step: int = 0

    @property
    def best_params(self) -> Arrays:
        """The parameters to predict with: averaged where there is an average."""
        return self.params | self.average


@dataclass(frozen=True)
class Step:
    """A training step of one plan.

    plan             the network
    optimizer        an `Optimizer`
    trained          names of the arrays that take steps
    frozen           names of batch normalisations that do not move
    label_smoothing  e: the target is 1 - e at the label, plus e / classes everywhere
    clip             longest gradient, over all arrays together; 0: any
    ema              decay of the average of all that moves; 0: none
    """

    plan: Plan
    optimizer: Optimizer
    trained: frozenset[str]
    frozen: frozenset[str]
    label_smoothing: float = 0.0
    clip: float = 0.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        check_plan(self.plan)
        checks.instance("Step", "optimizer", self.optimizer, Optimizer)
        least = "at least 0", lambda v: v >= 0
        checks.number("Step", "clip", self.clip, *least)
        checks.number("Step", "ema", self.ema, "at least 0 and below 1", lambda v: 0 <= v < 1)
        e = self.label_smoothing
        checks.number("Step", "label_smoothing", e, "within 0..1", lambda v: 0 <= v <= 1)

    @classmethod
    def of(
        cls, plan: Plan, optimizer: Optimizer, freeze: Sequence[str] = (), **settings: float
    ) -> "Step":
        """With everything trained but what the patterns in `freeze` name.

        ValueError for a pattern that fits nothing, and where nothing is left to train.
        """
        check_plan(plan)
        stay = set(choose(plan.parameters, freeze, "freeze"))
        trained = frozenset(name for name in plan.parameters if name not in stay)
        if not trained:
            raise ValueError(f"freeze: {list(freeze)} leaves nothing to train")
        norms = (layer.name for layer in plan.layers if isinstance(layer, BatchNorm))
        frozen = (name for name in norms if {f"{name}.gamma", f"{name}.beta"} <= stay)
        return cls(plan, optimizer, trained, frozenset(frozen), **settings)

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the arrays that may take steps, by name."""
        return dict(self.plan.parameters)

    @property
    def statistics(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what a forward pass may move, by name."""
        return dict(self.plan.statistics)

    def moves(self, state: State) -> list[str]:
        """Names of the statistics that this step moves."""
        still = {f"{name}.{kind}" for name in self.frozen for kind in ("mean", "variance")}
        return [name for name in self.statistics if name not in still]

    def start(self, params: Mapping[str, Array]) -> State:
        """The state before the first step."""
        params = dict(params)
        state = State(params, self.optimizer.init({n: params[n] for n in self._trained_in_order()}))
        if self.ema:
            state.average = {name: params[name] for name in self._moving()}
        return state

    def __call__(
        self, state: State, x: Array, targets: Array, *, lr: float, rng: np.random.Generator
    ) -> tuple[float, Array]:
        """x (N, H, W, C), targets (N,) labels or (N, classes) -> loss, logits; `state` moves on.

        rng draws dropout.  ValueError where the loss is not finite, which names the first layer that
        was not; state is then as it was.  Python threads take turns.
        """
        checks.number("step", "lr", lr, "at least 0", lambda v: v >= 0)
        with _turn:
            return self._take(state, x, targets, lr, rng)

    def _take(
        self, state: State, x: Array, targets: Array, lr: float, rng: np.random.Generator
    ) -> tuple[float, Array]:
        loss, logits, statistics, gradients = self.look(state, x, targets, rng)
        if not np.isfinite(loss):
            raise ValueError(f"the loss is {loss} ({self.spoilt(state, x)})")
        self.move(state, gradients(1.0), statistics, lr)
        return loss, logits

    def spoilt(self, state: State, x: Array) -> str:
        """Which layer was the first whose numbers were not finite."""
        return first_not_finite(self.plan, state.params, x, frozen=self.frozen)

    def look(
        self,
        state: State,
        x: Array,
        targets: Array,
        rng: np.random.Generator,
        total: Callable[[Array], Array] | None = None,
    ) -> tuple[float, Array, Arrays, Callable[..., Arrays]]:
        """Forward and loss: loss, logits, moved statistics, and what gives the gradients.

        total: a sum over those who have the other parts of the batch, for batch normalisation.  The last
        one takes the loss's own gradient and, if wanted, `ready` of `backward`.  Nothing moves.
        """
        logits, tape, statistics = forward(
            self.plan, state.params, x, train=True, rng=rng, frozen=self.frozen, total=total
        )
        if not len(x):  # an empty part of a batch, whose normalisations the others wait for
            return 0.0, logits, statistics, lambda _, ready=None: self._back(logits, tape, ready)
        loss, cache = ops.softmax_cross_entropy(
            logits, targets, label_smoothing=self.label_smoothing
        )

        def gradients(dloss: float, ready: Callable[[str, Array], None] | None = None) -> Arrays:
            return self._back(ops.softmax_cross_entropy_backward(dloss, cache), tape, ready)

        return loss, logits, statistics, gradients

    def _back(
        self, dlogits: Array, tape: Tape, ready: Callable[[str, Array], None] | None
    ) -> Arrays:
        return backward(self.plan, dlogits, tape, trained=self.trained, ready=ready)

    def move(self, state: State, grads: Arrays, statistics: Arrays, lr: float) -> None:
        """Clip, optimise, average: `state` moves on."""
        params, grads = state.params | statistics, clipped(grads, self.clip)
        moved, state.optimizer = self.optimizer.step(params, grads, state.optimizer, lr)
        state.params = self._bounded(state.params, moved)
        state.step += 1
        if self.ema:
            self._average(state)

    def _bounded(self, before: Arrays, after: Arrays) -> Arrays:
        """What arrays become in a step, where they may not become everything."""
        return after

    def _average(self, state: State) -> None:
        """average = d average + (1 - d) params; early on d is small, or the start would linger."""
        d = min(self.ema, (1 + state.step) / (10 + state.step))
        state.average = {name: value.copy() for name, value in state.average.items()}
        for name, average in state.average.items():
            AVERAGE.numpy(average, state.params[name], d)

    def _trained_in_order(self) -> list[str]:
        return [name for name in self.parameters if name in self.trained]

    def _moving(self) -> list[str]:
        """Names of all that changes: trained arrays, and statistics that are not frozen."""
        still = [f"{name}.*" for name in sorted(self.frozen)]
        statistics = (name for name in self.plan.statistics if not matches(name, still))
        return [*self._trained_in_order(), *statistics]
