"""Mistakes 15, 17 and 25: the batch, the order of axes, the order of what is returned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np

from ...ops.checks import Array
from .filters import einsum
from .parts.bending import squeeze_excite, squeeze_excite_backward
from .parts.block import inverted_residual
from .parts.convolving import (
    conv2d,
    conv2d_backward,
    depthwise_conv2d,
    depthwise_conv2d_backward,
    pointwise_conv2d,
    pointwise_conv2d_backward,
)
from .parts.guarded import read, windows
from .parts.normalising import batch_norm_backward
from .record import Arguments, Mistake, Outputs, Program, Sentence, mistakes, out, played

IMAGES: dict[str, Program] = {
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "pointwise_conv2d": pointwise_conv2d,
    "squeeze_excite": squeeze_excite,
    "inverted_residual": inverted_residual,
}
GRADIENTS: dict[str, Program] = {
    "conv2d_backward": conv2d_backward,
    "depthwise_conv2d_backward": depthwise_conv2d_backward,
    "pointwise_conv2d_backward": pointwise_conv2d_backward,
    "squeeze_excite_backward": squeeze_excite_backward,
    "batch_norm_backward": batch_norm_backward,
}
LAYOUT: Sentence = (
    "You read the arrays as (N, C, H, W). Here they are (N, H, W, C): channels come last.",
    "你把数组当成了 (N, C, H, W)。这里是 (N, H, W, C)：通道在最后。",
)


def repeated(y: Array) -> Array:
    return np.repeat(y[:1], len(y), axis=0)


def others_zero(which: int) -> Callable[[Array], Array]:
    """One image is kept, the others are 0."""

    def change(y: Array) -> Array:
        kept = np.zeros_like(y)
        kept[which] = y[which]
        return kept

    return change


def alone(y: Array) -> Array:
    """A batch of one."""
    return y[:1]


def of_image(which: int) -> Callable[[Arguments], Arguments]:
    """The gradient of one image alone: dy of all others is 0."""
    return lambda a: a | {"dy": others_zero(which)(a["dy"])}


def parameters_of_image(operator: Program, which: int) -> Program:
    """dx is right; the gradients of the parameters are those of one image."""

    def program(**arguments: Array) -> Outputs:
        honest = operator(**arguments)
        one = operator(**of_image(which)(arguments))
        return one | {"dx": honest["dx"]}

    return program


def first_axes(*names: str) -> Callable[[Arguments], Arguments]:
    """These arrays are read as (N, C, H, W): what is called C is really H."""
    return lambda a: a | {name: a[name].transpose(0, 2, 3, 1) for name in names}


def exactly(always: bool) -> Callable[[Arguments], Arguments]:
    """As many channels in x, read in the other order, as in w; np.matmul asks for it.

    always: even where there is no window at all.
    """

    def before(a: Arguments) -> Arguments:
        a = first_axes("x")(a)
        want = a["w"].shape[0 if a["w"].ndim == 2 else 2]
        if a["x"].shape[-1] == want:
            return a
        if always or a["w"].ndim == 2 or windows(a):
            raise ValueError("there are other channels in x than in w")
        return a | {"x": np.zeros((*a["x"].shape[:3], want))}

    return before


def fitted(by: str, bounds: bool) -> Callable[[Arguments], Arguments]:
    """Loops over the channels of x, or of w, whichever has fewer: the others are not looked at.

    bounds: only what lies on the image is looked at; else the padding too.
    """

    def before(a: Arguments) -> Arguments:
        a = first_axes("x")(a)
        x, w = a["x"], a["w"]
        axis = 0 if w.ndim == 2 else 2
        have, want = x.shape[-1], w.shape[axis]
        if by == "w" and want <= have:
            return a | {"x": x[..., :want]}
        if by == "x" and have <= want:
            return a | {"w": np.take(w, range(have), axis)}
        if w.ndim > 2 and not (read(a, np.ones(w.shape)) if bounds else windows(a)):
            # nothing is looked at: there are as many channels as somebody counted
            many = have if w.ndim == 3 else want
            return a | {"x": np.zeros((*x.shape[:3], many)), "w": np.resize(w, _channels(w, many))}
        raise IndexError("there is no such channel")

    return before


def _channels(w: Array, many: int) -> tuple[int, ...]:
    """The shape of w with as many input channels."""
    return (*w.shape[:2], many, *w.shape[3:])


def back_again(*names: str) -> Callable[[Outputs, Arguments], Outputs]:
    """And the results are written as (N, C, H, W)."""
    return lambda found, _: found | {name: found[name].transpose(0, 3, 1, 2) for name in names}


def read_otherwise(operator: Program, given: tuple[str, ...], returned: tuple[str, ...]) -> Program:
    """Both arrays that are given and those that are returned in the other order of axes."""
    return played(operator, first_axes(*given), back_again(*returned))


def ours_back(operator: Program, given: tuple[str, ...]) -> Program:
    """Only what is given is read in the other order."""
    return played(operator, first_axes(*given))


def reordered(operator: Program, count: int) -> list[Program]:
    """The same gradients under one another's names, in every other order."""
    orders = [order for order in permutations(range(count)) if order != tuple(range(count))]

    def program(order: tuple[int, ...]) -> Program:
        def after(found: Outputs, _: Arguments) -> Outputs:
            values = list(found.values())
            return {name: values[i] for name, i in zip(found, order, strict=True)}

        return played(operator, after=after)

    return [program(order) for order in orders]


CHANNELS_OTHERWISE = (
    exactly(True),
    exactly(False),
    *[fitted(by, bounds) for by in ("x", "w") for bounds in (True, False)],
)
BATCHES: list[Mistake] = [
    *mistakes(
        15,
        (
            "You compute only one image of the batch; each of the N has a result of its own.",
            "你只算了批次中的一张图像；N 张图像各有各的结果。",
        ),
        {
            name: [
                played(operator, after=out("y", change))
                for change in (repeated, others_zero(0), others_zero(-1), alone)
            ]
            for name, operator in IMAGES.items()
        },
    ),
    *mistakes(
        15,
        (
            "Your gradient of the parameters is that of one image; those of all images are added up.",
            "你的参数梯度只来自一张图像；应当把所有图像的梯度加起来。",
        ),
        {
            name: [
                *[parameters_of_image(operator, which) for which in (0, -1)],
                *[played(operator, of_image(which)) for which in (0, -1)],
            ]
            for name, operator in GRADIENTS.items()
            if name != "batch_norm_backward"
        },
    ),
    *mistakes(
        17,
        LAYOUT,
        {"pointwise_conv2d": [einsum("nmhw,mo->nohw"), einsum("nmhw,mo->nhwo")]},
    ),
    *mistakes(
        17,
        LAYOUT,
        {
            name: [
                read_otherwise(operator, ("x",), ("y",)),
                ours_back(operator, ("x",)),
                *[
                    played(operator, before, back)
                    for before in CHANNELS_OTHERWISE
                    for back in (back_again("y"), None)
                    if name.endswith("conv2d")
                ],
            ]
            for name, operator in IMAGES.items()
            if name != "inverted_residual"
        }
        | {
            name: [
                read_otherwise(operator, ("dy", "x"), ("dx",)),
                ours_back(operator, ("dy", "x")),
            ]
            for name, operator in GRADIENTS.items()
            if name != "batch_norm_backward"
        },
    ),
    *mistakes(
        25,
        (
            "The gradients are right, but returned in the wrong order.",
            "梯度本身是对的，但返回的顺序不对。",
        ),
        {
            name: reordered(
                operator, 3 if name in ("conv2d_backward", "batch_norm_backward") else 2
            )
            for name, operator in GRADIENTS.items()
            if name != "squeeze_excite_backward"
        },
    ),
]
