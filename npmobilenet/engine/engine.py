"""A plan and its parameters, compiled for inference.

engine = nm.compile(plan, params, batch=1)
logits = engine(x)                          # x (N, H, W, C) float32, N at most the batch
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.compiling import collecting_rarely
from ..models.capabilities import require
from ..models.network import infer
from ..models.network_plan import Plan, check_plan
from ..models.params import check_params
from ..ops.checks import Array, shown, whole
from ..ops.rungs import refusal
from ..shown import Shown
from . import pack
from .arguments import array, fitting, sizes
from .grouping import computed
from .handled import ENGINE
from .pinned import Pinned

if TYPE_CHECKING:
    from ..quantization import QuantizedPlan
    from .fused_op import FusedOp

TRIES = 100  # of a call that handlers of signals disturb


class Engine(Pinned, Shown):
    """Runs one network; made by `compile`.  Calls from several Python threads take turns.

    plan     the network
    params   name -> array, copied in with batch normalisation folded away
    batch    the most images of one call
    threads  how many work together

    stages is what it does, in the order in which it runs; empty where Numba does not run.
    """

    stages: tuple[FusedOp, ...]  # what each does, in the order in which they run

    def __init__(self, plan: Plan, params: Mapping[str, Array], batch: int, threads: int) -> None:
        from ..kernels.sharing import written
        from .emit_inference import emit
        from .fuse import fuse

        check_plan(plan)
        batch, threads = sizes("engine", batch, threads)
        ours = computed(plan)
        ops = fuse("compile", ours.plan, threads)
        check_params(plan, params)
        self._remember(plan, batch, threads, tuple(ops))
        self.code = written(emit(ours.plan, ours.arrays(params), ops, batch, threads).finish)
        pack.give_back()
        self._results = np.empty((batch, *ops[-1].output), np.float32)
        self._start()

    def _remember(self, plan: Plan, batch: int, threads: int, stages: tuple[FusedOp, ...]) -> None:
        self.plan, self.batch, self.threads, self.stages = plan, batch, threads, stages

    def _start(self) -> None:
        """What runs the code; results go where they are."""
        from .run import Runner

        trunk, head = (int(np.count_nonzero(calls["calls"])) for calls in self.code.calls)
        self._run = Runner(self.code, self.threads, self.batch * trunk + head)
        self._lock = self._run.lock
        self._run.bases["results"] = self._results.ctypes.data

    def _checked(self, x: Array) -> Array:
        """Images of the right size; ValueError where they are not."""
        size = ("N", *self.plan.resolution, self.plan.channels)
        return array("engine", "x", x, size, "float32")

    def __call__(self, x: Array) -> Array:
        """Logits (N, classes) of x (N, H, W, C) float32; the last map of a plan without top.

        No images give no logits.  ValueError where x does not fit the plan, or is more than the batch.
        """
        x = self._checked(x)
        if not len(x):
            return self._results[:0].copy()
        if len(x) > self.batch:
            most = f"it was compiled for at most {self.batch}"
            raise ValueError(f"engine: x has {len(x)} images, but {most}")
        return self._run_on(x)

    def _run_on(self, x: Array) -> Array:
        trunk, head = self.code.calls
        with self._lock:
            for _ in range(TRIES):
                self._caller = caller = object()
                self._run.bases["images"] = x.ctypes.data
                self._run(trunk, head, len(x))
                found = self._results[: len(x)].copy()
                if self._caller is caller:  # no handler of a signal has called in between
                    return found
        raise ValueError("engine: a handler of signals calls it again and again while it runs")

    def __repr__(self) -> str:
        return (
            f"Engine({self.plan!r}, batch {self.batch}, threads {self.threads}, "
            f"{len(self.stages)} stages, {sum(self.nbytes.values()) / 1e6:.1f} MB)"
        )

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes of memory that it holds: weights, maps, the bands between two layers, the rest."""
        code, own = self.code, self._run.nbytes
        others = (*code.calls, code.descriptors, code.tables, self._results)
        rest = own["counters"] + sum(each.nbytes for each in others)
        held = {"weights": code.weights.nbytes, "maps": code.nbytes}
        return held | {"bands": own["bands"], "rest": rest}

    def time_stages(self, x: Array, rounds: int = 50) -> list[float]:
        """Median seconds of each stage while the network runs on one image x (1, H, W, C).

        The first stage counts from the call on.  ValueError for more than one image.
        """
        x = self._checked(x)
        if len(x) != 1 or not whole(rounds) or rounds < 1:
            wanted = "x must be one image, and rounds 1 or more"
            raise ValueError(f"engine: {wanted}, found {len(x)} and {shown(rounds)}")
        shares, wholes = [], []
        for _ in range(rounds):
            with self._lock:
                before = time.perf_counter()
                self(x)
                wholes.append(time.perf_counter() - before)
                shares.append(self._run.ticks(len(self.stages)))
        ticks = np.median([sum(share) for share in shares])
        return list(np.median(shares, axis=0) * (np.median(wholes) / ticks))


class NumpyEngine(Engine):
    """Where Numba does not run: `npmobilenet.infer` on NumPy, slower, without stages."""

    def __init__(self, plan: Plan, params: Mapping[str, Array], batch: int, threads: int) -> None:
        check_params(plan, params)
        self._remember(plan, batch, threads, ())
        self._results = np.empty((0, *plan.layers[-1].output), np.float32)
        self._params = {name: array.astype(np.float32) for name, array in params.items()}

    def _run_on(self, x: Array) -> Array:
        return infer(self.plan, self._params, x, rung="numpy")

    def __reduce__(self) -> Any:  # it holds no addresses
        return NumpyEngine, (self.plan, self._params, self.batch, self.threads)

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes of the weights; maps are made as they are needed."""
        held = sum(array.nbytes for array in self._params.values())
        return {"weights": held, "maps": 0, "bands": 0, "rest": 0}

    def time_stages(self, x: Array, rounds: int = 50) -> list[float]:
        """No stages, no times."""
        return []


def compile(
    plan: Plan | QuantizedPlan,
    params: Mapping[str, Array],
    batch: int = 1,
    threads: int | None = None,
) -> Engine:
    """A plan compiled for inference, in float32 or in 8-bit integers.

    plan     what `npmobilenet.plan` returned; or a QuantizedPlan, as `npmobilenet.quantize` returns it
    params   name -> array, shaped as plan.arrays says; copied, and may change afterwards
    batch    the most images of one call
    threads  how many work together; None: one on each core, or NUMBA_NUM_THREADS.  The results do not
             depend on it, to the bit

    Returns an `Engine`: engine(x) are the logits (N, classes) of x (N, H, W, C) float32.  Batch
    normalisation is folded into the convolutions.  That of a quantised plan takes its integers too, and
    then gives integers.  Where Numba does not run, it is `infer` on the NumPy rung.  ValueError where
    params do not fit the plan; NotImplementedError, which names the layer, where the plan has one that
    the engine does not know.
    """
    from ..quantization import QuantizedPlan

    batch, threads = sizes("compile", batch, threads)
    if isinstance(plan, QuantizedPlan):
        from . import integer_engine

        with collecting_rarely(), fitting("compile", batch):
            return integer_engine.compiled(plan, params, batch, threads)
    check_plan(plan)
    require(ENGINE, plan)
    if refusal():
        return NumpyEngine(plan, params, batch, threads)
    with collecting_rarely(), fitting("compile", batch):
        return Engine(plan, params, batch, threads)
