"""This project's compiled training step with its fused optimiser."""

from pathlib import Path

import numpy as np

import npmobilenet as nm
import npmobilenet.engine.emit_training  # what compiling would import later, Numba with it
from npmobilenet.ops.checks import Array
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd

from .trainer import MOMENTUM, RATE, Trainer


def load(folder: Path, threads: int) -> Trainer:
    """What `train` runs."""
    model = nm.load(folder / "network.safetensors")
    x, labels = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
    compiled = nm.compile_training(model.plan, model.params, batch=len(x), threads=threads)
    move = FusedOptimizer(compiled, Sgd(lr=RATE, momentum=MOMENTUM))

    def gradients() -> tuple[float, dict[str, Array]]:
        loss, _ = compiled(x, labels)
        return loss, compiled.grads

    def step() -> float:
        loss, _ = compiled(x, labels)
        move(RATE)
        return loss

    return Trainer(step, gradients)
