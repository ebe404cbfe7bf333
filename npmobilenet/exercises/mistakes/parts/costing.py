"""What a convolution costs, right unless given other parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..record import Outputs, Program

Number = int | float
Pixels = Callable[[int, int, int], Number]  # of h, w and stride


def outputs(h: int, w: int, stride: int) -> Number:
    """Pixels of the output, with "same"."""
    return -(-h // stride) * -(-w // stride)


def standard(
    h: int,
    w: int,
    k: int,
    m: int,
    n: int,
    stride: int,
    *,
    pixels: Pixels = outputs,
    each: Callable[[int, int, int], Number] = lambda k, m, n: k * k * m * n,
    times: Number = 1,
) -> Outputs:
    """Pixels times products."""
    return {"macs": np.asarray(float(times * pixels(h, w, stride) * each(k, m, n)))}


def separable(
    h: int,
    w: int,
    k: int,
    m: int,
    n: int,
    stride: int,
    *,
    depthwise: Pixels = outputs,
    pointwise: Pixels = outputs,
    halves: Callable[[Number, Number], Number] = lambda a, b: a + b,
    each: Callable[[int, int, int], Number] = lambda k, m, n: k * k * m,
    times: Number = 1,
) -> Outputs:
    """Both halves, each with its own pixels."""
    first = depthwise(h, w, stride) * each(k, m, n)
    second = pointwise(h, w, stride) * m * n
    return {"macs": np.asarray(float(times * halves(first, second)))}


def ratio(formula: Callable[[int, int], Number]) -> Program:
    return lambda k, n: {"times": np.asarray(float(formula(k, n)))}


def both_costs(pixels: list[Pixels]) -> dict[str, list[Program]]:
    """Other pixels in the standard cost, and in both halves of the separable one."""
    return {
        "standard_cost": [partial(standard, pixels=one) for one in pixels],
        "separable_cost": [partial(separable, depthwise=one, pointwise=one) for one in pixels],
    }


def half_costs(name: str, pixels: list[Pixels]) -> dict[str, list[Program]]:
    """Other pixels in one half of the separable cost: depthwise or pointwise."""
    return {"separable_cost": [partial(separable, **{name: one}) for one in pixels]}  # type: ignore[arg-type]


def unpadded(operator: Program, *names: str, least: float = 0) -> Program:
    """As many pixels as there are windows without padding; less than none, where nobody looks."""

    def program(**a: Any) -> Outputs:
        k = a["k"]

        def pixels(h: int, w: int, stride: int) -> Number:
            rows: Number = (h - k) // stride + 1
            columns: Number = (w - k) // stride + 1
            return max(rows, least) * max(columns, least)

        found: Outputs = operator(**a, **dict.fromkeys(names, pixels))
        return found

    return program
