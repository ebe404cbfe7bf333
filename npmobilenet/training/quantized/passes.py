"""A fake-quantised network, forwards and backwards.

Before a pass every weight w is replaced by the nearest that folds into integers,

    w' = round(w s) / s,    s = gamma / sqrt(variance + eps) of the running estimates,

s held still: after the normalisation, which multiplies by s again, stands the folded weight of the
integer network, while the normalisation itself may still be the batch's.  With the running estimates in
its place too, what comes out is the folded network's, and then its bias is rounded as well.  The gradient
of w is that of w', where w s is not clipped.  What each integer step will put out is rounded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ... import ops
from ...models.execute import Run, execute_backward, execute_forward
from ...models.network_plan import Plan
from ...ops.checks import Array
from .folding import Arrays, Folding


class Passes(Folding):
    """The passes of one plan with these settings."""

    def forward(
        self,
        params: Mapping[str, Array],
        x: Array,
        *,
        train: bool = False,
        rng: np.random.Generator | None = None,
        frozen: Collection[str] = (),
        total: Callable[[Array], Array] | None = None,
        rate: float = 0.0,
        kept: Arrays | None = None,
    ) -> tuple[Array, dict[str, Any], Arrays]:
        """x (N, H, W, C) -> logits (N, classes), tape, moved statistics and ranges.

        rate of averaged ranges; 0: they stay.  kept: takes what becomes integers, by its tensor's name.
        """
        norms = (weight.norm for weight in self.points.weights.values())
        moving = {name for name in norms if train and name not in frozen}
        params, last = dict(params), last_reader(self.plan)
        weights: Arrays = {}
        shifts: Arrays = {}
        tape: dict[str, Any] = {"weights": {}}
        for name in self.points.weights:
            rounded, cache, s = self.weight(params, name)
            tape["weights"][name] = cache, s
            if self.points.weights[name].norm not in moving - {None}:
                shifts |= self.rounded_shift(params, name)
            weights[f"{name}.weight"] = rounded if s is None else rounded / np.where(s == 0, 1, s)
        params |= weights | shifts
        run = Run(params, train, None, rng, frozen, total)
        moved: Arrays = {}
        values: Arrays = {}

        def put(layer: str, y: Array, cache: Any) -> None:
            tensor, after = self.points.after.get(layer), None
            if tensor is not None:
                name = f"{tensor}.range"
                if rate and name in params and y.size:
                    seen = np.array([min(0.0, float(y.min())), max(0.0, float(y.max()))])
                    old = params[name].astype(np.float64)
                    params[name] = (old + rate * (seen - old)).astype(params[name].dtype)
                    moved[name] = params[name]
                grid = self.grid(params, tensor)
                y, after = ops.fake_quantize(y, *grid[:2], least=grid[2], greatest=grid[3])
                if kept is not None:
                    kept[tensor] = y
            values[layer], tape[layer] = y, (cache, after)

        put("image", x, None)
        for layer in self.plan.layers:
            y, cache = execute_forward(run, layer, [values[n] for n in layer.inputs])
            if f"{self.points.after.get(layer.name)}.shifted" in self.points.fixed:
                y = self._gate(params, layer.name, values[layer.inputs[0]])
            put(layer.name, y, cache)
            for source in layer.inputs:
                if last[source] == layer.name:
                    values.pop(source, None)
        return values[self.plan.layers[-1].name], tape, run.statistics | moved

    def backward(
        self,
        dlogits: Array,
        tape: Mapping[str, Any],
        trained: Collection[str],
        ready: Callable[[str, Array], object] | None = None,
    ) -> Arrays:
        """Gradients of the arrays named in `trained`, those of learnt scales among them.

        ready is called with the name and gradient of each, as soon as it is there.
        """
        grads: Arrays = {}
        flowing: Arrays = {self.plan.layers[-1].name: dlogits}

        def found(name: str, gradient: Array) -> None:
            if name not in trained:
                return
            grads[name] = gradient
            if ready is not None:
                ready(name, gradient)

        for layer in reversed(self.plan.layers):
            dy = flowing.pop(layer.name)
            cache, after = tape[layer.name]
            if after is not None:
                tensor = self.points.after[layer.name]
                own = self.learns and tensor in self.points.free
                dy, dscale = ops.fake_quantize_backward(dy, after, scale_gradient=own)
                if dscale is not None:
                    found(f"{tensor}.scale", dscale * _slow(after, len(dy)))
            dinputs, darrays = execute_backward(layer, dy, cache, layer.inputs != ("image",))
            for short, gradient in zip(layer.arrays, darrays, strict=True):
                if short == "weight" and layer.name in self.points.weights:
                    self._weight_back(layer.name, gradient, tape["weights"], found)
                else:
                    found(f"{layer.name}.{short}", gradient)
            for source, dinput in zip(layer.inputs, dinputs, strict=True):
                if dinput is not None and source != "image":
                    flowing[source] = flowing[source] + dinput if source in flowing else dinput
        return grads

    def _gate(self, params: Mapping[str, Array], layer: str, x: Array) -> Array:
        """A hard sigmoid as integers have it: relu6(x + 3) is rounded, then a sixth of it."""
        grid = self.grid(params, f"{self.points.after[layer]}.shifted")
        inside = np.clip(x + x.dtype.type(3), 0, 6)
        y, _ = ops.fake_quantize(inside, *grid[:2], least=grid[2], greatest=grid[3])
        sixth: Array = y / x.dtype.type(6)
        return sixth

    def _weight_back(
        self,
        name: str,
        gradient: Array,
        caches: Mapping[str, Any],
        found: Callable[[str, Array], None],
    ) -> None:
        """From the gradient of w' to those of w and of its scale."""
        cache, s = caches[name]
        if s is not None:
            gradient = gradient / np.where(s == 0, 1, s)
        dfolded, dscale = ops.fake_quantize_backward(
            np.ascontiguousarray(gradient), cache, scale_gradient=self.learns
        )
        if dscale is not None:
            found(f"{name}.weight.scale", dscale * _slow(cache, 1))
        found(f"{name}.weight", dfolded if s is None else dfolded * s)


def _slow(cache: Any, images: int) -> Any:
    """1 / sqrt(elements x greatest), so that scales move as slowly as weights (Esser et al. 2020)."""
    elements = cache.x.size / max(1, images) / cache.scales
    return cache.dtype.type(1 / np.sqrt(max(1.0, elements) * max(map(abs, cache.ends))))


def last_reader(plan: Plan) -> dict[str, str]:
    """Layer -> the last one that reads it."""
    return {source: layer.name for layer in plan.layers for source in layer.inputs}
