"""Gradients divided by a count, as a mean would divide them."""

from __future__ import annotations

from collections.abc import Callable

from ....ops.checks import Array
from ..record import Arguments, Outputs, Program, played
from .convolving import pointwise_conv2d_backward
from .cutting import CONVOLUTIONS

ALL = CONVOLUTIONS | {"pointwise_conv2d_backward": pointwise_conv2d_backward}
COUNTS: tuple[Callable[[Array], int], ...] = (
    len,
    lambda dy: dy.shape[1] * dy.shape[2],
    lambda dy: dy.size // dy.shape[-1],
)


def averaged(count: Callable[[Array], int], *names: str) -> Callable[[Outputs, Arguments], Outputs]:
    """These outputs divided by a count of dy."""
    return lambda found, a: (
        found | {name: found[name] / count(a["dy"]) for name in names if name in found}
    )


def means(name: str) -> list[Program]:
    chosen = (("dw",), ("db",), ("dw", "db"), ("dx",), ("dx", "dw"), ("dx", "dw", "db"))
    there = ("dx", "dw", "db") if name == "conv2d_backward" else ("dx", "dw")
    ways = [
        played(ALL[name], after=averaged(count, *names))
        for count in COUNTS
        for names in chosen
        if set(names) <= set(there)
    ]
    if name == "conv2d_backward":  # dw by one count, db by another
        ways += [
            played(played(ALL[name], after=averaged(one, "dw")), after=averaged(other, "db"))
            for one in COUNTS
            for other in COUNTS
            if one is not other
        ]
    return ways
