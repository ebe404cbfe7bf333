"""The networks whose training steps are measured, their files, and the proof that a step is right.

network.safetensors, images.npy     as for inference
layers.json, .npz                   the network with its batch normalisations
labels.npy                          (N,)
gradients.npz                       "loss" and every gradient by its plan's name, of the plain
                                    executor in float64
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm

from .cases import Case, drawn_images, drawn_params, write_layers, write_ours
from .process import PeerError, Worker

CASES = {
    "v1-cifar": Case(model="v1", resolution=32, batch=64, classes=10, dialect="cifar"),
    "v1-224": Case(model="v1", batch=8),
    "v2-224": Case(model="v2", batch=8),
    "v3-small-224": Case(model="v3-small", batch=8),
    "v1-0.25-128": Case(model="v1", width=0.25, resolution=128, batch=32),
}
# Relative to the float64 ones: of a loss, and of gradients, in the middle of a network's arrays.  Among
# millions of activations some lie within a rounding of their kink; a float32 program lets the gradient
# through where another does not.  If that happens to a share s of them, gradients differ by sqrt(s): by
# up to 4 % where mean and variance are summed in the plainest way.  No array may be half wrong, of those
# whose gradient is not 0 but for roundings, as that of a constant that a normalisation takes off again.
LOSS_TOLERANCE, TOLERANCE, WORST, NOTHING = 1e-4, 0.1, 0.5, 1e-6


def write(case: Case, folder: Path, formats: Sequence[str]) -> None:
    """The files of a case; formats: whether "layers" are wanted besides ours."""
    plan = case.plan
    params, images = drawn_params(plan), drawn_images(plan, case.batch)
    labels = np.random.default_rng(0).integers(0, plan.classes, case.batch)
    write_ours(plan, params, images, folder)
    np.save(folder / "labels.npy", labels)
    if "layers" in formats:
        write_layers(plan, params, folder)
    exact = {name: array.astype(np.float64) for name, array in params.items()}
    logits, tape, _ = nm.forward(plan, exact, images.astype(np.float64), train=True)
    loss, cache = nm.softmax_cross_entropy(logits, labels)
    found = nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache), tape)
    np.savez(folder / "gradients.npz", loss=loss, **{k: found[k] for k in plan.parameters})


def prove(worker: Worker, folder: Path) -> float:
    """The error of a worker's gradients; PeerError if that or its loss's is too large."""
    file = folder / f"{worker.peer.name}.npz"
    worker.ask("gradients", file=str(file))
    found, expected = dict(np.load(file)), dict(np.load(folder / "gradients.npz"))
    if missing := sorted(set(expected) - set(found)):
        raise PeerError(f"it gives no gradient of {missing[0]}")
    for name, value in expected.items():
        if found[name].shape != value.shape:
            shapes = f"{found[name].shape}, not {value.shape}"
            raise PeerError(f"its gradient of {name} is shaped {shapes}")
    loss = _error(found.pop("loss"), expected.pop("loss"))
    if not loss <= LOSS_TOLERANCE:
        raise PeerError(f"its loss is wrong by {loss:.1e}")
    least = NOTHING * max(map(np.linalg.norm, expected.values()))
    kept = {name: value for name, value in expected.items() if np.linalg.norm(value) > least}
    errors = {name: _error(found[name], value) for name, value in kept.items()}
    error = float(np.median(list(errors.values())))
    if not error <= TOLERANCE:
        raise PeerError(f"its gradients are wrong by {error:.1e}")
    worst = max(errors, key=errors.__getitem__)
    if not errors[worst] <= WORST:
        raise PeerError(f"its gradient of {worst} is wrong by {errors[worst]:.1e}")
    return error


def _error(found: Any, expected: Any) -> float:
    """Length of the difference, relative to the expected length."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def step_macs(plan: nm.Plan) -> int:
    """Of a training step, for one image: forwards, and backwards for weights and for inputs.

    Nobody asks how the loss changes with the image.
    """
    first = sum(layer.macs for layer in plan.layers if "image" in layer.inputs)
    return 3 * sum(layer.macs for layer in plan.layers) - first
