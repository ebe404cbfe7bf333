"""Mistake 18: parts of a sum that overwrite one another, in dx, dw and db."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ops.checks import Array
from .parts import rules
from .parts.block import inverted_residual_backward
from .parts.cutting import CONVOLUTIONS
from .parts.weights import last_filter
from .parts.windows import HONEST, Reads
from .record import Arguments, Mistake, Outputs, Program, Sentence, mistakes, on, played

OVERWRITES = (Reads(choice=rules.last_window), Reads(choice=rules.last_tap))


def last_of_dy(axes: tuple[int, ...]) -> Callable[[Array], Array]:
    """dy with everything 0 but the last along these axes."""

    def change(dy: Array) -> Array:
        kept = np.zeros_like(dy)
        where = tuple(slice(-1, None) if axis in axes else slice(None) for axis in range(4))
        kept[where] = dy[where]
        return kept

    return change


def overwritten(operator: Program, axes: tuple[int, ...], names: tuple[str, ...]) -> Program:
    """dw (db) holds only what the last along these axes of dy gave."""

    def program(**a: Any) -> Outputs:
        last = operator(**on("dy", last_of_dy(axes))(a))
        honest = operator(**a)
        return honest | {name: last[name] for name in names if name in honest}

    return program


def only_last_image(operator: Program, names: tuple[str, ...]) -> Program:
    """dw (db) of the last window of the last image in which each tap lies on the image."""
    reads = Reads(choice=rules.last_window_of_tap)

    def program(**a: Any) -> Outputs:
        last = operator(**on("dy", last_of_dy((0,)))(a), dw_reads=reads)
        if "db" in names:
            last["db"] = a["dy"][-1, -1, -1]
        return operator(**a) | {name: last[name] for name in names}

    return program


OVERWRITE: Sentence = (
    "Where windows overlap, the later one overwrites the earlier: = stands where += must, or a += with "
    "repeated indices, of which only the last counts; np.add.at adds all of them.",
    "窗口重叠的地方，后一个覆盖了前一个：应当写 += 的地方写成了 =，或者 += 的下标有重复，"
    "此时只有最后一个有效；np.add.at 会把它们全部加上。",
)


def _outputs(name: str) -> tuple[tuple[str, ...], ...]:
    """The sums that may hold one part alone, by themselves and together."""
    return (("dw",), ("dw", "db"), ("db",)) if name == "conv2d_backward" else (("dw",),)


def _overwriting(name: str) -> list[Program]:
    """dx: the last window that reads a pixel is what stays."""
    operator = CONVOLUTIONS[name]
    found: list[Program] = [partial(operator, dx_reads=reads) for reads in OVERWRITES]
    if name == "conv2d_backward":
        found += [played(operator, on("w", last_filter), dx_reads=reads) for reads in OVERWRITES]
    return found


def _last_filter(name: str) -> list[Program]:
    """dx: one filter after another overwrites."""
    only = name == "conv2d_backward"
    return [played(CONVOLUTIONS[name], on("w", last_filter), dx_reads=HONEST)] if only else []


def _only_last(name: str) -> list[Program]:
    """dw, db: one window, row or column of them after another overwrites."""
    operator = CONVOLUTIONS[name]
    axes: tuple[tuple[int, ...], ...] = ((0, 1, 2), (1, 2), (0, 1), (0, 2), (1,), (2,))
    found = [overwritten(operator, one, names) for one in axes for names in _outputs(name)]
    # only where a tap lies on the image is anything overwritten
    return found + [
        played(only_last_image(operator, names), after=_with_dx(operator, HONEST))
        for names in _outputs(name)
    ]


def _both_last(name: str) -> list[Program]:
    """In dx and dw at once, as one loop over windows does both."""
    operator = CONVOLUTIONS[name]
    return [
        played(last, after=_with_dx(operator, reads))
        for names in _outputs(name)
        for last in (only_last_image(operator, names), overwritten(operator, (0, 1, 2), names))
        for reads in OVERWRITES
    ]


def _with_dx(operator: Program, reads: Reads) -> Callable[[Outputs, Arguments], Outputs]:
    """And dx through other windows."""
    return lambda found, a: found | {"dx": operator(**a, dx_reads=reads)["dx"]}


OVERWRITING: list[Mistake] = [
    *mistakes(
        18,
        OVERWRITE,
        {name: _overwriting(name) for name in CONVOLUTIONS}
        | {
            "inverted_residual_backward": [
                partial(inverted_residual_backward, dx_reads=reads) for reads in OVERWRITES
            ]
        },
    ),
    *mistakes(
        18,
        (
            "Your dx holds what the last filter gave; all filters are added up.",
            "你的 dx 只有最后一个滤波器的那一份；所有滤波器的都应当加起来。",
        ),
        {name: _last_filter(name) for name in CONVOLUTIONS},
    ),
    *mistakes(
        18,
        (
            "Your dw or db holds only what came last: = stands where += must. Both are sums over all "
            "images and all windows.",
            "你的 dw 或 db 里只有最后的那一份：应当写 += 的地方写成了 =。"
            "两者都要对所有图像、所有窗口求和。",
        ),
        {name: _only_last(name) for name in CONVOLUTIONS},
    ),
    *mistakes(
        18,
        (
            "In dx and in dw or db what comes later overwrites what came before: = stands where += must.",
            "dx 以及 dw 或 db 里，后来的都覆盖了先前的：应当写 += 的地方写成了 =。",
        ),
        {name: _both_last(name) for name in CONVOLUTIONS},
    ),
]
