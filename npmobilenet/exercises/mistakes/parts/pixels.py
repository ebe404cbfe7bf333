"""Mistakes that count what each window sees of the image, and what it does not."""

from __future__ import annotations

import numpy as np

from ....ops.checks import Array
from ..record import Outputs
from .convolving import FULL, conv2d, depthwise_conv2d
from .windows import HONEST, Padding, correlate


def _seen(x: Array, w: Array, stride: int, padding: Padding, formula: str) -> Array:
    """How many numbers of the image each window sees."""
    rows, columns = HONEST.matrices(x.shape[1:3], w.shape[:2], stride, padding)
    return correlate(np.ones_like(x), np.ones_like(w), rows, columns, formula)


def conv2d_mean_of_seen(
    x: Array,
    w: Array,
    b: Array | None,
    stride: int,
    padding: Padding,
    *,
    channels: bool,
    least: int,
) -> Outputs:
    """The mean over what is no padding, over the channels too or not; of nothing 0 where least is 1."""
    seen = np.maximum(_seen(x, w, stride, padding, FULL), least)
    y = conv2d(x, w, None, stride, padding)["y"] / (seen if channels else seen / x.shape[-1])
    return {"y": y if b is None else y + b}


def depthwise_mean_of_seen(
    x: Array, w: Array, stride: int, padding: Padding, *, least: int
) -> Outputs:
    """The mean over what is no padding; of nothing 0 where least is 1."""
    seen = np.maximum(_seen(x, w, stride, padding, "klm,nijm"), least)
    return {"y": depthwise_conv2d(x, w, stride, padding)["y"] / seen}


def conv2d_bias_of_seen(
    x: Array, w: Array, b: Array | None, stride: int, padding: Padding, *, channels: bool
) -> Outputs:
    """The bias once for everything that is no padding, for each channel too or not."""
    y = conv2d(x, w, None, stride, padding)["y"]
    seen = _seen(x, w, stride, padding, FULL) / (1 if channels else x.shape[-1])
    return {"y": y if b is None else y + seen * b}
