"""A quantised plan, compiled: the engine of engine.py in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..ops.checks import Array
from . import pack
from .arguments import array
from .engine import Engine

if TYPE_CHECKING:
    from ..quantization import QuantizedPlan


class IntegerEngine(Engine):
    """Runs one quantised network; made by `compile`."""

    def __init__(
        self, quantized: QuantizedPlan, arrays: Mapping[str, Array], batch: int, threads: int
    ) -> None:
        from ..kernels.sharing import written
        from .emit_integer import emit
        from .fuse import fuse
        from .run import Runner

        self.quantized, self.plan, self.batch, self.threads = (
            quantized, quantized.plan, batch, threads,
        )  # fmt: skip
        ops = fuse("compile", self.plan, threads)
        self.stages = tuple(ops)
        self.code = code = written(emit(quantized, arrays, ops, batch, threads).finish)
        pack.give_back()
        trunk, head = (int(np.count_nonzero(calls["calls"])) for calls in code.calls)
        self._run = Runner(code, threads, batch * trunk + head)
        self._lock = self._run.lock
        self._dtype = np.dtype(quantized.numbers["image"].dtype)
        self._results = np.empty((batch, *ops[-1].output), self._dtype)
        self._run.bases["results"] = self._results.ctypes.data

    def __call__(self, x: Array) -> Array:
        size = ("N", *self.plan.resolution, self.plan.channels)
        x = array("engine", "x", x, size, str(self._dtype))
        return self._run_on(x)
