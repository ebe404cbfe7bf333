"""Activations and squeeze-excite with their gradients, honest unless given other parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....ops.checks import Array
from ..record import Outputs

Curve = Callable[[Array], Array]


def between(low: float, high: float) -> Curve:
    """1 strictly between two numbers, else 0."""
    return lambda x: np.asarray((x > low) & (x < high), float)


def clipped(low: float, high: float) -> Curve:
    """x, held between two numbers."""
    return lambda x: np.asarray(np.clip(x, low, high))


def hard_gate(slope: float = 1 / 6, high: float = 1.0) -> Curve:
    """min(max(slope x + 1/2, 0), high)."""
    return lambda x: np.asarray(np.clip(slope * x + 0.5, 0, high))


def hard_gate_slope(slope: float = 1 / 6, high: float = 1.0) -> Curve:
    """Its derivative."""
    inside = between(-0.5 / slope, (high - 0.5) / slope)
    return lambda x: slope * inside(x)


def times_gate(gate: Curve) -> Curve:
    """x gate(x)."""
    return lambda x: x * gate(x)


def product_rule(gate: Curve, slope: Curve) -> Curve:
    """The derivative of x gate(x)."""
    return lambda x: gate(x) + x * slope(x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return np.asarray(1 / (1 + np.exp(-x)))


def sigmoid_slope(x: Array) -> Array:
    """Its derivative."""
    return np.asarray(sigmoid(x) * (1 - sigmoid(x)))


def curve_of(x: Array, *, curve: Curve) -> Outputs:
    """Any curve, as an exercise's y."""
    return {"y": curve(x)}


def backward_of(
    dy: Array, x: Array, *, slope: Curve, asked: Callable[[Array, Array], Array] = lambda dy, x: x
) -> Outputs:
    """dy times the slope of what is asked, x unless said otherwise."""
    return {"dx": dy * slope(asked(dy, x))}


# a function and its slope
RELU: tuple[Curve, Curve] = (clipped(0, np.inf), between(0, np.inf))
GATE: tuple[Curve, Curve] = (hard_gate(), hard_gate_slope())
Squeeze = Callable[[Array], Array]


def pixel_mean(x: Array) -> Array:
    """(N, H, W, C) -> (N, 1, 1, C): the mean over the pixels of each channel."""
    return np.asarray(x.mean((1, 2), keepdims=True))


def squeeze_excite(
    x: Array,
    w1: Array,
    b1: Array,
    w2: Array,
    b2: Array,
    *,
    squeeze: Squeeze = pixel_mean,
    first: Curve = RELU[0],
    gate: Curve = GATE[0],
    joined: Callable[[Array, Array], Array] = lambda x, gate: x * gate,
) -> Outputs:
    """y, as x."""
    return {"y": joined(x, gate(first(squeeze(x) @ w1 + b1) @ w2 + b2))}


def squeeze_excite_backward(
    dy: Array,
    x: Array,
    w1: Array,
    b1: Array,
    w2: Array,
    b2: Array,
    *,
    squeeze: Squeeze = pixel_mean,
    first: tuple[Curve, Curve] = RELU,
    gate: tuple[Curve, Curve] = GATE,
    straight: float = 1.0,  # the path of dx that goes past the gate
    through: Callable[[int], float] = lambda pixels: 1 / pixels,  # and the one through the mean
    summed: bool = True,  # over the pixels, where dy meets x
    asked: Callable[[Array, Array], Array] = lambda before, gradient: before,
) -> Outputs:
    """dx, dw1, db1, dw2 and db2.  asked: what the slopes are asked of, of (before, gradient)."""
    s = squeeze(x)[:, 0, 0]
    before1 = s @ w1 + b1
    r = first[0](before1)
    before2 = r @ w2 + b2
    g = gate[0](before2)
    dg = (dy * x).sum((1, 2)) if summed else (dy * x).mean((1, 2))
    d2 = dg * gate[1](asked(before2, dg))
    dr = d2 @ w2.T
    d1 = dr * first[1](asked(before1, dr))
    ds = d1 @ w1.T
    pixels = x.shape[1] * x.shape[2]
    dx = straight * dy * g[:, None, None] + through(pixels) * ds[:, None, None]
    return {
        "dx": dx,
        "dw1": s.T @ d1,
        "db1": d1.sum(0),
        "dw2": r.T @ d2,
        "db2": d2.sum(0),
    }
