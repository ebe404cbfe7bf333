"""PyTorch's training step: eager, channels_last, and compiled by inductor."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .pytorch import Network, key
from .trainer import MOMENTUM, RATE, Trainer


def eager(folder: Path, threads: int) -> Trainer:
    """As it comes, in PyTorch's own layout."""
    return _trainer(folder, threads, torch.contiguous_format)


def channels_last(folder: Path, threads: int) -> Trainer:
    """Channels side by side in memory."""
    return _trainer(folder, threads, torch.channels_last)


def compiled(folder: Path, threads: int) -> Trainer:
    """Forward and backward compiled by inductor, which needs a C++ compiler."""
    return _trainer(folder, threads, torch.channels_last, compiles=True)


def _trainer(folder: Path, threads: int, layout: Any, *, compiles: bool = False) -> Trainer:
    torch.set_num_threads(threads)
    layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    network = Network(layers, dict(np.load(folder / "layers.npz"))).train()
    network.to(memory_format=layout)
    images = np.load(folder / "images.npy").transpose(0, 3, 1, 2).copy()
    x = torch.from_numpy(images).contiguous(memory_format=layout)
    labels = torch.from_numpy(np.load(folder / "labels.npy"))
    run = torch.compile(network) if compiles else network
    optimizer = _sgd(network)

    def backward() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(run(x), labels)
        loss.backward()
        return float(loss.item())

    def gradients() -> tuple[float, dict[str, Any]]:
        return backward(), _gradients(network)

    def step() -> float:
        loss = backward()
        optimizer.step()
        return loss

    return Trainer(step, gradients)


def _sgd(network: Network) -> torch.optim.SGD:
    """Its fastest: all of a parameter in one pass, or where the CPU has no such kernel, lists at once."""
    try:
        return torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)
    except RuntimeError:
        return torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM, foreach=True)


def _gradients(network: Network) -> dict[str, Any]:
    """Under the plan's names, in the papers' layouts."""
    found = {}
    for layer in network.layers:
        if key(layer) not in network.parts:
            continue
        for name, parameter in network.parts[key(layer)].named_parameters():
            short = name.rpartition(".")[2]
            gradient = parameter.grad.numpy()
            if layer["kind"] == "batch_norm":
                short = {"weight": "gamma", "bias": "beta"}[short]
            elif short == "weight":
                gradient = as_papers(layer["kind"], gradient)
            found[f"{layer['name']}.{short}"] = gradient
    return found


def as_papers(kind: str, weight: Any) -> Any:
    """A weight of PyTorch's shape in the papers' layout."""
    if kind == "dense":
        return weight.T
    if kind == "pointwise":
        return weight[:, :, 0, 0].T
    if kind == "depthwise":
        return weight[:, 0].transpose(1, 2, 0)
    return weight.transpose(2, 3, 1, 0)
