"""A small experiment: does ReLU6 make a network robust at low precision?

A separable network of random weights, each channel normalised on the patches of the shipped
photograph, is run in float64 and again with what is stored rounded to few bits.  The error is that of
the logits, root of the mean square, against the same network in float64.  Nothing is trained: this
shows how the rounding behaves, not what it costs in accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ... import ops
from ...data import photograph
from ...ops.checks import Array

WIDTHS = (16, 32, 64, 64)  # stem, three separable blocks
PATCH = 32
CLASSES = 10
LOUD = 20.0  # how much stronger the strong channels are
EVERY = 16  # of so many channels one is strong

Rounding = Callable[[Array], Array]
Setting = Mapping[str, Rounding]  # which rounding for the "weights", which for what is "stored"


@dataclass(frozen=True)
class Network:
    """Stem, depthwise and pointwise layers in turn, each (weight, bias); the classifier's weight."""

    convolutions: tuple[tuple[Array, Array], ...]
    classifier: Array
    activation: str


def as_is(x: Array) -> Array:
    """No rounding."""
    return x


def float16(x: Array) -> Array:
    """To the nearest half-precision number."""
    return np.asarray(x.astype(np.float16).astype(np.float64))


def eight_bits(x: Array) -> Array:
    """To 255 even steps from 0 to the largest number: activations, one scale a tensor."""
    step = x.max() / 255
    return np.asarray(np.round(x / step) * step)


def eight_bit_weights(w: Array) -> Array:
    """To 127 even steps on either side of 0: weights, one scale a tensor."""
    step = np.abs(w).max() / 127
    return np.asarray(np.round(w / step) * step)


def eight_bit_weights_by_channel(w: Array) -> Array:
    """The same, one scale for each output channel."""
    step = np.abs(w).max(axis=tuple(range(w.ndim - 1))) / 127
    return np.asarray(np.round(w / step) * step)


def patches() -> Array:
    """The shipped photograph cut into squares, every sixth of them (9, 32, 32, 3), between -1 and 1."""
    image = photograph().astype(np.float64) / 127.5 - 1
    side = image.shape[0] // PATCH
    tiles = image.reshape(side, PATCH, side, PATCH, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(-1, PATCH, PATCH, 3)[::6])


def build(x: Array, activation: str, *, uneven: bool, seed: int = 0) -> Network:
    """Random weights, each channel then scaled and shifted as a folded batch normalisation does.

    After it a channel has mean 0 and deviation 1 on the patches; uneven: one channel in sixteen 20.
    """
    rng = np.random.default_rng(seed)
    shapes: list[tuple[int, ...]] = [(3, 3, 3, WIDTHS[0])]
    for before, after in pairwise(WIDTHS):
        shapes += [(3, 3, before), (before, after)]
    convolutions = []
    for number, shape in enumerate(shapes):
        w = rng.standard_normal(shape)
        y = _convolve(x, w, None, number)
        gain = np.where(np.arange(shape[-1]) % EVERY == 0, LOUD if uneven else 1.0, 1.0)
        scale = gain / y.std(axis=(0, 1, 2))
        w, b = w * scale, -y.mean(axis=(0, 1, 2)) * scale
        convolutions.append((w, b))
        x = _activate(_convolve(x, w, b, number), activation)
    return Network(tuple(convolutions), rng.standard_normal((WIDTHS[-1], CLASSES)), activation)


def run(
    network: Network, x: Array, *, weights: Rounding = as_is, stored: Rounding = as_is
) -> Array:
    """Logits of x: weights rounded by one rule, every stored activation by the other."""
    for number, (w, b) in enumerate(network.convolutions):
        x = stored(_activate(_convolve(x, weights(w), b, number), network.activation))
    return np.asarray(x.mean(axis=(1, 2)) @ weights(network.classifier))


def errors(
    *, uneven: bool, networks: int = 4, **settings: Setting
) -> dict[str, tuple[float, float]]:
    """Setting -> how far it moves the logits with ReLU and with ReLU6, a mean over some networks."""
    x = patches()
    found: dict[str, list[list[float]]] = {name: [] for name in settings}
    for seed in range(networks):
        pair = [build(x, activation, uneven=uneven, seed=seed) for activation in ("relu", "relu6")]
        exact = [run(network, x) for network in pair]
        for name, roundings in settings.items():
            found[name].append(
                [_distance(run(n, x, **roundings), y) for n, y in zip(pair, exact, strict=True)]
            )
    means = {name: np.mean(each, axis=0) for name, each in found.items()}
    return {name: (float(relu), float(relu6)) for name, (relu, relu6) in means.items()}


def _distance(rounded: Array, exact: Array) -> float:
    return float(np.sqrt(np.mean((rounded - exact) ** 2) / np.mean(exact**2)))


def _convolve(x: Array, w: Array, b: Array | None, number: int) -> Array:
    if w.ndim == 4:
        return ops.conv2d(x, w, b, stride=2, rung="numpy")[0]
    if w.ndim == 3:  # every second block halves the map
        return ops.depthwise_conv2d(x, w, b, stride=2 if number == 3 else 1, rung="numpy")[0]
    return ops.pointwise_conv2d(x, w, b, rung="numpy")[0]


def _activate(x: Array, activation: str) -> Array:
    function = {"relu": ops.relu, "relu6": ops.relu6}[activation]
    return function(x, rung="numpy")[0]
