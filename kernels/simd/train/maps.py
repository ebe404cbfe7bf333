"""Loading a map as its reader sees it, and completing the gradient of one.

A map in memory holds the raw sums y of a convolution.  What the next layer reads is

    u = (y - centre) scale + shift        batch normalisation: norm.py
    v = activation(u) [times a gate]

made while y is loaded, a few pixels at a time, into a scratch that stays in the cache.  Backwards the
gradient of v is summed up over all readers; the last one multiplies it by the activation's slope, stores
that as du, and adds up du and du (y - centre), of which norm.py makes the gradients of gamma and beta.

kind: HARD_SWISH; else a clamp to the coefficients LOW .. HIGH, where NaN is no bound: ReLU, ReLU6, and
no activation at all; a number beyond those of activation.py is the address of one of ROUTINES,
which does the rest.
"""

import numpy as np

from ...routines import compiled_routine
from ..activation import HARD_SWISH, SWISH
from ..isa import vector
from ..isa.lanes import BYTES, LANES
from ..isa.vector import add, element_at, fma, load, mul, set_element, store, sub
from ..runtime.parts import add_to, copy, made, part, sigmoid
from ..runtime.work_item import INVOKED, invoke
from .norm import BACKWARD_SUMS, CENTRE, COEFFICIENTS, HIGH, LOW, SCALE, SHIFT


def seen(name):
    """The fields of a map as its reader sees it."""
    return " ".join(name + field for field in ("", "_plane", "_coefficients", "_kind")) + " "


GATE = "x_gate x_gate_plane image "  # of x, 0 for none; pixels of an image, which each has its own
GRADIENT = "dx sums adds complete "  # of x: added to what is there; the last to be added
GIVEN = "dy y y_plane y_coefficients y_blocks normal "  # the gradient of what is written


@part
def normalise_activate(y, v, count, c, kind):
    """v = activation((y - centre) scale + shift) of `count` pixels of one block."""
    centre, scale, shift = load(c + CENTRE), load(c + SCALE), load(c + SHIFT)
    if kind == HARD_SWISH:
        for p in range(0, count * BYTES, BYTES):
            store(v + p, vector.hard_swish(fma(sub(load(y + p), centre), scale, shift)))
    else:
        low, high = load(c + LOW), load(c + HIGH)
        for p in range(0, count * BYTES, BYTES):
            u = fma(sub(load(y + p), centre), scale, shift)
            store(v + p, vector.minimum(high, vector.maximum(low, u)))
        if kind > SWISH:
            invoke(kind, v, 0, count, c, 0, 0, 0, 0)


@part
def multiply_gate(s, v, first, count, block):
    """In place: pixels first .. first + count of a block times the gates of their images."""
    p = first
    while s.x_gate and p < first + count:
        n = p // s.image
        until = min(first + count, (n + 1) * s.image)
        factor = load(s.x_gate + block * s.x_gate_plane + n * BYTES)
        for q in range((p - first) * BYTES, (until - first) * BYTES, BYTES):
            store(v + q, mul(load(v + q), factor))
        p = until


@part
def inputs(s, v, v_plane, first, count, low, high):
    """v = x as its reader sees it: pixels first .. first + count of blocks low .. high."""
    for block in range(low, high):
        to = v + (block - low) * v_plane
        y = s.x + block * s.x_plane + first * BYTES
        normalise_activate(y, to, count, s.x_coefficients + block * COEFFICIENTS, s.x_kind)
        multiply_gate(s, to, first, count, block)


@part
def activation_backward(dv, y, du, count, c, kind, adds, sums):
    """du = (dv [+ du]) times the activation's slope at y; adds du and du (y - centre) to sums.

    One block.  Sums of `count` pixels are made by themselves and added up in float64.
    """
    if adds:
        add_to(dv, du, count)
    if kind > SWISH:
        invoke(kind, dv, y, count, c, 1, 0, 0, 0)
    centre, scale, shift = load(c + CENTRE), load(c + SCALE), load(c + SHIFT)
    low, high, nothing = load(c + LOW), load(c + HIGH), vector.broadcast(np.float32(0))
    # two sums of each kind, by turns: an addition waits for its own last result only
    t0, t1, q0, q1 = nothing, nothing, nothing, nothing
    for p in range(0, count * BYTES, BYTES):
        away, d = sub(load(y + p), centre), load(dv + p)
        u = fma(away, scale, shift)
        d = (
            vector.hard_swish_backward(u, d)
            if kind == HARD_SWISH
            else vector.inside(u, low, high, d)
        )
        store(du + p, d)
        t0, t1, q0, q1 = t1, add(t0, d), q1, fma(d, away, q0)
    vector.add_double(sums, add(t0, t1))
    vector.add_double(sums + 2 * BYTES, add(q0, q1))


@part
def gradient(s, dv, block, at, count, number, blocks):
    """What a reader of x gives back: pixels from byte `at` on of a block; number: of the sums' share."""
    at, c = at + block * s.x_plane, s.x_coefficients + block * COEFFICIENTS
    if s.complete:
        sums = s.sums + (number * blocks + block) * BACKWARD_SUMS
        activation_backward(dv, s.x + at, s.dx + at, count, c, s.x_kind, s.adds, sums)
    elif s.adds:
        add_to(s.dx + at, dv, count)
    else:
        copy(dv, count * LANES, s.dx + at)


# --- activations that few maps have -----------------------------------------------------------------
#
# Each is a routine of its own, so that others need not wait for it: routine(v, y, count, c, backward)
# for `count` pixels of a block.  Forwards v is changed from u, clamped to LOW .. HIGH, to the activation
# of u, in place.  Backwards v is multiplied by the slope at u, which is made of y as above; what lies
# outside of the bounds is nobody's concern here.


def _with_sigmoid(name, times_x):
    """sigmoid(u), or u sigmoid(u)."""

    @made(name)
    def activation(v, y, count, c, backward, _, __, ___):
        for q in range(count * LANES):
            element = element_at(v + 4 * q)
            if backward:
                lane = 4 * (q % LANES)
                u = element_at(y + 4 * q) - element_at(c + CENTRE + lane)
                u = u * element_at(c + SCALE + lane) + element_at(c + SHIFT + lane)
                r = sigmoid(u)
                inner = np.float32(1) + u * (np.float32(1) - r) if times_x else np.float32(1) - r
                set_element(v + 4 * q, element * (r * inner))
            else:
                r = sigmoid(element)
                set_element(v + 4 * q, element * r if times_x else r)

    return compiled_routine(activation, INVOKED)


@made("hard_sigmoid")
def _hard_sigmoid(v, y, count, c, backward, _, __, ___):
    """slope u + 1/2 for u between -HIGH and HIGH, where it reaches 0 and 1."""
    for q in range(count * LANES):
        slope = np.float32(0.5) / element_at(c + HIGH + 4 * (q % LANES))
        element = element_at(v + 4 * q) * slope
        set_element(v + 4 * q, element if backward else element + np.float32(0.5))


ROUTINES = {
    "sigmoid": _with_sigmoid("sigmoid", times_x=False),
    "swish": _with_sigmoid("swish", times_x=True),
    "hard_sigmoid": compiled_routine(_hard_sigmoid, INVOKED),
}
