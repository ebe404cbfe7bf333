"""This project's operators at their NumPy rung: the learner's starting point."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import npmobilenet as nm
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.ops.checks import Array


def load(folder: Path, threads: int) -> Callable[[], Array]:
    """The plain executor; threads: of BLAS, which the process was started with."""
    model, images = nm.load(folder / "network.safetensors"), np.load(folder / "images.npy")
    folded, arrays = fold_batch_norm(model.plan, model.params)
    return lambda: nm.infer(folded, arrays, images, rung="numpy")
