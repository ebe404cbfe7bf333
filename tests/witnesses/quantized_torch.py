"""A fake-quantised network in PyTorch, whose autograd has the straight-through rule by `detach`."""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor

from npmobilenet.training.quantized.passes import Passes
from npmobilenet.verify.torch_peers import fake_quantize
from tests.witnesses.torch_plan import TorchPlan


class QuantizedTorchPlan(TorchPlan):
    """Weights, and what each integer step puts out, rounded; biases too where all is frozen.

    params: a state's arrays, float64.  Of the weights' factors nothing is differentiated.
    """

    def __init__(self, passes: Passes, params: Any, frozen: Collection[str]) -> None:
        network = {name: params[name] for name in passes.plan.arrays}
        super().__init__(passes.plan, network, torch.float64, frozen)
        self.passes, self.params = passes, params
        self.scales = {
            name: torch.tensor(value, requires_grad=True)
            for name, value in params.items()
            if name.endswith(".scale")
        }
        self.own = dict(self.leaves)  # what autograd differentiates; self.leaves is what is used
        for name, weight in passes.points.weights.items():
            self._replace(name, weight.norm, weight.norm is None or weight.norm in frozen)

    def gradients(self) -> dict[str, Any]:
        """With those of scales, slowed down as 1 / sqrt(elements x greatest) says."""
        found = {name: leaf.grad.numpy() for name, leaf in self.own.items()}
        for name, leaf in self.scales.items():
            if leaf.grad is not None:
                found[name] = leaf.grad.numpy() * self.slow[name]
        return found

    def __call__(self, x: Tensor) -> Tensor:
        self.slow = {
            f"{name}.weight.scale": self._slowness(self.own[f"{name}.weight"].numel(), scale, 1)
            for name in self.passes.points.weights
            if (scale := self.scales.get(f"{name}.weight.scale")) is not None
        }
        return super().__call__(self._rounded("image", x))

    def _layer(self, layer: Any, x: Tensor, *more: Tensor, rng: Any) -> Tensor:
        y = super()._layer(layer, x, *more, rng=rng)
        tensor = self.passes.points.after.get(layer.name)
        return y if tensor is None else self._rounded(tensor, y)

    def _rounded(self, tensor: str, y: Tensor) -> Tensor:
        name = self.passes.points.same.get(tensor, tensor)
        grid = self.passes.grid(self.params, tensor)
        scale = self.scales.get(f"{name}.scale", torch.tensor(grid.scale))
        if f"{name}.scale" in self.scales:
            self.slow[f"{name}.scale"] = (y[0].numel() * 128) ** -0.5
        given = {"zero_point": grid.zero_point, "least": grid.least, "greatest": grid.greatest}
        return fake_quantize({"x": y, "scale": scale}, given)["y"]

    def _slowness(self, elements: int, scale: Tensor, images: int) -> float:
        return (elements / images / scale.numel() * self.passes.how.greatest) ** -0.5

    def _replace(self, name: str, norm: str | None, settled: bool) -> None:
        """The weight by its rounded one, and where normalisation stays, the bias."""
        w, s = self.own[f"{name}.weight"], torch.ones(())
        if norm is not None:
            eps = self.passes.eps[norm]
            s = self.own[f"{norm}.gamma"].detach() / (self.running[f"{norm}.variance"] + eps).sqrt()
        grid = self.passes.weight_grid(self.params, name)
        scale = self.scales.get(f"{name}.weight.scale", torch.tensor(grid.scale))
        given = {"zero_point": 0, "least": grid.least, "greatest": grid.greatest}
        self.leaves[f"{name}.weight"] = fake_quantize({"x": w * s, "scale": scale}, given)["y"] / s
        for place, value in self.passes.rounded_shift(self.params, name).items() if settled else ():
            leaf = self.own[place]
            self.leaves[place] = leaf + (torch.tensor(value) - leaf).detach()
        assert np.isfinite(w.detach().numpy()).all()
