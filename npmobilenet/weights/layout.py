"""Foreign layouts of a layer's arrays, and the way between them and ours.

                     ours           PyTorch         Keras
    convolution      (K, L, M, O)   (O, M, K, L)    (K, L, M, O)
    depthwise        (K, L, M)      (M, 1, K, L)    (K, L, M, 1)
    grouped          (K, L, P, O)   (O, P, K, L)    (K, L, P, O)
    pointwise        (M, O)         (O, M, 1, 1)    (1, 1, M, O)
    dense            (M, O)         (O, M)          (M, O)

A grouped convolution of as many groups as channels, (K, L, 1, M D) with a depth multiplier D, is
Keras' depthwise one, (K, L, M, D): the same elements in the same order.

Paddle is PyTorch but for its dense layer, (M, O).  Families differ in which of our dense layers they
write as 1x1 convolutions; coming in, both are taken.  Nothing here copies: the results are views.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..models.capabilities import Consumer
from ..models.layers import KINDS, Layer
from ..ops.checks import Array

# to_ours(layer, their array) and to_theirs(layer, our array, whether a dense layer is a 1x1 convolution)
ToOurs = Callable[[Layer, Array], Array]
ToTheirs = Callable[[Layer, Array, bool], Array]


class Layout(NamedTuple):
    """How one kind's weight is turned, from theirs to ours and from ours to theirs."""

    ours: Callable[[Array], Array]
    theirs: Callable[[Array], Array]


def _axes(value: Array, count: int, one: tuple[int, ...] = ()) -> Array:
    if value.ndim != count or any(value.shape[axis] != 1 for axis in one):
        raise ValueError(f"no layout of this kind of layer has shape {value.shape}")
    return value


def _torch_matrix(value: Array) -> Array:
    flat = _axes(value, 4, one=(2, 3))[:, :, 0, 0] if value.ndim == 4 else _axes(value, 2)
    return flat.T


def _keras_matrix(value: Array) -> Array:
    return _axes(value, 4, one=(0, 1))[0, 0] if value.ndim == 4 else _axes(value, 2)


TORCH = {
    "conv": Layout(
        lambda value: _axes(value, 4).transpose(2, 3, 1, 0), lambda w: w.transpose(3, 2, 0, 1)
    ),
    "depthwise": Layout(
        lambda value: _axes(value, 4, one=(1,))[:, 0].transpose(1, 2, 0),
        lambda w: w.transpose(2, 0, 1)[:, None],
    ),
    "pointwise": Layout(_torch_matrix, lambda w: w.T[:, :, None, None]),
    "dense": Layout(_torch_matrix, lambda w: w.T),
}
TORCH["grouped_conv"] = TORCH["conv"]
KERAS = {
    "conv": Layout(lambda value: _axes(value, 4), lambda w: w),
    "depthwise": Layout(lambda value: _axes(value, 4, one=(3,))[..., 0], lambda w: w[..., None]),
    "pointwise": Layout(_keras_matrix, lambda w: w[None, None]),
    "dense": Layout(_keras_matrix, lambda w: w),
}
KERAS["grouped_conv"] = KERAS["conv"]


def _translated(layer: Layer) -> bool:
    return type(layer) in KINDS and ("weight" not in layer.arrays or layer.kind in TORCH)


WEIGHTS = Consumer(
    "weights", "export_weights", "other frameworks' layout is not known", _translated
)


def from_torch(layer: Layer, value: Array) -> Array:
    """PyTorch's weight in our layout; ValueError where its number of axes cannot be."""
    return TORCH[layer.kind].ours(value)


def to_torch(layer: Layer, value: Array, as_conv: bool) -> Array:
    """Our weight in PyTorch's layout."""
    return TORCH["pointwise" if as_conv and layer.kind == "dense" else layer.kind].theirs(value)


def from_keras(layer: Layer, value: Array) -> Array:
    """Keras' kernel in our layout; ValueError where its number of axes cannot be."""
    if _multiplied(layer) and value.ndim == 4:
        return value.reshape(*value.shape[:2], 1, -1)
    return KERAS[layer.kind].ours(value)


def to_keras(layer: Layer, value: Array, as_conv: bool) -> Array:
    """Our weight in Keras' layout."""
    if _multiplied(layer):
        return value.reshape(*value.shape[:2], layer.groups, -1)
    return KERAS["pointwise" if as_conv and layer.kind == "dense" else layer.kind].theirs(value)


def from_paddle(layer: Layer, value: Array) -> Array:
    """Paddle's weight in our layout; ValueError where its number of axes cannot be."""
    if layer.kind == "dense" and value.ndim == 2:
        return value
    return from_torch(layer, value)


def to_paddle(layer: Layer, value: Array, as_conv: bool) -> Array:
    """Our weight in Paddle's layout."""
    if layer.kind == "dense" and not as_conv:
        return value
    return to_torch(layer, value, as_conv)


def _multiplied(layer: Layer) -> bool:
    """Whether it is a depthwise convolution with a depth multiplier."""
    return layer.kind == "grouped_conv" and layer.groups == layer.input[-1]
