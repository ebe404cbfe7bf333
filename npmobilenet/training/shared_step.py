"""A step whose batch is in parts: on several ranks, one after the other, or both.

Gradients of a mean are means of gradients, weighted by images: each part gives n_p / n times its own, and
the sum over parts is the whole batch's.  Ranks add theirs up and then all take the same step, from the
same numbers to the same numbers: weights are never sent.

What is not a sum is batch normalisation.  Each part is normalised by its own mean and variance, unless
the share is `joined` (reference step), which sums those over ranks too.  Running statistics move towards
the mean of all parts' own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..models.params import dtype_of
from ..ops.checks import Array
from ..ranks.buckets import Buckets
from ..ranks.world import Ranks
from .compiled_step import CompiledStep
from .parts import Rows, Share
from .step import State, Step, _turn


class SharedStep:
    """Takes the steps of a whole batch, of which this rank has a share.

    step   a `Step` or a `CompiledStep`, of the parts
    ranks  who has the other shares
    share  which rows are whose; where it is joined, batch normalisations are those of all ranks' parts,
           which a `Step` alone can do

    Called as a `Step` with this rank's rows; `of` is how many images the whole batch has.  Returns the
    whole batch's loss and this rank's logits.  ValueError where the loss is not finite; nothing moves.
    """

    def __init__(self, step: Step | CompiledStep, ranks: Ranks, share: Share) -> None:
        self.ranks, self.share = ranks, share
        self.total = ranks.sum if share.joined and ranks.size > 1 else None
        self.parts = _Plain(step) if isinstance(step, Step) else _Compiled(step)
        self.buckets: Buckets | None = None
        self.waited = 0.0  # seconds of the last step, for gradients of other ranks

    def __call__(
        self,
        state: State,
        x: Array,
        targets: Array,
        *,
        lr: float,
        rng: np.random.Generator,
        of: int,
    ) -> tuple[float, Array]:
        """x, targets: this rank's rows -> loss of all, logits of these; `state` moves on."""
        with self.parts.lock:
            return self._take(state, x, targets, lr, rng, of)

    def _take(
        self, state: State, x: Array, targets: Array, lr: float, rng: np.random.Generator, of: int
    ) -> tuple[float, Array]:
        self.parts.adopt(state)
        if self.buckets is None:
            flat, trained = self.parts.grads, self.parts.trained
            self.buckets = Buckets(self.ranks, flat.numbers, flat.arrays, trained)
        buckets, pieces, done = self.buckets, self.share.pieces(of), 0
        small = np.zeros(1 + len(self.parts.moved))  # loss and statistics
        request: Any = None
        rows: list[Array] = []
        if not pieces:  # a short batch, of which nothing is left for this rank
            self.parts.grads.numbers[:] = 0
        for k, (a, b) in enumerate(pieces):
            own = slice(done, done := done + b - a)
            draws, weight = Rows(rng, of, a, b), (b - a) / of
            loss, logits, gradients = self.parts.look(
                state, x[own], targets[own], draws, self.total
            )
            small[0] += weight * loss
            small[1:] += weight * self.parts.moved
            rows.append(logits)
            if k < len(pieces) - 1:
                gradients(weight)
                buckets.keep()
            else:
                request = self.ranks.start_sum(small)
                gradients(weight, buckets.ready)
        request = request or self.ranks.start_sum(small)
        buckets.finish()
        with self.ranks.waiting():
            request.Wait()
        self.waited = buckets.waited
        if not np.isfinite(small[0]):
            where = self.parts.step.spoilt(state, x) if len(x) else "on another rank"
            raise ValueError(f"the loss is {small[0]} ({where})")
        self.parts.moved[:] = small[1:]
        self.parts.move(state, lr)
        empty = np.zeros((0, self.parts.plan.classes), np.float32)
        return float(small[0]), np.concatenate(rows) if rows else empty


class _Plain:
    """Parts of a step of the reference executor: gradients and statistics in flat buffers."""

    def __init__(self, step: Step) -> None:
        self.step, self.lock, self.plan, self.trained = step, _turn, step.plan, step.trained
        self.grads = self.statistics = Arrayed({}, np.dtype(np.float32))
        self.moved = self.statistics.numbers

    def adopt(self, state: State) -> None:
        dtype = dtype_of(state.params)
        if not self.grads.arrays:
            self.grads = Arrayed(self.step.parameters, dtype)
            self.statistics = Arrayed(self.step.statistics, dtype)
            self.moved = self.statistics.numbers

    def look(
        self,
        state: State,
        x: Array,
        targets: Array,
        rng: np.random.Generator,
        total: Callable[[Array], Array] | None,
    ) -> tuple[float, Array, Callable[..., None]]:
        loss, logits, statistics, back = self.step.look(state, x, targets, rng, total)
        self.names = list(statistics)
        for name, value in statistics.items():
            self.statistics.arrays[name][...] = value

        def gradients(dloss: float, ready: Callable[[str], None] = lambda name: None) -> None:
            def found(name: str, gradient: Array) -> None:
                self.grads.arrays[name][...] = gradient
                ready(name)

            back(dloss, found)

        return loss, logits, gradients

    def move(self, state: State, lr: float) -> None:
        grads = {
            name: self.grads.arrays[name] for name in self.step.parameters if name in self.trained
        }
        own = {name: self.statistics.arrays[name].copy() for name in self.step.moves(state)}
        self.step.move(state, grads, own, lr)


class _Compiled:
    """Parts of a compiled step: gradients and statistics are in its memory."""

    def __init__(self, step: CompiledStep) -> None:
        first = step.first
        self.step, self.lock, self.plan, self.trained = step, first.lock, first.plan, first.trained
        self.grads, self.moved = first.buffers.grads, first.buffers.moved.numbers

    def adopt(self, state: State) -> None:
        self.step.adopt(state)

    def look(
        self,
        state: State,
        x: Array,
        targets: Array,
        rng: np.random.Generator,
        total: Callable[[Array], Array] | None,
    ) -> tuple[float, Array, Callable[..., None]]:
        step = self.step.sized(len(x))
        logits, _ = step.forward(np.ascontiguousarray(x), rng=rng)
        loss, cache = ops.softmax_cross_entropy(
            logits, targets, label_smoothing=self.step.step.label_smoothing
        )

        def gradients(dloss: float, ready: Callable[[str], None] = lambda name: None) -> None:
            step.backward(ops.softmax_cross_entropy_backward(dloss, cache), ready)

        return loss, logits, gradients

    def move(self, state: State, lr: float) -> None:
        self.step.move(state, lr)


class Arrayed:
    """Arrays by name in one buffer of any dtype."""

    def __init__(self, shapes: Any, dtype: np.dtype[Any]) -> None:
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        ends = np.cumsum([0, *sizes]).tolist()
        self.numbers = np.zeros(ends[-1], dtype)
        self.arrays: dict[str, Array] = {
            name: self.numbers[a:b].reshape(shape)
            for (name, shape), a, b in zip(shapes.items(), ends, ends[1:], strict=False)
        }
