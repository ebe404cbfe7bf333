"""Loading a map as its reader wants it, and closing the gradient of one.

A map in memory holds the raw sums y of a convolution.  What the next layer reads is

    u = (y - centre) scale + shift        batch normalisation; centre is the mean, but for its last digits
    v = activation(u) [times a gate]

and is never stored: it is made while y is loaded, a few pixels at a time, into a scratch that stays in
the cache.  Backwards the gradient of v is summed up over all readers; the last one multiplies it by
the activation's slope (du), stores it, and sums du and du (y - centre), of which the gradients of
gamma and beta are made, and the coefficients that lead through the normalisation:

    dy = slope du + along (y - centre) + level
"""

import numpy as np

from .lanes import BYTES
from .pieces import part
from .train_unit import (
    ALONG,
    CENTRE,
    CLAMP,
    HARD_SIGMOID,
    HARD_SWISH,
    LEVEL,
    SCALE,
    SHIFT,
    SLOPE,
)
from .train_vector import (
    add_double,
    hard_swish_backward,
    inside,
    invoke,
    sub,
)
from .vector import (
    add,
    fma,
    hard_swish,
    load,
    maximum,
    minimum,
    mul,
    splat,
    store,
)


@part
def zero(place, count):
    """Write `count` vectors of zeros."""
    nothing = splat(np.float32(0))
    for q in range(count):
        store(place + q * BYTES, nothing)


@part
def activated(y, v, count, c, kind, low, high):
    """v = activation((y - centre) scale + shift) of `count` pixels of one block."""
    centre, scale, shift = load(c + CENTRE), load(c + SCALE), load(c + SHIFT)
    bottom, top = splat(low), splat(high)
    if kind == CLAMP:
        for p in range(0, count * BYTES, BYTES):
            u = fma(sub(load(y + p), centre), scale, shift)
            store(v + p, minimum(top, maximum(bottom, u)))
    elif kind == HARD_SWISH:
        for p in range(0, count * BYTES, BYTES):
            store(v + p, hard_swish(fma(sub(load(y + p), centre), scale, shift)))
    elif kind == HARD_SIGMOID:
        half, nothing, one = splat(np.float32(0.5)), splat(np.float32(0)), splat(np.float32(1))
        for p in range(0, count * BYTES, BYTES):
            u = fma(sub(load(y + p), centre), scale, shift)
            store(v + p, minimum(one, maximum(nothing, fma(u, bottom, half))))
    else:
        for p in range(0, count * BYTES, BYTES):
            store(v + p, fma(sub(load(y + p), centre), scale, shift))
        if kind > HARD_SIGMOID:
            invoke(kind, v, 0, count, c, 0, 0, 0, 0)


@part
def scaled(v, count, gate):
    """In place: `count` pixels times the gates of their block."""
    factor = load(gate)
    for p in range(0, count * BYTES, BYTES):
        store(v + p, mul(load(v + p), factor))


@part
def gated(s, v, v_plane, first, count, block, blocks):
    """v = what the reader of x sees: pixels first .. first + count of some blocks."""
    for b in range(block, blocks):
        place = v + (b - block) * v_plane
        y = s.x + b * s.x_plane + first * BYTES
        activated(y, place, count, s.x_coefficients + b * 8 * BYTES, s.x_kind, s.x_low, s.x_high)
        if s.x_gate:
            p = first
            while p < first + count:
                n = p // s.image
                until = min(first + count, (n + 1) * s.image)
                gate = s.x_gate + b * s.x_gate_plane + n * BYTES
                scaled(place + (p - first) * BYTES, until - p, gate)
                p = until


@part
def through(dy, y, d, step, count, c, plain):
    """d = gradient of raw sums y, from du: `count` pixels of a block, to places `step` bytes apart."""
    if plain:
        for p in range(count):
            store(d + p * step, load(dy + p * BYTES))
    else:
        centre, slope, along, level = (
            load(c + CENTRE), load(c + SLOPE), load(c + ALONG), load(c + LEVEL),
        )  # fmt: skip
        for p in range(count):
            away = sub(load(y + p * BYTES), centre)
            store(d + p * step, fma(slope, load(dy + p * BYTES), fma(along, away, level)))


@part
def masked(dv, y, du, count, c, kind, low, high, adds, sums):
    """du = (dv [+ du]) times the activation's slope at y; adds du and du (y - centre) to sums.

    One block.  Sums of `count` pixels are made by themselves and added up in float64.
    """
    if adds:
        for p in range(0, count * BYTES, BYTES):
            store(dv + p, add(load(dv + p), load(du + p)))
    centre, scale, shift = load(c + CENTRE), load(c + SCALE), load(c + SHIFT)
    # ReLU has no upper bound: it lets an infinity pass, which is not inside of (0, infinity)
    bottom, top = splat(low), splat(high if high < np.float32(np.inf) else np.float32(np.nan))
    nothing = splat(np.float32(0))
    end = splat(np.float32(0))
    if kind == HARD_SIGMOID:
        end = splat(np.float32(0.5) / low)
    elif kind > HARD_SIGMOID:
        invoke(kind, dv, y, count, c, 1, 0, 0, 0)
    # four sums of each kind: an addition waits for its own last result, not for its neighbour's
    t0, t1, t2, t3 = nothing, nothing, nothing, nothing
    q0, q1, q2, q3 = nothing, nothing, nothing, nothing
    fours = count // 4 * 4 * BYTES
    if kind == CLAMP:
        for p in range(0, fours, 4 * BYTES):
            t0, q0 = _clamped(dv + p, y + p, du + p, centre, scale, shift, bottom, top, t0, q0)
            a = p + BYTES
            t1, q1 = _clamped(dv + a, y + a, du + a, centre, scale, shift, bottom, top, t1, q1)
            a = p + 2 * BYTES
            t2, q2 = _clamped(dv + a, y + a, du + a, centre, scale, shift, bottom, top, t2, q2)
            a = p + 3 * BYTES
            t3, q3 = _clamped(dv + a, y + a, du + a, centre, scale, shift, bottom, top, t3, q3)
        for p in range(fours, count * BYTES, BYTES):
            t0, q0 = _clamped(dv + p, y + p, du + p, centre, scale, shift, bottom, top, t0, q0)
    else:
        for p in range(0, count * BYTES, BYTES):
            away, d = sub(load(y + p), centre), load(dv + p)
            if kind == HARD_SWISH:
                d = hard_swish_backward(fma(away, scale, shift), d)
            elif kind == HARD_SIGMOID:
                d = inside(fma(away, scale, shift), sub(nothing, end), end, mul(d, bottom))
            store(du + p, d)
            if p & BYTES:
                t0, q0 = add(t0, d), fma(d, away, q0)
            else:
                t1, q1 = add(t1, d), fma(d, away, q1)
    add_double(sums, add(add(t0, t1), add(t2, t3)))
    add_double(sums + 2 * BYTES, add(add(q0, q1), add(q2, q3)))


@part
def _clamped(dv, y, du, centre, scale, shift, low, high, total, product):
    away = sub(load(y), centre)
    d = inside(fma(away, scale, shift), low, high, load(dv))
    store(du, d)
    return add(total, d), fma(d, away, product)


@part
def merged(dv, du, count, adds):
    """du = dv, or du += dv, where the map's gradient is not complete yet."""
    if adds:
        for p in range(0, count * BYTES, BYTES):
            store(du + p, add(load(dv + p), load(du + p)))
    else:
        for p in range(0, count * BYTES, BYTES):
            store(du + p, load(dv + p))


@part
def measured(y, count, sums, fresh):
    """Sums of y and of its square around the first number, of a block: for mean and variance.

    sums: that first number; in float64 the sum of differences and of their squares; fresh: they begin
    here.
    """
    if fresh:
        store(sums, load(y))
        zero(sums + BYTES, 4)
    first = load(sums)
    nothing = splat(np.float32(0))
    t0, t1, t2, t3 = nothing, nothing, nothing, nothing
    q0, q1, q2, q3 = nothing, nothing, nothing, nothing
    fours = count // 4 * 4 * BYTES
    for p in range(0, fours, 4 * BYTES):
        a0, a1 = sub(load(y + p), first), sub(load(y + p + BYTES), first)
        a2, a3 = sub(load(y + p + 2 * BYTES), first), sub(load(y + p + 3 * BYTES), first)
        t0, t1, t2, t3 = add(t0, a0), add(t1, a1), add(t2, a2), add(t3, a3)
        q0, q1, q2, q3 = fma(a0, a0, q0), fma(a1, a1, q1), fma(a2, a2, q2), fma(a3, a3, q3)
    for p in range(fours, count * BYTES, BYTES):
        away = sub(load(y + p), first)
        t0, q0 = add(t0, away), fma(away, away, q0)
    add_double(sums + BYTES, add(add(t0, t1), add(t2, t3)))
    add_double(sums + 3 * BYTES, add(add(q0, q1), add(q2, q3)))
