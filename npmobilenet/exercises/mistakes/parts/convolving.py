"""Convolutions and their gradients as one sum of products, honest unless given other parts."""

from __future__ import annotations

import numpy as np

from ....ops.checks import Array
from ..record import Outputs
from .windows import HONEST, Padding, Reads, correlate, correlate_dw, correlate_dx

FULL = "klmo,nijo"  # letters of w and of y: every filter sees all channels
DEPTHWISE = "klm,nijm"  # one filter for each channel


def one_window(patch: Array, w: Array) -> Outputs:
    """The sum of products."""
    return {"y": np.asarray((patch * w).sum())}


def conv2d(
    x: Array,
    w: Array,
    b: Array | None,
    stride: int,
    padding: Padding,
    *,
    reads: Reads = HONEST,
    formula: str = FULL,
) -> Outputs:
    """y (N, I, J, O)."""
    rows, columns = reads.matrices(_size(x), _size(w, 0), stride, padding)
    y = correlate(x, w, rows, columns, formula)
    return {"y": y if b is None else y + b}


def depthwise_conv2d(
    x: Array,
    w: Array,
    stride: int,
    padding: Padding,
    *,
    reads: Reads = HONEST,
    formula: str = DEPTHWISE,
) -> Outputs:
    """y (N, I, J, M)."""
    rows, columns = reads.matrices(_size(x), _size(w, 0), stride, padding)
    return {"y": correlate(x, w, rows, columns, formula)}


def pointwise_conv2d(x: Array, w: Array) -> Outputs:
    """y (N, H, W, O)."""
    return {"y": x @ w}


def conv2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    stride: int,
    padding: Padding,
    *,
    dx_reads: Reads = HONEST,
    dw_reads: Reads = HONEST,
) -> Outputs:
    """dx, dw and db."""
    found = _backward(dy, x, w, stride, padding, FULL, dx_reads, dw_reads)
    return found | {"db": dy.sum((0, 1, 2))}


def depthwise_conv2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    stride: int,
    padding: Padding,
    *,
    dx_reads: Reads = HONEST,
    dw_reads: Reads = HONEST,
) -> Outputs:
    """dx and dw."""
    return _backward(dy, x, w, stride, padding, DEPTHWISE, dx_reads, dw_reads)


def pointwise_conv2d_backward(dy: Array, x: Array, w: Array) -> Outputs:
    """dx and dw."""
    return {"dx": dy @ w.T, "dw": np.einsum("nhwm,nhwo->mo", x, dy)}


def padded_dx(
    dy: Array, x: Array, w: Array, stride: int, padding: Padding, formula: str
) -> tuple[Array, tuple[int, int, int, int]]:
    """dx with the gradient of its padding still around it, and the zeros above, below, left, right."""
    lines = HONEST.lines(_size(x), _size(w, 0), stride, padding)
    sides = lines[0].before, lines[0].after, lines[1].before, lines[1].after
    size = x.shape[1] + sides[0] + sides[1], x.shape[2] + sides[2] + sides[3]
    rows, columns = HONEST.matrices(size, _size(w, 0), stride, 0, _size(dy))
    return correlate_dx(dy, w, rows, columns, formula), sides


def _backward(
    dy: Array,
    x: Array,
    w: Array,
    stride: int,
    padding: Padding,
    formula: str,
    dx_reads: Reads,
    dw_reads: Reads,
) -> Outputs:
    """dy says how many windows there are."""
    asked = _size(x), _size(w, 0), stride, padding, _size(dy)
    return {
        "dx": correlate_dx(dy, w, *dx_reads.matrices(*asked), formula),
        "dw": correlate_dw(dy, x, *dw_reads.matrices(*asked), formula),
    }


def _size(array: Array, axis: int = 1) -> tuple[int, int]:
    return array.shape[axis], array.shape[axis + 1]
