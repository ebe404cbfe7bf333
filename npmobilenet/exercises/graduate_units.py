"""Which of a network's layers are which exercise, and what its function is given there.

Most layers are one call.  Squeeze-excite is six layers and one call, as is an inverted residual block,
which is eight or nine.  A dense layer is a convolution of an image of one pixel: so every product of a
network is the learner's.  What no exercise is of is ours: ReLU, the mean of all pixels, a residual.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..models.layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
)
from ..models.network_plan import Plan
from ..ops.checks import Array
from .cases import Arguments

ALONE: dict[type[Layer], str] = {
    Conv: "conv2d",
    Depthwise: "depthwise_conv2d",
    Pointwise: "pointwise_conv2d",
    BatchNorm: "batch_norm",
    Dense: "conv2d",
}
ACTIVATIONS = ("relu6", "hard_swish")
ARRAYS = {"dw": "weight", "db": "bias", "dgamma": "gamma", "dbeta": "beta"}
PARTS = ("expand", "depthwise", "project")


@dataclass(frozen=True)
class Unit:
    """Layers that one call computes, and of which function; "" where none of the exercises does."""

    layers: tuple[Layer, ...]
    function: str

    @property
    def name(self) -> str:
        """The layer whose output is the call's."""
        return self.layers[-1].name

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the layers that feed it."""
        return self.layers[0].inputs

    @property
    def title(self) -> str:
        """As a reader is told: "blocks.4.squeeze_pool to blocks.4.scale"."""
        first = self.layers[0].name
        return first if len(self.layers) == 1 else f"{first} to {self.name}"


def units(plan: Plan) -> list[Unit]:
    """The calls of a forward pass, in their order."""
    return [
        unit for _, block in groupby(plan.layers, lambda la: la.block) for unit in _in([*block])
    ]


def _in(block: list[Layer]) -> Iterator[Unit]:
    """Those of one block."""
    if block[0].name.endswith(".expand") and _sixes(block):
        yield Unit(tuple(block), "inverted_residual")
        return
    ends = [i for i, layer in enumerate(block) if isinstance(layer, Scale)]
    place = 0
    while place < len(block):
        layer = block[place]
        if ends and isinstance(layer, GlobalAveragePool):
            yield Unit(tuple(block[place : ends[0] + 1]), "squeeze_excite")
            place = ends[0] + 1
            continue
        activation = isinstance(layer, Activation) and layer.function in ACTIVATIONS
        yield Unit((layer,), layer.operator if activation else ALONE.get(type(layer), ""))
        place += 1


def _sixes(block: list[Layer]) -> bool:
    """Whether it is MobileNetV2's: with ReLU6, and without a gate."""
    functions = [layer.function for layer in block if isinstance(layer, Activation)]
    return functions == ["relu6", "relu6"]


def arguments(unit: Unit, params: Mapping[str, Array], x: Array, train: bool) -> Arguments:
    """What the learner's function is called with."""
    layer: Any = unit.layers[0]
    own = {name: params[f"{layer.name}.{name}"] for name in layer.arrays | layer.statistics}
    if unit.function == "inverted_residual":
        return {"x": x, "p": _block(unit, params), "stride": _named(unit, "depthwise").stride[0]}
    if unit.function == "squeeze_excite":
        name = layer.name.removesuffix("_pool")
        names = (f"{name}.weight", f"{name}.bias")
        excite = name.removesuffix("squeeze") + "excite"
        w1, b1, w2, b2 = (params[n] for n in (*names, f"{excite}.weight", f"{excite}.bias"))
        return {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}
    if isinstance(layer, BatchNorm):
        return {"x": x, **own, "train": train, "eps": layer.eps, "momentum": layer.momentum}
    if isinstance(layer, Activation):
        return {"x": x.reshape(len(x), -1, 1, x.shape[-1])} if x.ndim == 2 else {"x": x}
    w, b = own["weight"], own.get("bias")
    if isinstance(layer, Dense):
        pixel, filters = x.reshape(len(x), 1, 1, -1), w.reshape(1, 1, *w.shape)
        return {"x": pixel, "w": filters, "b": b, "stride": 1, "padding": 0}
    if isinstance(layer, Pointwise):
        return {"x": x, "w": w}
    window = {"stride": layer.stride[0], "padding": padding(layer)}
    return {"x": x, "w": w, **({"b": b} if isinstance(layer, Conv) else {}), **window}


def padding(layer: Any) -> str | int:
    """Of a square window, as the exercises spell it."""
    return layer.kernel[0] // 2 if layer.padding == "symmetric" else str(layer.padding)


def _named(unit: Unit, name: str) -> Any:
    return next(layer for layer in unit.layers if layer.name.endswith(f".{name}"))


def _block(unit: Unit, params: Mapping[str, Array]) -> dict[str, Array]:
    """The learner's p, from our names."""
    p: dict[str, Array] = {}
    for part in PARTS:
        name = _named(unit, part).name
        p[part] = params[f"{name}.weight"]
        for array in ("gamma", "beta"):
            p[f"{part}_{array}"] = params[f"{name}_norm.{array}"]
    return p


def gradients(
    unit: Unit, found: Mapping[str, Array], params: Mapping[str, Array]
) -> dict[str, Array]:
    """What a backward function returned for arrays, under our names and in our shapes."""
    if unit.function == "inverted_residual":
        block = unit.layers[0].block
        names = {
            name: f"{block}.{part}_norm.{array}" if array else f"{block}.{part}.weight"
            for name in found
            if name != "dx"
            for part, _, array in [name.partition("_")]
        }
    else:
        has = unit.layers[0].arrays
        names = {d: f"{unit.name}.{ARRAYS[d]}" for d in found if ARRAYS.get(d) in has}
    return {name: found[d].reshape(params[name].shape) for d, name in names.items()}
