"""Any plan in PyTorch, layer by layer: the witness of the tests that are about speed, not architecture.

`torch_parts.py` and its neighbours are written without a plan and prove what a plan says.  This one
reads the plan, and so runs every dialect and switch; test_training_step_gradients.py shows that in
float64 it is the same function as ours.  Arrays keep our names and layouts (PyTorch's are made inside
the graph), so gradients arrive in ours.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import npmobilenet as nm
from npmobilenet.models.layers import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
    Pointwise,
    Scale,
)

ACTIVATIONS = {
    "relu": F.relu, "relu6": F.relu6, "hard_swish": F.hardswish, "hard_sigmoid": F.hardsigmoid,
    "swish": F.silu, "sigmoid": torch.sigmoid,
}  # fmt: skip


class TorchPlan:
    """A plan's layers on leaves that PyTorch differentiates.

    leaves: the trained arrays by name; running: the estimates, which a call moves in place.  frozen:
    batch normalisations that use their estimates.  seed: of dropout's survivors, drawn as ours are.
    """

    def __init__(
        self, plan: nm.Plan, params: Any, dtype: Any, frozen: Collection[str] = (), seed: int = 0
    ) -> None:
        self.plan, self.frozen, self.seed = plan, frozen, seed
        arrays = {name: torch.tensor(value, dtype=dtype) for name, value in params.items()}
        self.leaves = {name: arrays[name].requires_grad_() for name in plan.parameters}
        self.running = {name: arrays[name] for name in plan.statistics}

    def __call__(self, x: Tensor) -> Tensor:
        """Images (N, H, W, C) -> the last layer's output, in our layout."""
        values = {"image": x.permute(0, 3, 1, 2).contiguous()}
        rng = np.random.default_rng(self.seed)
        for layer in self.plan.layers:
            y = self._layer(layer, *(values[name] for name in layer.inputs), rng=rng)
            values[layer.name] = y
        return y.permute(0, 2, 3, 1) if y.ndim == 4 else y

    def gradients(self) -> dict[str, Any]:
        """After `backward`: by name, in our layout."""
        found = {name: leaf.grad for name, leaf in self.leaves.items()}
        return {name: g.numpy() for name, g in found.items() if g is not None}

    def statistics(self) -> dict[str, Any]:
        """The running estimates that a call has moved."""
        names = {f"{name}.{kind}" for name in self.frozen for kind in ("mean", "variance")}
        return {name: v.numpy() for name, v in self.running.items() if name not in names}

    def _layer(self, layer: Layer, x: Tensor, *more: Tensor, rng: np.random.Generator) -> Tensor:
        if isinstance(layer, Conv | Depthwise | GroupedConv | Pointwise | Dense):
            return self._product(layer, x)
        if isinstance(layer, BatchNorm):
            own = [self.leaves[f"{layer.name}.{name}"] for name in ("gamma", "beta")]
            running = [self.running[f"{layer.name}.{name}"] for name in ("mean", "variance")]
            train = layer.name not in self.frozen
            return F.batch_norm(x, *running, *own, train, layer.momentum, layer.eps)
        if isinstance(layer, Activation):
            if layer.slope is not None:
                return (layer.slope * x + 0.5).clamp(0, 1)
            return ACTIVATIONS[layer.function](x)
        if isinstance(layer, AveragePool | MaxPool):
            return self._pool(layer, x)
        if isinstance(layer, GlobalAveragePool):
            return x.mean((2, 3))
        if isinstance(layer, Dropout):
            drawn = rng.random(tuple(x.shape))
            survivors = x * torch.tensor(drawn >= layer.rate)
            return survivors if layer.mode == "downscale_in_infer" else survivors / (1 - layer.rate)
        if isinstance(layer, Scale):
            return x * more[0][:, :, None, None]
        assert isinstance(layer, Add)
        return x + more[0]

    def _pool(self, layer: Any, x: Tensor) -> Tensor:
        """Padded by hand: sums over counts, or the largest beside minus infinity."""
        top, bottom, left, right = layer.window.sides
        if isinstance(layer, MaxPool):
            x = F.pad(x, (left, right, top, bottom), value=-torch.inf)
            return F.max_pool2d(x, layer.kernel, layer.stride)
        ones, around = x.new_ones(x.shape), (left, right, top, bottom)
        sums, counts = (
            F.avg_pool2d(F.pad(part, around), layer.kernel, layer.stride) for part in (x, ones)
        )
        return sums if layer.count_padding else sums / counts

    def _product(self, layer: Any, x: Tensor) -> Tensor:
        w, b = self.leaves[f"{layer.name}.weight"], self.leaves.get(f"{layer.name}.bias")
        if isinstance(layer, Dense):
            return F.linear(x, w.T.contiguous(), b)
        if isinstance(layer, Pointwise):
            return F.conv2d(x, w.T[:, :, None, None].contiguous(), b)
        top, bottom, left, right = layer.window.sides
        if (top, left) != (bottom, right):
            x, top, left = F.pad(x, (left, right, top, bottom)), 0, 0
        settings = {"stride": layer.stride, "padding": (top, left)}
        if isinstance(layer, Depthwise):
            w = w.permute(2, 0, 1)[:, None].contiguous()
            return F.conv2d(x, w, b, groups=layer.input[-1], **settings)
        w = w.permute(3, 2, 0, 1).contiguous()
        return F.conv2d(x, w, b, groups=layer.groups, **settings)


def torch_results(
    plan: nm.Plan, params: Any, x: Any, dy: Any, dtype: Any, frozen: Collection[str] = (), seed: int = 0
) -> dict[str, Any]:  # fmt: skip
    """Output, moved statistics and the gradients of all trained arrays for dy shaped as the output."""
    network = TorchPlan(plan, params, dtype, frozen, seed)
    logits = network(torch.tensor(x, dtype=dtype))
    logits.backward(torch.tensor(dy, dtype=dtype))
    found = {"logits": logits.detach().numpy()}
    return found | network.statistics() | network.gradients()
