"""An engine where Numba does not run: `npmobilenet.infer` on NumPy, slower, with the same questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..models.network import infer
from ..models.network_plan import Plan
from ..models.params import check_params
from ..ops.checks import Array
from .engine import Engine

if TYPE_CHECKING:
    from .fused_op import FusedOp


class NumpyEngine(Engine):
    """Runs one network through `npmobilenet.infer`; it has no stages."""

    def __init__(self, plan: Plan, params: Mapping[str, Array], batch: int, threads: int) -> None:
        check_params(plan, params)
        self.plan, self.batch, self.threads = plan, batch, threads
        self._params = {name: array.astype(np.float32) for name, array in params.items()}

    def _run_on(self, x: Array) -> Array:
        return infer(self.plan, self._params, x, rung="numpy")

    @property
    def stages(self) -> tuple[FusedOp, ...]:
        """None."""
        return ()

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes of the weights; maps are made as they are needed."""
        held = sum(array.nbytes for array in self._params.values())
        return {"weights": held, "maps": 0, "bands": 0, "rest": 0}

    def time_stages(self, x: Array, rounds: int = 50) -> list[float]:
        """No stages, no times."""
        return []
