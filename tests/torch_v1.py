"""MobileNetV1 in plain torch.nn, for the tests: what anybody would write from the paper's Table 1."""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import npmobilenet as nm

# MobileNetV1, Table 1: filters and stride of the 13 pairs of depthwise and pointwise convolutions
TABLE_1 = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
TABLE_1 += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


class SamePad(nn.Module):
    """TensorFlow's SAME for 3 x 3: the odd zero goes right and below."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Any) -> Any:
        sides = []
        for size in (x.shape[3], x.shape[2]):
            total = max((math.ceil(size / self.stride) - 1) * self.stride + 3 - size, 0)
            sides += [total // 2, total - total // 2]
        return F.pad(x, sides)


class TorchV1(nn.Sequential):
    """Table 1 with the authors' SAME padding and eps, or as usually adapted to small images."""

    def __init__(self, width: float, classes: int, dialect: str) -> None:
        same = dialect == "paper"

        def convolution(i: int, o: int, s: int, groups: int, name: str) -> dict[str, nn.Module]:
            padded = {f"{name}_pad": SamePad(s)} if same else {}
            return padded | {
                name: nn.Conv2d(i, o, 3, s, 0 if same else 1, groups=groups, bias=False)
            }

        def norm(channels: int, name: str) -> dict[str, nn.Module]:
            return {
                f"{name}_norm": nn.BatchNorm2d(channels, 1e-3 if same else 1e-5, 0.1),
                f"{name}_activation": nn.ReLU(),
            }

        channels = int(32 * width)
        parts = convolution(3, channels, 2 if same else 1, 1, "stem") | norm(channels, "stem")
        for number, (filters, stride) in enumerate(TABLE_1, 1):
            name, filters = f"blocks{number}", int(filters * width)
            parts |= convolution(channels, channels, stride, channels, f"{name}_depthwise")
            parts |= norm(channels, f"{name}_depthwise")
            parts[f"{name}_pointwise"] = nn.Conv2d(channels, filters, 1, bias=False)
            parts |= norm(filters, f"{name}_pointwise")
            channels = filters
        parts |= {"pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten()}
        super().__init__()
        for name, part in (parts | {"classifier": nn.Linear(channels, classes)}).items():
            self.add_module(name, part)


def as_torch(value: Any, kind: str) -> Any:
    """An array in PyTorch's layout."""
    order = {("conv", 4): (3, 2, 0, 1), ("conv", 3): (2, 0, 1), ("conv", 2): (1, 0)}
    axes = order.get(("conv", value.ndim)) if kind == "weight" else None
    return torch.tensor(np.ascontiguousarray(value.transpose(axes) if axes else value))


NAMES = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}


def torch_twin(plan: nm.Plan, params: dict[str, Any], train: bool, dtype: Any) -> nn.Module:
    """TorchV1 with the weights of params."""
    twin = TorchV1(plan.width, plan.classes, plan.dialect.name).to(dtype).train(train)
    state = dict(twin.named_parameters()) | dict(twin.named_buffers())
    with torch.no_grad():
        for name, value in params.items():
            layer, _, array = name.rpartition(".")
            target = state[f"{torch_name(layer)}.{NAMES.get(array, array)}"]
            target.copy_(as_torch(value, array).reshape(target.shape))
    return twin


def torch_name(layer: str) -> str:
    return layer.replace("blocks.", "blocks").replace(".", "_")


def torch_results(plan: nm.Plan, params: Any, x: Any, dy: Any, train: bool, dtype: Any) -> dict:
    """Logits, gradients and running statistics of the twin, under our names and in our layout."""
    twin = torch_twin(plan, params, train, dtype)
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy(), dtype=dtype, requires_grad=True)
    logits = twin(image)
    logits.backward(torch.tensor(dy, dtype=dtype))
    found = {"logits": logits.detach().numpy(), "image": image.grad.numpy().transpose(0, 2, 3, 1)}
    state = {n: p.grad for n, p in twin.named_parameters()} | dict(twin.named_buffers())
    for name, value in params.items():
        layer, _, array = name.rpartition(".")
        if array in ("mean", "variance") and not train:
            continue
        result = state[f"{torch_name(layer)}.{NAMES.get(array, array)}"].numpy()
        if array == "weight":  # pointwise filters are (O, M, 1, 1) there, depthwise (M, 1, K, L)
            back = {4: (2, 3, 1, 0), 3: (2, 3, 0, 1), 2: (1, 0, 2, 3)[: result.ndim]}[value.ndim]
            result = result.transpose(back).reshape(value.shape)
        found[name] = result
    return found
