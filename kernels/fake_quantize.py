"""Fake quantisation: real numbers moved to the nearest that an integer could stand for.

    v = x[p, c] / scale[c]
    q = min(max(round(v) + zero[c], least), greatest)      the integer; halves are rounded away from 0
    y[p, c] = (q - zero[c]) scale[c]                       what it stands for

x, y are (P, C); with one scale for all of x, C may be anything.  y is a staircase, whose derivative is 0
wherever it has one.  The straight-through rule takes rounding for a slope of 1, and keeps that of
clipping:

    dx[p, c] = dy[p, c]                 where least <= round(v) + zero <= greatest, else 0
    dscale[c] = sum over p of dy[p, c] times   round(v) - v    there     (what rounding has added)
                                               q - zero        else      (the end that it is clipped to)

It is the true gradient of the function in which the rounding error round(v) - v of every element, and
whether it is clipped, stand still.  dscale is computed where it is learnt.  Bengio et al. 2013,
arXiv:1308.3432; dscale as in Esser et al. 2020, arXiv:1902.08153.
"""

import numpy as np

from .compiling import Rungs, compiled, prange

HALF = np.float32(0.5)  # which leaves float32 as it is
BLOCKS = 16  # that dscale is summed in, however many threads there are


def rounded(v):
    """round(v), and round(v) - v."""
    fraction, whole = np.modf(v)
    up = np.abs(fraction) >= 0.5  # adding 0.5 to v would round up what is just below a half
    return whole + np.copysign(up, v), np.copysign(up, v) - fraction


def numpy_forward(x, scale, zero, least, greatest, y):
    whole, _ = rounded(x / scale)
    y[...] = (np.clip(whole + zero, least, greatest) - zero) * scale


def numpy_backward(dy, x, scale, zero, least, greatest, learnt, dx, dscale):
    whole, error = rounded(x / scale)
    q = np.clip(whole + zero, least, greatest)
    inside = q == whole + zero
    dx[...] = np.where(inside, dy, 0)
    if learnt:
        dscale[:] = (dy * np.where(inside, error, q - zero)).sum(axis=0)


@compiled
def numba_forward(x, scale, zero, least, greatest, y):
    for p in prange(x.shape[0]):
        for c in range(x.shape[1]):
            v = x[p, c] / scale[c]
            size = abs(v)
            whole = np.floor(size)
            if size - whole >= 0.5:
                whole += 1
            q = (whole if v > 0 else -whole) + zero[c]
            q = least if q < least else (greatest if q > greatest else q)
            y[p, c] = (q - zero[c]) * scale[c]


@compiled
def numba_backward(dy, x, scale, zero, least, greatest, learnt, dx, dscale):
    rows, channels = x.shape
    if not learnt:
        for p in prange(rows):
            for c in range(channels):
                v = x[p, c] / scale[c]
                inside = v > least - zero[c] - HALF and v < greatest - zero[c] + HALF
                dx[p, c] = dy[p, c] if inside else 0
        return
    parts = np.zeros((BLOCKS, channels), x.dtype)
    for block in prange(BLOCKS):
        for p in range(block * rows // BLOCKS, (block + 1) * rows // BLOCKS):
            for c in range(channels):
                v = x[p, c] / scale[c]
                size = abs(v)
                whole = np.floor(size)
                if size - whole >= 0.5:
                    whole += 1
                whole = whole if v > 0 else -whole
                q = whole + zero[c]
                if q < least or q > greatest:
                    end = least if q < least else greatest
                    dx[p, c] = 0
                    parts[block, c] += dy[p, c] * (end - zero[c])
                else:
                    dx[p, c] = dy[p, c]
                    parts[block, c] += dy[p, c] * (whole - v)
    for c in range(channels):
        total = parts[0, c]
        for block in range(1, BLOCKS):
            total += parts[block, c]
        dscale[c] = total


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "numpy": (numpy_forward, numpy_backward),
    "numba": (numba_forward, numba_backward),
}
