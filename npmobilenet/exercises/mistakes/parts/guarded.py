"""Wrong indices, which stop a program only where they are really read.

A loop that asks for bounds first reads less than one over a padded image: w[v, u] of an oblong filter may
then never be asked for.  Every mistake here comes both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....ops.checks import Array
from ..record import Outputs, Program
from .windows import HONEST, correlate

# w -> another w of the same shape, and 1 where it would be read beyond its end
Changed = Callable[[Array], tuple[Array, Array]]


def guarded(operator: Program, change: Changed, *, bounds: bool) -> Program:
    """The operator with another w; bounds: only what lies on the image is read."""

    def program(**a: Any) -> Outputs:
        w, beyond = change(a["w"])
        if beyond.any() and (not bounds or read(a, beyond)):
            raise IndexError("an index leaves the filter")
        return operator(**a | {"w": w})

    return program


def read(a: dict[str, Any], taps: Array) -> bool:
    """Whether any of these taps, 1 in an array like w, lies on the image in any window."""
    image = a["x"] if "x" in a else a["dy"]
    outputs = a["dy"].shape[1:3] if "dy" in a else None
    rows, columns = HONEST.matrices(
        image.shape[1:3], taps.shape[:2], a["stride"], a["padding"], outputs
    )
    plane = np.asarray(taps.reshape(*taps.shape[:2], -1).max(axis=2) > 0, float)[:, :, None, None]
    ones = np.ones((*image.shape[:3], 1))
    return bool(correlate(ones, plane, rows, columns).any())


def windows(a: dict[str, Any]) -> bool:
    """Whether there is any window."""
    lines = HONEST.lines(a["x"].shape[1:3], a["w"].shape[:2], a["stride"], a["padding"])
    return min(line.outputs for line in lines) > 0


def _indexed(w: Array, places: tuple[Array, ...]) -> tuple[Array, Array]:
    """w[places] where there is such a place, else 0 and marked."""
    inside = np.ones(w.shape, bool)
    for place, size in zip(places, w.shape, strict=True):
        inside &= place < size
    kept = tuple(np.where(inside, place, 0) for place in places)
    return np.where(inside, w[kept], 0.0), ~inside


def swapped(first: int, second: int) -> Changed:
    """Two indices have changed places: w[v, u], w[u, v, o, m]."""

    def change(w: Array) -> tuple[Array, Array]:
        places: list[Array] = [*np.indices(w.shape)]
        places[first], places[second] = places[second], places[first]
        return _indexed(w, tuple(places))

    return change


def input_of_output(w: Array) -> tuple[Array, Array]:
    """x[..., o] * w[..., o, o]."""
    m, o = w.shape[-2:]
    beyond = np.zeros(w.shape, bool)
    beyond[..., m:] = o > m
    return w * np.eye(m, o), beyond


def transposed_gradients(operator: Program, dx: bool, dw: bool, *, bounds: bool) -> Program:
    """w[v, u] in dx, dw[v, u] in dw."""
    change = swapped(0, 1)

    def program(**a: Any) -> Outputs:
        found = guarded(operator, change, bounds=bounds)(**a)
        return (found if dx else operator(**a)) | ({"dw": change(found["dw"])[0]} if dw else {})

    return program


def both_ways(operator: Program, change: Changed) -> list[Program]:
    """With bounds that are asked for, and over a padded image."""
    return [guarded(operator, change, bounds=bounds) for bounds in (True, False)]
