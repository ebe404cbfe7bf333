"""dx cut out of its padded form in wrong ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....ops.checks import Array
from ..record import Outputs, Program
from .convolving import DEPTHWISE, FULL, conv2d_backward, depthwise_conv2d_backward, padded_dx

CONVOLUTIONS: dict[str, Program] = {
    "conv2d_backward": conv2d_backward,
    "depthwise_conv2d_backward": depthwise_conv2d_backward,
}
FORMULA = {"conv2d_backward": FULL, "depthwise_conv2d_backward": DEPTHWISE}


def cropped(name: str, cut: Callable[[Array, tuple[int, int, int, int], Array], Array]) -> Program:
    """dx cut out of its padded form in another way: cut(padded, sides, x) -> dx."""

    def program(**a: Any) -> Outputs:
        padded, sides = padded_dx(
            a["dy"],
            a["x"],
            a["w"],
            a["stride"],
            a["padding"],
            FORMULA[name],
        )
        return CONVOLUTIONS[name](**a) | {"dx": cut(padded, sides, a["x"])}

    return program


def uncut(padded: Array, sides: tuple[int, int, int, int], x: Array) -> Array:
    return padded


def to_minus(padded: Array, sides: tuple[int, int, int, int], x: Array) -> Array:
    """[top:-bottom], which is nothing where bottom is 0."""
    return padded[:, sides[0] : -sides[1], sides[2] : -sides[3]]


def first_rows(padded: Array, sides: tuple[int, int, int, int], x: Array) -> Array:
    return padded[:, : x.shape[1], : x.shape[2]]


def last_rows(padded: Array, sides: tuple[int, int, int, int], x: Array) -> Array:
    return padded[:, -x.shape[1] :, -x.shape[2] :]


def missing_rows(name: str, cut_below: bool) -> Program:
    """dx ends with the last row that a window reads, cut by what lies below or not."""

    def program(**a: Any) -> Outputs:
        padded, (top, bottom, left, right) = padded_dx(
            a["dy"],
            a["x"],
            a["w"],
            a["stride"],
            a["padding"],
            FORMULA[name],
        )
        stride = int(a["stride"])
        height, width = (
            (a["dy"].shape[axis] - 1) * stride + a["w"].shape[axis - 1] for axis in (1, 2)
        )
        if cut_below:
            height, width = height - bottom, width - right
        else:
            height, width = min(height, top + a["x"].shape[1]), min(width, left + a["x"].shape[2])
        return CONVOLUTIONS[name](**a) | {"dx": padded[:, top:height, left:width]}

    return program
