"""Whether a sum of products could be too large for 32 bits, from shapes and weights alone."""

from __future__ import annotations

import numpy as np

from ..checks import Array, plain, shown
from . import arguments
from .numbers import LIMITS, Quantization

MOST = 2**31 - 1


def largest_sum(w: Array, b: Array | None, x_q: Quantization, w_q: Quantization) -> int:
    """How large the sum of any output channel, or its negative, can become, whatever x is.

        most = max_o max(b[o] + sum_uvm max over x of (x - zx) (w[u,v,m,o] - zw[o]), the same of min)

    w    weights whose last axis is the output channel: (K, L, M, O), (K, L, M) or (M, O)
    b    int32, one for each output channel, or None
    x_q  the quantization of x: x runs over all integers of its dtype
    w_q  that of w

    A part of a sum is no larger than that: the bias is counted with the sign that makes it so.
    ValueError where shapes do not fit.
    """
    if not plain(w) or w.ndim < 2 or w.dtype not in (np.int8, np.uint8):
        found = f"{w.dtype} {w.shape}" if plain(w) else type(w).__name__
        raise ValueError(f"could_overflow: w must be weights of int8 or uint8, found {found}")
    channels = w.shape[-1]
    arguments.quantization("could_overflow", "x_q", x_q)
    arguments.quantization("could_overflow", "w_q", w_q, channels)
    if b is not None and (not plain(b) or b.shape != (channels,) or b.dtype != np.int32):
        raise ValueError(
            f"could_overflow: b must be {channels} integers of int32, one a channel, found {shown(b)}"
        )
    low, high = (limit - x_q.zero_point[0] for limit in LIMITS[x_q.dtype])
    taps = w.astype(np.int64) - np.asarray(w_q.zero_point, np.int64)
    axes = tuple(range(w.ndim - 1))
    positive = np.maximum(taps, 0).sum(axis=axes)
    negative = np.minimum(taps, 0).sum(axis=axes)
    bias = np.zeros(channels, np.int64) if b is None else b.astype(np.int64)
    above = np.maximum(bias, 0) + high * positive + low * negative
    below = np.minimum(bias, 0) + low * positive + high * negative
    return int(max(above.max(initial=0), -below.min(initial=0)))


def could_overflow(w: Array, b: Array | None, x_q: Quantization, w_q: Quantization) -> bool:
    """Whether some x makes a sum of this layer too large for the 32 bits that add it up.

    w    weights whose last axis is the output channel: (K, L, M, O), (K, L, M) or (M, O)
    b    int32, one for each output channel, or None
    x_q  the quantization of x: x runs over all integers of its dtype
    w_q  that of w

    A sum that is too large wraps around, in every rung and in LiteRT.  False is a proof that none does,
    in whatever order products are added; True says that a worst x could, not that real ones do.
    ValueError where shapes do not fit.
    """
    return largest_sum(w, b, x_q, w_q) > MOST
