"""A quantised plan, compiled: the engine of engine.py in bytes.

engine = nm.compile(qplan, arrays)
logits = engine(x)                          # x as the network reads it, float32; or its integers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..models.capabilities import require
from ..ops.checks import Array
from ..quantization.fitting import check_arrays
from ..quantization.network import stored_images
from ..quantization.storing import restored
from . import pack
from .arguments import array
from .engine import Engine
from .handled import INTEGER_ENGINE

if TYPE_CHECKING:
    from ..quantization import QuantizedPlan


class IntegerEngine(Engine):
    """Runs one quantised network; made by `compile`.

    quantized  the network of integers; plan is the one of layers that it is about

    Everything else is as in `Engine`.  Float images give float logits, integers give integers.
    """

    def __init__(
        self, quantized: QuantizedPlan, arrays: Mapping[str, Array], batch: int, threads: int
    ) -> None:
        from ..kernels.sharing import written
        from .emit_integer import emit
        from .fuse import fuse

        self.quantized = quantized
        ops = fuse("compile", quantized.plan, threads)
        self._remember(quantized.plan, batch, threads, tuple(ops))
        self.code = written(emit(quantized, arrays, ops, batch, threads).finish)
        pack.give_back()
        self._results = np.empty((batch, *ops[-1].output), quantized.dtype)
        self._start()

    def _checked(self, x: Array) -> Array:
        """Images of the right size, floats or integers, as the network's integers."""
        size = ("N", *self.plan.resolution, self.plan.channels)
        kinds = {"float32", self.quantized.dtype}
        kinds |= {"uint8"} if "pixels" in self.quantized.numbers else set()
        x = array("engine", "x", x, size, *sorted(kinds))
        if x.dtype == self.quantized.dtype:
            return x
        if x.dtype != np.float32 or not x.size or np.isnan(x.min()):  # NaN is refused there
            return stored_images(self.quantized, x)
        from ..kernels.simd.integer.rung import quantize

        q, y = self.quantized["image"], np.empty(x.shape, self.quantized.dtype)
        quantize(x, self.quantized.rounding, q.scale[0], q.zero_point[0], y)
        return y

    def __call__(self, x: Array) -> Array:
        """Logits (N, classes) of x (N, H, W, C); the last map of a plan without top.

        x float32, as the network reads images: quantised here, and the logits are float32.  x of the
        network's own int8 or uint8: the logits are such integers.  No images give no logits.
        ValueError where x does not fit the plan, or is more than the batch.
        """
        found = super().__call__(x)
        real = getattr(x, "dtype", None) == np.float32
        return restored(found, self.quantized[self.quantized.output]) if real else found


def compiled(
    quantized: QuantizedPlan, arrays: Mapping[str, Array], batch: int, threads: int
) -> IntegerEngine:
    """The engine of a quantised plan.

    ValueError where arrays do not fit it; NotImplementedError, which names the layer, where it has one
    that the engine does not know.
    """
    require(INTEGER_ENGINE, quantized.plan)
    check_arrays(quantized, arrays)
    return IntegerEngine(quantized, arrays, batch, threads)
