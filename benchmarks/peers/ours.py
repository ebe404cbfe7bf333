"""This project's compiled engine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import npmobilenet as nm
import npmobilenet.engine.emit_inference  # what compiling would import later, Numba with it
from npmobilenet.ops.checks import Array


def load(folder: Path, threads: int) -> Callable[[], Array]:
    """What `predict` runs."""
    model, images = nm.load(folder / "network.safetensors"), np.load(folder / "images.npy")
    engine = nm.compile(model.plan, model.params, batch=len(images), threads=threads)
    return lambda: engine(images)
