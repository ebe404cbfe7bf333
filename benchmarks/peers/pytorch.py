"""PyTorch: eager, channels_last, and compiled by inductor.  The network is made of plain modules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Activation(nn.Module):
    """Any of a plan's activations, in place where that spares memory.

    In training PyTorch copies what a curve changes in place, since it needs it on the way back.
    """

    def __init__(self, function: str, slope: float) -> None:
        super().__init__()
        self.function, self.slope = function, slope

    def forward(self, x: Any) -> Any:
        if self.function == "hard_sigmoid" and self.slope != 1 / 6:
            return (self.slope * x + 0.5).clamp_(0, 1)
        names = {"hard_sigmoid": "hardsigmoid", "hard_swish": "hardswish", "swish": "silu"}
        if self.function == "sigmoid":
            return x.sigmoid_()
        inplace = self.function in ("relu", "relu6") or not self.training
        return getattr(F, names.get(self.function, self.function))(x, inplace=inplace)


class Network(nn.Module):
    """The layers in order, each fed by those it names; what is no longer needed is let go."""

    def __init__(self, layers: list[dict[str, Any]], arrays: Any) -> None:
        super().__init__()
        self.layers = layers
        self.parts = nn.ModuleDict(
            {key(x): part for x in layers if (part := module(x, arrays)) is not None}
        )
        last = {source: x["name"] for x in layers for source in x["inputs"]}
        self.done = {x["name"]: [s for s in x["inputs"] if last[s] == x["name"]] for x in layers}

    def forward(self, image: Any) -> Any:
        values = {"image": image}
        for layer in self.layers:
            x, *others = (values[source] for source in layer["inputs"])
            kind = layer["kind"]
            if kind == "add":
                y = x + others[0]
            elif kind == "scale":
                y = x * others[0][:, :, None, None]
            elif kind == "global_pool":
                y = x.mean((2, 3))
            elif kind == "dropout":
                y = x * layer["keep"]
            else:
                y = self.parts[key(layer)](x)
            values[layer["name"]] = y
            for source in self.done[layer["name"]]:
                del values[source]
        return y


def key(layer: dict[str, Any]) -> str:
    """A name as ModuleDict allows."""
    return layer["name"].replace(".", "_")


def module(layer: dict[str, Any], arrays: Any) -> nn.Module | None:
    """The module of a layer that has arrays or is an activation."""
    kind, name = layer["kind"], layer["name"]
    if kind == "activation":
        return Activation(layer["function"], layer["slope"])
    if kind == "batch_norm":
        return batch_norm(layer, arrays)
    if f"{name}.weight" not in arrays:
        return None
    weight = torch.from_numpy(arrays[f"{name}.weight"])
    pads: list[nn.Module] = []
    if kind == "dense":
        made: Any = nn.Linear(*weight.shape, bias=f"{name}.bias" in arrays)
        weight = weight.T
    else:
        if kind == "depthwise":
            weight = weight.permute(2, 0, 1)[:, None]
        elif kind == "conv":
            weight = weight.permute(3, 2, 0, 1)
        else:
            weight = weight.T[:, :, None, None]
        top, bottom, left, right = layer.get("sides", (0, 0, 0, 0))
        if (top, left) != (bottom, right):  # Conv2d pads both sides alike
            pads = [nn.ZeroPad2d((left, right, top, bottom))]
            top = left = 0
        groups = len(weight) if kind == "depthwise" else 1
        made = nn.Conv2d(
            weight.shape[1] * groups,
            len(weight),
            tuple(weight.shape[2:]),
            tuple(layer.get("stride", (1, 1))),
            (top, left),
            groups=groups,
            bias=f"{name}.bias" in arrays,
        )
    made.weight = nn.Parameter(weight.contiguous())
    if made.bias is not None:
        made.bias = nn.Parameter(torch.from_numpy(arrays[f"{name}.bias"]))
    return nn.Sequential(*pads, made) if pads else made


def batch_norm(layer: dict[str, Any], arrays: Any) -> nn.Module:
    """A normalisation that was not folded, for training."""
    names = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
    found = {k: torch.from_numpy(arrays[f"{layer['name']}.{v}"]) for k, v in names.items()}
    made = nn.BatchNorm2d(len(found["weight"]), layer["eps"], layer["momentum"])
    made.load_state_dict(found, strict=False)  # without the count of batches
    return made


def _loaded(folder: Path, threads: int) -> tuple[Network, Any]:
    torch.set_num_threads(threads)
    layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    network = Network(layers, dict(np.load(folder / "layers.npz"))).eval()
    images = torch.from_numpy(np.load(folder / "images.npy").transpose(0, 3, 1, 2).copy())
    return network, images


def _call(network: Any, images: Any) -> Callable[[], Any]:
    def call() -> Any:
        with torch.inference_mode():
            return network(images).numpy()

    return call


def eager(folder: Path, threads: int) -> Callable[[], Any]:
    """As it comes, in PyTorch's own layout."""
    return _call(*_loaded(folder, threads))


def channels_last(folder: Path, threads: int) -> Callable[[], Any]:
    """Channels side by side in memory."""
    network, images = _loaded(folder, threads)
    network = network.to(memory_format=torch.channels_last)
    return _call(network, images.contiguous(memory_format=torch.channels_last))


def compiled(folder: Path, threads: int) -> Callable[[], Any]:
    """Compiled by inductor, with the weights frozen into it."""
    from torch._inductor import config

    config.freezing = True
    network, images = _loaded(folder, threads)
    network = network.to(memory_format=torch.channels_last)
    images = images.contiguous(memory_format=torch.channels_last)
    run = torch.compile(network)

    def call() -> Any:
        with torch.no_grad():
            return run(images).numpy()

    return call
