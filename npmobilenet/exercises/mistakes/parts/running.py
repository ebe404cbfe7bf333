"""Running estimates that move wrongly."""

from __future__ import annotations

from typing import Any

from ..record import Outputs, Program
from .normalising import batch_norm


def unchanged(**a: Any) -> Outputs:
    """The running estimates as they came."""
    return batch_norm(**a) | {"mean": a["mean"], "variance": a["variance"]}


def of_the_batch(ddof: int) -> Program:
    """The batch's own statistics instead of the running ones."""

    def program(**a: Any) -> Outputs:
        x, found = a["x"], batch_norm(**a)
        if not a["train"]:
            return found
        return found | {"mean": x.mean((0, 1, 2)), "variance": x.var((0, 1, 2), ddof=ddof)}

    return program


def running_normalises(running_ddof: int) -> Program:
    """The running estimates are moved first, and the moved ones normalise."""

    def program(**a: Any) -> Outputs:
        moved = batch_norm(**a, running_ddof=running_ddof)
        given = a | {"mean": moved["mean"], "variance": moved["variance"], "train": False}
        return moved | {"y": batch_norm(**given)["y"]}

    return program
