"""Weights in the order in which the integer microkernels read them, and the constants of their channels.

    panels    (T, Q, 4, O)    -> [O / (v LANES)][T][Q][v][LANES][4]      T turns of Q quads
    taps      (K, K, M)       -> [M / LANES][part][row][quad][LANES][4]  as window.placements says

Weights come with their zero point taken off, as 16 or more bits.  What a signed byte cannot hold becomes
several bytes: 133 is 127 and 6.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..isa.lanes import LANES
from .requantise import DOUBLE, EXACT, PLAIN, SINGLE
from .window import placements

Array = NDArray[Any]


def up(count: int, grain: int) -> int:
    """`count` rounded up to a multiple of `grain`."""
    return -(-count // grain) * grain


def in_bytes(w: ArrayLike) -> list[Array]:
    """Arrays of signed bytes that add up to w, integers of any kind: one, or as many as it takes."""
    parts: list[Array] = []
    rest = np.asarray(w, np.int32)
    while not parts or rest.any():
        part = np.clip(rest, -128, 127)
        parts.append(part.astype(np.int8))
        rest = rest - part
    return parts


def blocks(w: Array, offsets: ArrayLike) -> tuple[Array, Array]:
    """w (T, R, O), R rows of K in a turn, and where each turn reads: as quads, turns twice if need be.

    Returns (T', R / 4, 4, O) int8 and T' offsets.  Rows are filled up to whole quads.
    """
    w = np.pad(w, ((0, 0), (0, -w.shape[1] % 4), (0, 0)))
    found: list[Array] = []
    places: list[Array] = []
    for part in in_bytes(w):
        used = part.any((1, 2)) if found else np.ones(len(w), bool)
        found.append(part[used])
        places.append(np.asarray(offsets)[used])
    quads = np.concatenate(found)
    turns, rows, filters = quads.shape
    return quads.reshape(turns, rows // 4, 4, filters), np.concatenate(places)


def panels(quads: Array, main: int, split: int) -> Array:
    """(T, Q, 4, O) as micropanels of `main` vectors up to vector `split`, and one of the rest."""
    full = np.pad(quads, ((0, 0), (0, 0), (0, 0), (0, -quads.shape[3] % LANES)))
    edges = [*range(0, split * LANES, main * LANES), split * LANES, full.shape[3]]
    turns, depth = full.shape[:2]
    return np.concatenate(
        [
            full[..., a:b].reshape(turns, depth, 4, -1, LANES).transpose(0, 1, 3, 4, 2).ravel()
            for a, b in pairwise(edges)
        ]
    )


def turns(quads: Array, once: int, main: int, split: int) -> Array:
    """Of each vector of filters: how many turns its micropanel takes, int32.

    All, or only the first, `once`, where every weight is a single byte.
    """
    full = np.pad(quads[once:], ((0, 0), (0, 0), (0, 0), (0, -quads.shape[3] % LANES)))
    twice: Array = np.any(full, (0, 1, 2)).reshape(-1, LANES).any(1)
    found = np.full(twice.size, once, np.int32)
    for a, b in pairwise([*range(0, split, main), split, twice.size]):
        if twice[a:b].any():
            found[a:b] = len(quads)
    return found


def taps(w: Array, stride: int) -> tuple[int, Array, Array]:
    """w (K, K, M) for a microkernel of window.py, all first parts of a block before the second ones.

    How many parts weights have comes first, then int32 for each block: whether its own have two.
    """
    parts = in_bytes(np.pad(w, ((0, 0), (0, 0), (0, -w.shape[2] % LANES))))
    kernel, _, channels = w.shape[0], w.shape[1], parts[0].shape[2]
    quads = [
        [row[tap] if tap >= 0 else np.zeros(channels, np.int8) for tap in quad]
        for part in parts
        for row in part
        for shift in placements(kernel, stride)
        for quad in shift
    ]
    two = np.zeros(channels, bool)
    for part in parts[1:]:
        two |= part.any((0, 1))
    double: Array = np.any(two.reshape(-1, LANES), 1)
    found = np.array(quads, np.int8).reshape(len(quads), 4, channels // LANES, LANES)
    return len(parts), double.astype(np.int32), found.transpose(2, 0, 3, 1).ravel()


def single_taps(w: Array) -> Array:
    """w (K, L, M) for any window: [M / LANES][K L][LANES] int32."""
    full = np.pad(w, ((0, 0), (0, 0), (0, -w.shape[2] % LANES))).astype(np.int32)
    return full.reshape(-1, full.shape[2] // LANES, LANES).transpose(1, 0, 2).ravel()


def rounding_of(out: Any) -> str:
    """Which of the ways of requantise.py a Requantise is for."""
    if out.exact is not None:
        return EXACT
    return SINGLE if out.single else DOUBLE


def requantised(bias: ArrayLike, out: Any, flip: int) -> dict[str, Any]:
    """A requantisation as fields of a descriptor: how the last phases read it, and its bounds.

    bias: what the sum of each channel begins with, of which 32 bits count; out: a Requantise of
    kernels/integer; flip: what the result is shifted by.
    """
    if out.exact is not None:
        kept = [out.exact]
    elif out.single:
        kept = [out.scale]
    else:
        kept = [out.left, out.multiplier, out.right, -(out.right > 0).astype(np.int32)]
    parts = []
    for row in (np.asarray(bias).astype(np.int64).astype(np.int32), *kept):
        full = np.pad(row, (0, -row.size % LANES))
        parts.append(full.view(np.int32).reshape(full.size // LANES, -1))
    constants = np.concatenate(parts, axis=1).ravel()
    zero, bottom, top = out.zero + flip, out.low + flip, out.high + flip
    small = bool((out.scale < 1).all()) and not out.left.any()
    if out.exact is None and small and (zero, bottom, top) == (0, 0, 255):
        bottom = PLAIN
    return {"constants": constants, "zero": zero, "bottom": bottom, "top": top}
