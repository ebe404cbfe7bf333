"""Weights and biases as the integer network will have them: folded, and rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import ops
from ...kernels.fake_quantize import rounded
from ...models.layers import BatchNorm
from ...models.network_plan import Plan
from ...models.params import dtype_of
from ...ops.checks import Array
from ...quantization.storing import BIAS_LIMIT
from .grids import Grid, activation_grid, factor, weight_grid
from .points import Points
from .settings import Quantize

Arrays = dict[str, Array]


class Folding:
    """Of one plan with these settings.  params are a state's arrays."""

    def __init__(self, plan: Plan, points: Points, how: Quantize) -> None:
        self.plan, self.points, self.how = plan, points, how
        self.learns = how.ranges == "learnt"
        self.eps = {layer.name: layer.eps for layer in plan.layers if isinstance(layer, BatchNorm)}

    def grid(self, params: Mapping[str, Array], tensor: str) -> Grid:
        """That of an activation."""
        dtype = dtype_of(params)
        return activation_grid(tensor, self.points, params, dtype)

    def weight_grid(self, params: Mapping[str, Array], name: str) -> Grid:
        """That of a layer's folded weight: wide enough that its bias fits into 32 bits."""
        weight, folded = self.points.weights[name], self.folded(params, name)[0]
        grid = weight_grid(weight, folded, params, self.how)
        if weight.norm is None and f"{name}.bias" not in params:
            return grid
        limit = BIAS_LIMIT * self.grid(params, self.points.reads[name]).scale
        needed = np.abs(self.bias(params, name)) / limit
        if len(grid.scale) == 1:
            needed = needed.max(keepdims=True)
        return grid._replace(scale=np.maximum(grid.scale, needed).astype(grid.scale.dtype))

    def folded(self, params: Mapping[str, Array], name: str) -> tuple[Array, Array | None]:
        """A layer's weight as it will be folded, and what it was multiplied by."""
        weight = self.points.weights[name]
        s = factor(weight, self.eps.get(weight.norm or "", 0.0), params)
        w = params[f"{name}.weight"]
        return (w, None) if s is None else (w * s, s)

    def weight(self, params: Mapping[str, Array], name: str) -> tuple[Array, Any, Array | None]:
        """The folded weight rounded, the cache of that, and what it was multiplied by."""
        folded, s = self.folded(params, name)
        grid = self.weight_grid(params, name)
        rounded, cache = ops.fake_quantize(folded, *grid[:2], least=grid[2], greatest=grid[3])
        return rounded, cache, s

    def bias(self, params: Mapping[str, Array], name: str) -> Array:
        """A layer's bias with its normalisation folded, in float64."""
        weight, own = self.points.weights[name], params.get(f"{name}.bias")
        b = np.zeros(weight.channels) if own is None else own.astype(np.float64)
        if weight.norm is None:
            return b
        gamma, beta, mean, variance = (
            params[f"{weight.norm}.{short}"].astype(np.float64)
            for short in ("gamma", "beta", "mean", "variance")
        )
        found: Array = (b - mean) * gamma / np.sqrt(variance + self.eps[weight.norm]) + beta
        return found

    def rounded_shift(self, params: Mapping[str, Array], name: str) -> Arrays:
        """beta, or the bias, such that the folded bias is a whole number of the products' units.

        By its name; nothing where the layer has neither.
        """
        norm = self.points.weights[name].norm
        last = f"{norm}.beta" if norm else f"{name}.bias"
        if last not in params:
            return {}
        x, w = (
            self.grid(params, self.points.reads[name]).scale,
            self.weight_grid(params, name).scale,
        )
        b, unit = self.bias(params, name), np.float32(x[0]) * w.astype(np.float32)
        whole, _ = rounded(b / unit)  # type: ignore[no-untyped-call]
        exact = whole * (np.float64(x[0]) * w.astype(np.float64))
        return {last: (params[last] + (exact - b)).astype(params[last].dtype)}
