"""Random weights that leave nothing out: biases and statistics too, where `init` has zeros and ones."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from ..models.network_plan import Plan
from ..models.params import init
from ..ops.checks import Array


def random_params(plan: Plan, seed: int) -> dict[str, Array]:
    """As `npmobilenet.init`, but beta, biases and running means are normal, gamma and variances uniform.

    A fresh network has no biases: whoever forgets them would compute all of its vectors.
    """
    params = init(plan, seed)
    for name, values in params.items():
        kind = name.rpartition(".")[2]
        rng = np.random.default_rng([seed, crc32(name.encode()), 1])
        if kind in ("gamma", "variance"):
            params[name] = rng.uniform(0.5, 1.5, values.shape).astype(values.dtype)
        elif kind != "weight":
            params[name] = (0.3 * rng.standard_normal(values.shape)).astype(values.dtype)
    return params
