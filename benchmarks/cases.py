"""What is measured: a network, an image size, a batch; and the files that every engine is given.

    network.safetensors   ours: the plan and its params
    layers.json, .npz     the folded network as plain data, for engines that are fed by Python code
    network.onnx          the folded network, channels first
    network.tflite        the folded network, channels last, for one batch size
    images.npy            (N, H, W, 3)
    logits.npy            what the plain executor makes of them, with NumPy alone

Batch normalisation is folded once, by us, and every engine gets the folded network.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.models.layers import Activation, BatchNorm, Conv, Depthwise, Dropout, Layer
from npmobilenet.ops.checks import Array


@dataclass(frozen=True, kw_only=True)
class Case:
    """One network at one batch size."""

    model: str
    width: float = 1.0
    resolution: int = 224
    batch: int = 1
    classes: int = 1000
    # PyTorch's padding, which ONNX and PyTorch take as it is, and XNNPACK merges into the convolution
    dialect: str = "timm"

    @property
    def name(self) -> str:
        """ "v1 1.0/224, batch 16"."""
        return f"{self.model} {self.width}/{self.resolution}, batch {self.batch}"

    @property
    def plan(self) -> nm.Plan:
        """Its layers."""
        return nm.plan(
            self.model,
            width=self.width,
            resolution=self.resolution,
            classes=self.classes,
            dialect=self.dialect,
        )


def parsed(text: str) -> tuple[str, float, int]:
    """ "v1" -> ("v1", 1.0, 224); "v1:0.25:128" says width and resolution too.  ValueError else."""
    model, *numbers = text.split(":")
    if model not in nm.MODELS or len(numbers) > 2:
        raise ValueError(f"expected MODEL[:WIDTH[:RESOLUTION]], found {text!r}")
    width = float(numbers[0]) if numbers else 1.0
    resolution = int(numbers[1]) if len(numbers) > 1 else 224
    return model, width, resolution


def drawn_params(plan: nm.Plan, seed: int = 0) -> dict[str, Array]:
    """Random weights under which activations neither die nor explode.

    He's weights; gamma, beta and biases around 1 and 0; running statistics near those of noise, as
    they would be after training.
    """
    rng, params = np.random.default_rng(seed), nm.init(plan, seed)
    for name, value in params.items():
        if name.endswith(".gamma"):
            params[name] = rng.uniform(0.5, 1.5, value.shape)
        elif name.endswith((".beta", ".bias")):
            params[name] = 0.2 * rng.standard_normal(value.shape)
        params[name] = params[name].astype(np.float32)
    attentive = tuple(  # running statistics become the batch's own
        replace(layer, momentum=1.0) if isinstance(layer, BatchNorm) else layer
        for layer in plan.layers
    )
    noise = drawn_images(plan, 2, seed)
    _, _, statistics = nm.forward(
        replace(plan, layers=attentive), params, noise, train=True, rung="numpy", rng=rng
    )
    for name, value in statistics.items():
        if name.endswith(".variance"):  # a channel that never varies must not be blown up
            value = (value + 0.1 * value.mean()) * rng.uniform(0.8, 1.25, value.shape)
        params[name] = value.astype(np.float32)
    return params


def drawn_images(plan: nm.Plan, count: int, seed: int = 0) -> Array:
    """Noise (N, H, W, C)."""
    rng = np.random.default_rng([seed, count])
    return rng.standard_normal((count, *plan.resolution, plan.channels), np.float32)


def write(case: Case, folder: Path, formats: Sequence[str]) -> None:
    """The files of a case; formats: which of "onnx", "tflite", "layers" are wanted besides ours."""
    plan = case.plan
    params, images = drawn_params(plan), drawn_images(plan, case.batch)
    write_ours(plan, params, images, folder)
    np.save(folder / "logits.npy", nm.infer(plan, params, images, rung="numpy"))
    folded, arrays = fold_batch_norm(plan, params)
    if "layers" in formats:
        write_layers(folded, arrays, folder)
    if "onnx" in formats:
        nm.export_onnx(plan, params, folder / "network.onnx", fold=True)
    if "tflite" in formats:
        nm.export_tflite(plan, params, folder / "network.tflite", batch=case.batch)


def write_ours(plan: nm.Plan, params: dict[str, Array], images: Array, folder: Path) -> None:
    """The network in our own format, and the images."""
    shown = Preprocessing(
        resolution=plan.resolution, resize=None, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    names = tuple(map(str, range(plan.classes)))
    nm.save(nm.Model(plan, params, names, shown), folder / "network.safetensors")
    np.save(folder / "images.npy", images)


def write_layers(plan: nm.Plan, arrays: Mapping[str, Array], folder: Path) -> None:
    """The layers and their arrays as plain data."""
    layers = [described(layer) for layer in plan.layers]
    (folder / "layers.json").write_text(json.dumps(layers), encoding="utf-8")
    np.savez(folder / "layers.npz", **arrays)


def described(layer: Layer) -> dict[str, Any]:
    """A layer as plain data: everything that an engine must know of it but its arrays."""
    found: dict[str, Any] = {"name": layer.name, "kind": layer.kind, "inputs": layer.inputs}
    if isinstance(layer, Conv | Depthwise):
        found |= {"stride": layer.stride, "sides": layer.window.sides}
    if isinstance(layer, BatchNorm):
        found |= {"eps": layer.eps, "momentum": layer.momentum}
    if isinstance(layer, Activation):
        slope = 1 / 6 if layer.slope is None else layer.slope
        found |= {"function": layer.function, "slope": slope}
    if isinstance(layer, Dropout):
        found["keep"] = 1.0 if layer.mode == "inverted" else 1 - layer.rate
    return found
