"""A training step of a network that is to become one of integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import ops
from ...models.layers import BatchNorm
from ...models.network_plan import Plan
from ...ops.checks import Array
from ...predicting.model import Model
from ..config import Config
from ..name_globs import matches
from ..optimizers import Arrays
from ..parts import steps_of
from ..step import State, Step
from .grids import FLOOR, learns, shapes
from .passes import Passes
from .points import points

TURN = 0.1  # of a learnt scale, that one step may change
SCALES = "*.scale"  # which weight decay spares: no scale should be small for its own sake


@dataclass(frozen=True)
class QuantizedStep(Step):
    """As `Step`, with fake quantisation.

    passes      forwards and backwards; `quantized_step` gives it
    still_from  the step, counted from 0, from which on normalisations and averaged ranges stay
    """

    passes: Passes | None = None
    still_from: int = 0

    @property
    def ways(self) -> Passes:
        """Its passes."""
        assert self.passes is not None  # only `quantized_step` makes one
        return self.passes

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Trained arrays, and learnt scales."""
        own = shapes(self.ways.points, self.ways.how)
        return {**super().parameters, **{n: s for n, s in own.items() if learns(n)}}

    @property
    def statistics(self) -> dict[str, tuple[int, ...]]:
        """Running estimates, and averaged ranges."""
        own = shapes(self.ways.points, self.ways.how)
        return {**super().statistics, **{n: s for n, s in own.items() if n.endswith(".range")}}

    def is_still(self, state: State) -> bool:
        """Whether normalisations and ranges stay from now on."""
        return state.step >= self.still_from

    def moves(self, state: State) -> list[str]:
        """Names of the statistics that this step moves."""
        return [] if self.is_still(state) else super().moves(state)

    def look(
        self,
        state: State,
        x: Array,
        targets: Array,
        rng: np.random.Generator,
        total: Callable[[Array], Array] | None = None,
    ) -> tuple[float, Array, Arrays, Callable[..., Arrays]]:
        """As `Step.look`."""
        still = self.is_still(state)
        norms = {layer.name for layer in self.plan.layers if isinstance(layer, BatchNorm)}
        logits, tape, statistics = self.ways.forward(
            state.params, x, train=True, rng=rng, frozen=norms if still else self.frozen,
            total=total, rate=0.0 if still else self.ways.how.rate,
        )  # fmt: skip

        def back(dlogits: Array, ready: Callable[[str, Array], None] | None) -> Arrays:
            return self.ways.backward(dlogits, tape, self.trained, ready)

        if not len(x):
            return 0.0, logits, statistics, lambda _, ready=None: back(logits, ready)
        loss, cache = ops.softmax_cross_entropy(
            logits, targets, label_smoothing=self.label_smoothing
        )

        def gradients(dloss: float, ready: Callable[[str, Array], None] | None = None) -> Arrays:
            return back(ops.softmax_cross_entropy_backward(dloss, cache), ready)

        return loss, logits, statistics, gradients

    def _bounded(self, before: Arrays, after: Arrays) -> Arrays:
        """A learnt scale stays above 0, and changes by a tenth at most."""
        for name in self.trained:
            if learns(name):
                scale = before[name]
                bounded = np.clip(after[name], scale * (1 - TURN), scale * (1 + TURN))
                after[name] = np.maximum(bounded, FLOOR).astype(scale.dtype)
        return after

    def _moving(self) -> list[str]:
        still = [f"{name}.*" for name in sorted(self.frozen)]
        own = (name for name in self.statistics if not matches(name, still))
        return [*self._trained_in_order(), *own]


def quantized_step(model: Model, config: Config, images: int) -> QuantizedStep:
    """What takes the steps of a run on so many images.

    NotHandled, a ValueError that names the layer, for a plan that cannot become one of integers.
    """
    train, how, optimizer = config.train, config.quantize, config.optimizer
    found = points(model.plan, model.preprocessing)
    own = {name for name in shapes(found, how) if learns(name)}
    spared: Any = {"no_decay": (*optimizer.no_decay, SCALES)}
    plain = Step.of(model.plan, replace(optimizer, **spared), train.freeze)
    steps = train.epochs * steps_of(images, train.batch)
    return QuantizedStep(
        model.plan, plain.optimizer, plain.trained | own, plain.frozen,
        label_smoothing=train.label_smoothing, clip=train.clip, ema=train.ema,
        passes=Passes(model.plan, found, how), still_from=steps - round(how.still * steps),
    )  # fmt: skip


def split(params: Mapping[str, Array], plan: Plan) -> tuple[Arrays, Arrays]:
    """A state's arrays: those of the network, and what quantised training adds."""
    network = {name: params[name] for name in plan.arrays}
    return network, {name: value for name, value in params.items() if name not in network}
