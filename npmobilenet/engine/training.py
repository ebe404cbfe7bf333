"""Training at the speed of the machine: forward and backward of a plan in one memory.

`forward` and `backward` do what the functions of those names do, on the step's own parameters.
Gradients and statistics that a step hands out are views of its memory: valid until its next call.
Python threads that share a step take turns; who needs more than one call for a turn holds `step.lock`
meanwhile.
"""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Self

import numpy as np

from .. import ops
from ..kernels.compiling import collecting_rarely
from ..kernels.sharing import written
from ..models.capabilities import require
from ..models.layers import BatchNorm, Dropout
from ..models.network_plan import Plan, check_plan
from ..models.params import check_params
from ..models.spoilt import first_not_finite
from ..ops import checks
from ..ops.checks import Array
from ..ops.rungs import need_numba
from ..shown import Shown
from .arguments import array, fitting, sizes
from .grouping import computed
from .handled import STEP
from .lower import Graph, lower
from .pinned import Pinned
from .training_arrays import Buffers


class TrainingStep(Pinned, Shown):
    """Forward and backward of one network on batches of one size; made by `compile_training`.

    plan     the network
    graph    what it was made into for the compiled step
    arrays   its parameters, gradients and running estimates, in one memory
    batch    images of a batch
    threads  how many work together

    Gradients and statistics that it hands out are views of its memory: valid until its next call.
    """

    def __init__(self, plan: Plan, graph: Graph, arrays: Buffers, batch: int, threads: int) -> None:
        from .emit_training import emit
        from .run import Runner

        check_plan(plan)
        checks.instance("training step", "graph", graph, Graph)
        checks.instance("training step", "arrays", arrays, Buffers)
        for name, other, own in (
            ("graph", graph.plan, computed(plan).plan),
            ("arrays", arrays.plan, plan),
        ):
            if other != own:
                raise ValueError(
                    f"training step: {name} must be of the plan, {own!r}, found those of {other!r}"
                )
        batch, threads = sizes("training step", batch, threads)
        for layer in plan.layers:
            moves = isinstance(layer, BatchNorm) and layer.name not in arrays.frozen
            shape = (batch, *layer.output)
            if moves and math.prod(shape[:-1]) < 2:
                why = "training needs more than one value for each channel"
                raise ValueError(f"{layer.name}: {why}, it has {shape}")
        self.plan, self.batch, self.threads, self._graph = plan, batch, threads, graph
        self.buffers, self.lock = arrays, arrays.lock
        self.frozen, self.trained = arrays.frozen, arrays.chosen
        params = arrays.trained.arrays | arrays.running.arrays
        self.params = {name: params[name] for name in plan.arrays}
        self.grads = arrays.grads.arrays
        still = {f"{name}.{kind}" for name in self.frozen for kind in ("mean", "variance")}
        self.statistics = {k: v for k, v in arrays.moved.arrays.items() if k not in still}
        passes = written(lambda: emit(graph, batch, arrays))
        self._code, self._logits, self._dlogits, self._masks = passes
        self._run = Runner(self._code, threads, max(map(len, self._code.calls)))
        self._shape = (batch, *plan.layers[-1].output)  # of the logits
        self._waits: int | None = None  # a forward pass for its backward pass, on which parameters
        self._pieces: list[tuple[int, int, list[str]]] | None = None  # of the pass backwards

    def __repr__(self) -> str:
        return (
            f"TrainingStep({self.plan!r}, batch {self.batch}, threads {self.threads}, "
            f"{len(self.trained)} arrays trained, {self.nbytes / 1e6:.1f} MB)"
        )

    def sized(self, batch: int) -> Self:
        """A step for batches of another size, of the same parameters, gradients and statistics."""
        with fitting("training step", batch):
            return type(self)(self.plan, self._graph, self.buffers, batch, self.threads)

    def load(self, params: Mapping[str, Array]) -> None:
        """Copy parameters and running statistics in; gradients are 0 then, until the next pass.

        ValueError where they do not fit the plan.
        """
        check_params(self.plan, params)
        with self.buffers.turn("training step: load"):
            given = {name: params[name].copy() for name in self.params}  # some may be our own
            for name, array in self.params.items():
                array[...] = given[name]
            for name, moved in self.buffers.moved.arrays.items():  # no pass has moved them
                moved[...] = given[name]
            self.buffers.grads.numbers[:] = 0
            self.buffers.version += 1
            self.buffers.filled()  # passes of any thread went by what was there before

    def forward(
        self, x: Array, *, rng: np.random.Generator | None = None
    ) -> tuple[Array, dict[str, Array]]:
        """x (batch, H, W, C) float32 -> logits, and the new running statistics as views.

        rng draws dropout.  ValueError where x does not fit the plan or the batch.
        """
        with self.buffers.turn("training step: forward"):
            return self._forward(x, rng), self.statistics

    def _forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        """The logits, in a turn of whoever calls."""
        shape = (self.batch, *self.plan.resolution, self.plan.channels)
        x = array("training step", "x", x, shape, "float32")
        checks.generator("training step", rng)
        self._drop(rng)
        self.buffers.fill_blocks()
        self._run.bases["images"] = x.ctypes.data
        self._do(0)
        self._waits = self.buffers.version
        self.buffers.filled()
        *pixels, classes = self._shape
        rows = self._logits[:, : math.prod(pixels)].transpose(1, 0, 2).reshape(*pixels, -1)
        logits: Array = rows[..., :classes].copy()  # the pass backwards works in the same memory
        return logits

    def backward(
        self, dlogits: Array, ready: Callable[[str], object] | None = None
    ) -> dict[str, Array]:
        """Gradients of all trained arrays, as views, for dlogits shaped as the logits.

        ready: called with the name of each array as soon as its gradient is there.
        Of the last forward pass; once only, for it works in the same memory.  ValueError where there
        was none, or where it was another Python thread's.
        """
        with self.buffers.turn("training step: backward"):
            return self._backward(dlogits, ready)

    def _backward(
        self, dlogits: Array, ready: Callable[[str], object] | None = None
    ) -> dict[str, Array]:
        """The same, in a turn of whoever calls."""
        what = "training step: backward"
        array("training step", "dlogits", dlogits, self._shape, "float32", "float64")
        checks.function("training step", "ready", ready)
        self.buffers.check(what)
        if self._waits is None:
            raise ValueError(f"{what} needs a forward pass before it")
        if self._waits != self.buffers.version:
            raise ValueError(f"{what}: the parameters are others since its forward pass")
        _into_blocks(dlogits.reshape(-1, self._shape[-1]), self._dlogits)
        self._waits = None
        if ready is None:
            self._do(1)
            self.buffers.read_blocks()
        else:
            self._do_in_pieces(ready)
        return self.grads

    def __call__(
        self,
        x: Array,
        targets: Array,
        *,
        rng: np.random.Generator | None = None,
        label_smoothing: float = 0.0,
    ) -> tuple[float, Array]:
        """Loss and logits; gradients are then in `grads`, new running statistics in `statistics`.

        targets (N,) labels or (N, classes).  Nothing moves yet: an optimiser does that.
        ValueError where the loss is not finite, which names the first layer that was not.
        """
        with self.buffers.turn("training step"):
            logits = self._forward(x, rng)
            loss, cache = ops.softmax_cross_entropy(
                logits, targets, label_smoothing=label_smoothing
            )
            if not np.isfinite(loss):
                where = first_not_finite(self.plan, self.params, x, frozen=self.frozen)
                raise ValueError(f"the loss is {loss} ({where})")
            self._backward(ops.softmax_cross_entropy_backward(1.0, cache))
            return loss, logits

    def move_statistics(self) -> None:
        """Running estimates become those that the last forward pass gave."""
        with self.buffers.turn("training step: moving statistics"):
            self._move_statistics()

    def _move_statistics(self) -> None:
        self.buffers.check("training step: moving statistics")
        for name, moved in self.statistics.items():
            self.params[name][...] = moved

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds."""
        return self._code.nbytes + self._run.nbytes["bands"] + self.buffers.nbytes

    def time_stages(self, x: Array, targets: Array, rounds: int = 10) -> dict[str, float]:
        """Median seconds of each stage of the step, by name, forwards and then backwards."""
        found = []
        rounds = checks.integer("training step", "rounds", rounds, 1)
        rng = np.random.default_rng(0)
        for _ in range(rounds):
            with self.buffers.turn("training step: timing"):
                logits = self._forward(x, rng)
                forwards = self._times(0)
                _, cache = ops.softmax_cross_entropy(logits, targets)
                self._backward(ops.softmax_cross_entropy_backward(1.0, cache))
                found.append(np.concatenate([forwards, self._times(1)]))
        names = [f"{n:03} {name}" for n, name in enumerate(self._code.names)]
        return dict(zip(names, np.median(found, axis=0).tolist(), strict=True))

    def _times(self, part: int) -> Array:
        """Seconds of each stage of the pass that has just run."""
        ticks = self._run.ticks(len(self._code.calls[part]))
        return np.asarray(ticks / ticks.sum() * self._run.seconds)

    def _do(self, part: int) -> None:
        """Run a pass, 0 forwards, 1 backwards: each stage once, for the whole batch."""
        calls = self._code.calls[part]
        with self._run.lock:
            self._run(calls[:0], calls)

    def _do_in_pieces(self, ready: Callable[[str], object]) -> None:
        """The pass backwards, stopping wherever it has finished the gradient of an array."""
        if self._pieces is None:
            self._pieces = self.buffers.pieces(self._code)
        calls = self._code.calls[1]
        for first, last, names in self._pieces:
            with self._run.lock:
                self._run(calls[:0], calls[first:last])
            if last == len(calls):
                self.buffers.read_blocks()
            for name in names:
                ready(name)

    def _drop(self, rng: np.random.Generator | None) -> None:
        """Draw the factors of dropout, in the order in which the layers do."""
        for layer in self.plan.layers:
            if isinstance(layer, Dropout):
                ones = np.ones((self.batch, *layer.output), np.float32)
                factors, _ = ops.dropout(ones, layer.rate, rng, train=True, mode=layer.mode)
                _into_blocks(factors, self._masks[layer.name])


def _into_blocks(rows: Array, blocks: Array) -> None:
    """rows (N, C) into a map (C / LANES, at least N, LANES), zeros beside them."""
    count, _, lanes = blocks.shape
    full = np.zeros((len(rows), count * lanes), np.float32)
    full[:, : rows.shape[1]] = rows
    blocks[:, : len(rows)] = full.reshape(-1, count, lanes).transpose(1, 0, 2)


def compile_training(
    plan: Plan,
    params: Mapping[str, Array],
    batch: int,
    threads: int | None = None,
    *,
    frozen: Collection[str] = (),
    trained: Collection[str] | None = None,
) -> TrainingStep:
    """A plan compiled for training in float32: forward and backward in one memory.

    plan     what `npmobilenet.plan` returned
    params   name -> array, shaped as plan.arrays says; copied
    batch    images of every batch
    threads  how many work together; None: one on each core, or NUMBA_NUM_THREADS.  The numbers do not
             depend on it, to the bit
    frozen   names of batch normalisations that use their running estimates and do not move them
    trained  names of the arrays whose gradients are wanted; None: all.  The backward pass ends with the
             lowest layer that has one, and gradients of others mean nothing

    Returns a `TrainingStep`.  ValueError where params do not fit the plan, a name is not one of its own,
    or Numba does not run here; NotImplementedError, which names the layer, for a plan that has no fast
    step.
    """
    need_numba("compile_training")
    batch, threads = sizes("compile_training", batch, threads)
    check_params(plan, params)
    require(STEP, plan)
    norms = {layer.name for layer in plan.layers if isinstance(layer, BatchNorm)}
    checks.names("compile_training", "frozen", frozen, norms)
    wanted = plan.parameters if trained is None else trained
    checks.names("compile_training", "trained", wanted, plan.parameters)
    if not wanted:
        raise ValueError("compile_training: trained names no array: nothing is left to train")
    ours = computed(plan)
    graph = lower("compile_training", ours.plan)
    with collecting_rarely(), fitting("compile_training", batch):
        from .emit_training import refuse

        refuse("compile_training", graph)
        step = TrainingStep(plan, graph, Buffers(plan, ours, frozen, wanted), batch, threads)
    step.load(params)
    return step
