"""Keras' training step, `train_on_batch`, on PyTorch: its depthwise convolution on a CPU is not XLA's."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch

from .trainer import MOMENTUM, RATE, Trainer


def load(folder: Path, threads: int) -> Trainer:
    """A functional model of Keras' own layers."""
    torch.set_num_threads(threads)
    layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    x, labels = (torch.from_numpy(np.load(folder / f"{k}.npy")) for k in ("images", "labels"))
    model = _model(layers, dict(np.load(folder / "layers.npz")), x.shape[1:])
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE, MOMENTUM), entropy)

    def gradients() -> tuple[float, dict[str, Any]]:
        model.zero_grad()
        loss = entropy(labels, model(x, training=True))
        loss.backward()
        return float(loss), _gradients(model, layers)

    return Trainer(lambda: float(model.train_on_batch(x, labels)), gradients)


def _model(layers: list[dict[str, Any]], arrays: dict[str, Any], shape: Any) -> Any:
    image = keras.Input(tuple(shape))
    values = {"image": image}
    for layer in layers:
        inputs = [values[source] for source in layer["inputs"]]
        values[layer["name"]] = y = _applied(layer, arrays, *inputs)
    model = keras.Model(image, y)
    for layer in layers:
        found = [arrays[f"{layer['name']}.{k}"] for k in _names(layer, arrays)]
        if found:
            made = model.get_layer(_called(layer))
            made.set_weights([a.reshape(w.shape) for a, w in zip(found, made.weights, strict=True)])
    return model


def _applied(layer: dict[str, Any], arrays: dict[str, Any], x: Any, *more: Any) -> Any:
    kind, kl = layer["kind"], keras.layers
    options: dict[str, Any] = {"name": _called(layer)}
    weight = arrays.get(f"{layer['name']}.weight")
    if weight is not None:
        options["use_bias"] = f"{layer['name']}.bias" in arrays
    if kind in ("conv", "depthwise"):
        top, bottom, left, right = layer["sides"]
        x = kl.ZeroPadding2D(((top, bottom), (left, right)))(x) if any(layer["sides"]) else x
        options |= {"kernel_size": weight.shape[:2], "strides": layer["stride"]}
        made = kl.DepthwiseConv2D if kind == "depthwise" else kl.Conv2D
        return made(**options)(x) if kind == "depthwise" else made(weight.shape[-1], **options)(x)
    if kind == "pointwise":
        return kl.Conv2D(weight.shape[-1], 1, **options)(x)
    if kind == "dense":
        return kl.Dense(weight.shape[-1], **options)(x)
    if kind == "batch_norm":
        momentum, eps = 1 - layer["momentum"], layer["eps"]
        return kl.BatchNormalization(momentum=momentum, epsilon=eps, **options)(x)
    if kind == "global_pool":
        return kl.GlobalAveragePooling2D()(x)
    if kind == "add":
        return kl.Add()([x, *more])
    if kind == "scale":
        return kl.Multiply()([x, kl.Reshape((1, 1, -1))(more[0])])
    if kind == "dropout":
        return x if layer["keep"] == 1 else kl.Rescaling(layer["keep"])(x)
    if layer["function"] == "hard_sigmoid" and layer["slope"] != 1 / 6:
        return keras.ops.clip(layer["slope"] * x + 0.5, 0, 1)
    return kl.Activation(layer["function"])(x)


def _called(layer: dict[str, Any]) -> str:
    """A name as Keras allows."""
    return str(layer["name"]).replace(".", "_")


def _names(layer: dict[str, Any], arrays: dict[str, Any]) -> list[str]:
    """Of a layer's arrays, in Keras' order."""
    order = ("weight", "bias", "gamma", "beta", "mean", "variance")
    return [name for name in order if f"{layer['name']}.{name}" in arrays]


def _gradients(model: Any, layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Under the plan's names; the layouts are the papers' already, but for axes of length 1."""
    found = {}
    names = {"kernel": "weight"}
    for layer in layers:
        if all(_called(layer) != x.name for x in model.layers):
            continue
        for variable in model.get_layer(_called(layer)).trainable_weights:
            gradient, name = variable.value.grad.numpy(), names.get(variable.name, variable.name)
            if layer["kind"] == "depthwise" and name == "weight":
                gradient = gradient[..., 0]
            elif layer["kind"] == "pointwise" and name == "weight":
                gradient = gradient[0, 0]
            found[f"{layer['name']}.{name}"] = gradient
    return found
