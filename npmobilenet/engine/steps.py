"""From layers to steps: what the engine computes at one go.

A convolution takes its activation with it, a projection its residual, a depthwise convolution the mean
of its output where squeeze-and-excite asks for it.  Depthwise and pointwise become one step where
nothing stands between them.  Batch normalisation is gone before (`fold_batch_norm`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ..models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
    Shape,
)
from ..models.network_plan import Plan
from ..ops.checks import Array

FUSED = {"relu": (0, 0.0, np.inf), "relu6": (0, 0.0, 6.0), "hard_swish": (1, 0.0, 0.0)}
NONE = (0, -np.inf, np.inf)  # kind, low, high: of what a tile does to its results
ALONE = {"sigmoid": 0, "swish": 1, "hard_sigmoid": 2}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: which layers it stands for, what it reads and what it writes."""

    kind: str
    layers: tuple[str, ...]
    x: str  # values are named by the layer that would have put them out
    y: str
    input: Shape
    output: Shape
    w: Array | None = None  # of the depthwise convolution
    b: Array | None = None
    activation: tuple[int, float, float] = NONE
    wide: Array | None = None  # of every other convolution and of dense layers
    wide_b: Array | None = None
    wide_activation: tuple[int, float, float] = NONE
    window: Layer | None = None  # the layer whose window it is
    expand: "Step | None" = None  # what computes x band by band, where x is never whole in memory
    added: str | None = None
    pooled: str | None = None  # where the mean of y goes
    scaled: str | None = None  # the map that the gates scale, in place
    function: str = ""
    slope: float = 0.0
    macs: int = 0
    bytes: int = 0  # read and written, each number once; known when the weights are packed

    @property
    def name(self) -> str:
        """Of its first layer, and of its last where they differ: "blocks.1.depthwise .. pointwise"."""
        first, last = (n.removesuffix("_activation") for n in (self.layers[0], self.layers[-1]))
        return first if first == last else f"{first} .. {last.rpartition('.')[2]}"

    @property
    def numbers(self) -> int:
        """How many numbers it reads and writes, weights included."""
        arrays = (self.w, self.b, self.wide, self.wide_b)
        own = sum(array.size for array in arrays if array is not None)
        extra = (
            self.expand.numbers - prod(self.expand.output) - prod(self.input) if self.expand else 0
        )
        return own + extra + prod(self.input) + prod(self.output) * (2 if self.added else 1)

    def without_arrays(self) -> "Step":
        """What is left to tell when the weights are packed."""
        bare: dict[str, Any] = dict.fromkeys(("w", "b", "wide", "wide_b", "expand"))
        return replace(self, **bare, bytes=4 * self.numbers)


def edge(kind: str, name: str, shape: Shape) -> Step:
    """The picture that comes in, or the result that goes out."""
    return Step(kind=kind, layers=(name,), x=name, y=name, input=shape, output=shape)


def steps_of(plan: Plan, params: Mapping[str, Array]) -> tuple[list[Step], dict[str, str]]:
    """Steps of a folded plan, and for every value that is only another name the one it stands for."""
    return _Reader(plan, params).read()


class _Reader:
    def __init__(self, plan: Plan, params: Mapping[str, Array]) -> None:
        self.plan, self.params = plan, params
        self.readers = Counter(source for layer in plan.layers for source in layer.inputs)
        self.steps: list[Step] = []
        self.same: dict[str, str] = {}
        self.factor: dict[str, float] = {}  # of values that are kept without their factor

    def read(self) -> tuple[list[Step], dict[str, str]]:
        layers = list(self.plan.layers)
        while layers:
            layer = layers.pop(0)
            if isinstance(layer, Dropout):
                kept = 1 - layer.rate if layer.mode == "downscale_in_infer" else 1.0
                self._alias(layer, kept)
            elif isinstance(layer, Activation):
                self._alone(layer)
            elif isinstance(layer, Conv | Depthwise | Pointwise | Dense | BatchNorm):
                self._product(layer, layers)
            elif isinstance(layer, GlobalAveragePool):
                self._step(layer, "pool")
            else:
                raise NotImplementedError(f"engine: no step for {layer.name} ({layer.kind})")
        return self.steps, self.same

    def _value(self, name: str) -> str:
        while name in self.same:
            name = self.same[name]
        return name

    def _alias(self, layer: Layer, factor: float) -> None:
        source = layer.inputs[0]
        self.same[layer.name] = source
        self.factor[layer.name] = self.factor.get(source, 1.0) * factor

    def _step(self, layer: Layer, kind: str, **fields: object) -> None:
        settings: dict[str, object] = {
            "layers": (layer.name,),
            "x": self._value(layer.inputs[0]),
            "y": layer.name,
            "input": layer.input,
            "output": layer.output,
            "macs": layer.macs,
        }
        self.steps.append(Step(kind=kind, **(settings | fields)))  # type: ignore[arg-type]

    def _alone(self, layer: Activation) -> None:
        """An activation that no tile has; in place, for nobody reads what was there before."""
        if self.readers[layer.inputs[0]] > 1 or layer.inputs[0] == "image":
            raise NotImplementedError(f"engine: {layer.name} reads what another layer reads too")
        self.same[layer.name] = layer.inputs[0]
        if layer.function in FUSED:  # left over where its producer took none
            raise NotImplementedError(f"engine: {layer.name} does not follow a convolution")
        self._step(
            layer,
            "activate",
            x=self._value(layer.name),
            y=self._value(layer.name),
            function=layer.function,
            slope=1 / 6 if layer.slope is None else layer.slope,
        )

    def _next(self, layer: Layer, layers: Sequence[Layer], kind: type[Layer]) -> Layer | None:
        """The following layer, if it is of that kind and alone in reading this one."""
        if layers and isinstance(layers[0], kind) and self.readers[layer.name] == 1:
            return layers[0] if layer.name in layers[0].inputs else None
        return None

    def _product(self, layer: Layer, layers: list[Layer]) -> None:
        w, b = self._arrays(layer)
        names, last = [layer.name], layer
        fields: dict[str, object] = {}
        following = self._next(layer, layers, Activation)
        gate = isinstance(following, Activation) and following.function == "hard_sigmoid"
        if isinstance(following, Activation) and gate and self._gates(following, layers):
            # the gate of squeeze-and-excite: clamp(slope (x w + b) + 1/2, 0, 1), slope and 1/2 in w, b
            slope = 1 / 6 if following.slope is None else following.slope
            scale = layers[1]
            w, b = w * slope, b * slope + 0.5
            del layers[:2]
            self.same[scale.name] = scale.inputs[0]
            names += [following.name, scale.name]
            fields = {"scaled": self._value(scale.inputs[0]), "wide_activation": (0, 0.0, 1.0)}
            kind = "excite"
        else:
            activation = NONE
            if isinstance(following, Activation) and following.function in FUSED:
                activation, last = FUSED[following.function], layers.pop(0)
                names.append(last.name)
            window = isinstance(layer, Depthwise | BatchNorm)
            fields["activation" if window else "wide_activation"] = activation
            kind = {Conv: "convolution", Depthwise: "depthwise", BatchNorm: "depthwise"}.get(
                type(layer), "pointwise"
            )
            residual = self._next(last, layers, Add) if kind == "pointwise" else None
            if residual:
                other = next(s for s in residual.inputs if s != last.name)
                fields["added"] = self._value(other)
                last = layers.pop(0)
                names.append(last.name)
        arrays = {"w": w, "b": b} if kind == "depthwise" else {"wide": w, "wide_b": b}
        windowed = layer if isinstance(layer, Conv | Depthwise) else None
        fields |= {"layers": tuple(names), "y": last.name, "window": windowed}
        self._step(layer, kind, **arrays, **fields)

    def _gates(self, gate: Activation, layers: Sequence[Layer]) -> bool:
        return len(layers) > 1 and isinstance(layers[1], Scale) and layers[1].inputs[1] == gate.name

    def _arrays(self, layer: Layer) -> tuple[Array, Array]:
        """Weight and bias; a batch normalisation alone is a 1 x 1 window."""
        if isinstance(layer, BatchNorm):
            gamma, beta, mean, variance = (
                self.params[f"{layer.name}.{a}"].astype(np.float64)
                for a in ("gamma", "beta", "mean", "variance")
            )
            s = gamma / np.sqrt(variance + layer.eps)
            return s[None, None], beta - mean * s
        w = self.params[f"{layer.name}.weight"]
        b = self.params.get(f"{layer.name}.bias", np.zeros(w.shape[-1], w.dtype))
        factor = self.factor.get(layer.inputs[0], 1.0)
        return w if factor == 1 else w * factor, b


def fused(steps: Sequence[Step], threads: int, most: int, large: int) -> list[Step]:
    """Depthwise and pointwise in one step where the second alone reads the first.

    Not where the pointwise weights are more than `most` numbers, nor where the rows cannot be shared
    out evenly: then the pixels are few and the threads had better share the weights.  An expansion
    before them joins too if its result would be more than `large` numbers.  A pooling joins the
    depthwise convolution it reads.
    """
    readers = Counter(v for s in steps for v in (s.x, s.added, s.scaled) if v)
    found: list[Step] = []
    for step in steps:
        before = found[-1] if found else None
        if before and before.kind == "depthwise" and before.y == step.x:
            if step.kind == "pool" and before.pooled is None:
                names = before.layers + step.layers
                found[-1] = replace(before, pooled=step.y, layers=names)
                continue
            small = step.wide is not None and step.wide.size <= most
            rows = step.output[0] if len(step.output) == 3 else 1
            even = -(-rows // threads) * threads <= 1.1 * rows
            if step.kind == "pointwise" and readers[before.y] == 1 and small and even:
                found[-1] = replace(
                    before,
                    kind="separable",
                    layers=before.layers + step.layers,
                    y=step.y,
                    output=step.output,
                    wide=step.wide,
                    wide_b=step.wide_b,
                    wide_activation=step.wide_activation,
                    added=step.added,
                    macs=before.macs + step.macs,
                )
                _with_expansion(found, readers, large)
                continue
        found.append(step)
    return found


def _with_expansion(found: list[Step], readers: Mapping[str, int], large: int) -> None:
    """Join the last step with the expansion before it, if there is one and its result is large."""
    if len(found) < 2:
        return
    expand, step = found[-2:]
    alone = expand.y == step.x and readers[step.x] == 1 and expand.added is None
    if expand.kind == "pointwise" and alone and prod(expand.output) > large:
        found[-2:] = [
            replace(
                step,
                kind="bottleneck",
                layers=expand.layers + step.layers,
                x=expand.x,
                input=expand.input,
                expand=expand,
                macs=expand.macs + step.macs,
            )
        ]
