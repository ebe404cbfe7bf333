"""Weights in the order in which the microkernels read them.

    panels    (K, O)     -> [O / (v LANES)][K][v LANES]    micropanels: the loop reads straight ahead
    taps      (K, K, M)  -> [M / LANES][K K][LANES]

Channels are filled up with zeros to whole vectors, K to whole turns of the loop.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..models.folding import folded
from ..models.layers import BatchNorm
from ..ops.checks import Array
from .fused_op import Linear

Floats = NDArray[np.float32]
HUGE = 2**21  # bytes of a large page


def up(count: int, grain: int) -> int:
    """`count` rounded up to a multiple of `grain`."""
    return -(-count // grain) * grain


def aligned(elements: int) -> Floats:
    """So many zeros, in large pages where the system has them: their addresses are soon found."""
    size = 4 * elements
    if size <= HUGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        raw = np.zeros(size + 64, np.uint8)
        skip = -raw.ctypes.data % 64
    else:
        # private: a forked process has its own, and only then do pages become large ones everywhere
        pages = mmap.mmap(-1, size + HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        raw = np.frombuffer(pages, np.uint8)  # keeps them alive
        skip = -raw.ctypes.data % HUGE
        with suppress(OSError):  # a Linux without them; what fills no large page is in small ones
            pages.madvise(mmap.MADV_HUGEPAGE, skip, size // HUGE * HUGE)
    return raw[skip : skip + size].view(np.float32)


def give_back() -> None:
    """What was freed goes back to the system: the C library would keep it for the next one who asks."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library than GNU's
            ctypes.CDLL(None).malloc_trim(0)


def panels(w: Array, lanes: int, rows: int, main: int, split: int) -> Floats:
    """w (K, O) as panels of `main` vectors up to vector `split`, and one panel of the rest."""
    full = filled_up(w, rows, lanes)
    edges = [*range(0, split * lanes, main * lanes), split * lanes, full.shape[1]]
    return np.concatenate([full[:, a:b].ravel() for a, b in pairwise(edges)])


def cut(vectors: int, widths: Iterable[int]) -> tuple[int, int, int]:
    """How to cut so many vectors into panels: the main width, where it ends, the width of the rest.

    Wide micropanels load less for each multiplication; the rest must be one micropanel of another width.
    """
    cost = {1: 1.3, 2: 1.1}
    cuts = (
        (main, split, vectors - split)
        for main in widths
        for split in range(main, vectors + 1, main)
        if vectors - split in {0, *widths} - {main}
    )
    return min(cuts, key=lambda c: (cost.get(c[0], 1.0) * c[1] + cost.get(c[2], 1.0) * c[2], -c[0]))


def even_band(rows: int, threads: int, most: int) -> int:
    """Rows of a band, at most `most` if one row is not more, so that the last thread is soon done."""

    def cost(band: int) -> int:
        # of a thread's share of the bands: a band costs its rows and about one row more
        bands = -(-rows // band)
        return (band + 1) * -(-bands // threads)

    return min(range(1, max(1, min(most, -(-rows // threads))) + 1), key=lambda b: (cost(b), -b))


def filled_up(array: Array, *grains: int) -> Floats:
    """An array with zeros behind, each length a multiple of its grain."""
    behind = [(0, -size % grain) for size, grain in zip(array.shape, grains, strict=True)]
    return np.pad(array, behind).astype(np.float32, copy=False)


def taps(w: Array, lanes: int) -> Floats:
    """w (K, L, M), block by block."""
    full = filled_up(w.reshape(-1, w.shape[-1]), 1, lanes)
    return full.reshape(len(full), -1, lanes).transpose(1, 0, 2).ravel()


def folded_weights(linear: Linear, params: Mapping[str, Array]) -> tuple[Array, Array]:
    """w and b of a layer with its normalisation, the factor of its input and the slope of its gate."""
    name = linear.layer.name
    if isinstance(linear.layer, BatchNorm):
        one = np.ones((1, 1, linear.shape[-1]))
        found = folded(name, linear.layer, {f"{name}.weight": one}, params)
    elif linear.norm:
        found = folded(name, linear.norm, params, params)
    else:
        found = {f"{name}.{kind}": params[f"{name}.{kind}"] for kind in linear.layer.arrays}
    w = found[f"{name}.weight"]
    b = found.get(f"{name}.bias", np.zeros(w.shape[-1], w.dtype))
    w = w if linear.factor == 1 else w * linear.factor
    return (w, b) if linear.slope is None else (w * linear.slope, b * linear.slope + 0.5)
