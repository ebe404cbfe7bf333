"""Batch normalisation in a compiled step, in one place: P elements y of a channel, from all images.

    forward    u  = (y - mean) / d * gamma + beta                    d = sqrt(variance + eps)
                  = (y - CENTRE) SCALE + SHIFT
    backward   dy = gamma / d (du - sum(du) / P - h sum(du h) / P)   h = (y - mean) / d
                  = SLOPE du + ALONG (y - CENTRE) + LEVEL

Neither u nor dy, which is dx of the normalisation, is ever stored: `maps.normalise_activate` and
`norm_backward` make them while y and du are loaded.  Between the passes over the maps two small stages
turn sums into these coefficients, in float64.  CENTRE is the mean as a float32.

Sums are made in shares.  Each has its own first element as the centre of its sums; means and squares are
put together as Chan, Golub and LeVeque (1979) do, which loses no digits where a mean is large.
"""

import math

import numpy as np

from ..isa import vector
from ..isa.lanes import BYTES, LANES
from ..isa.vector import add, element_at, fma, load, set_element, store, sub
from ..runtime.parts import copy, part, span, zero
from ..runtime.work_item import descriptor, stage

# rows of the coefficients of a block: vectors, what an activation clamps to among them, and of float64
CENTRE, SCALE, SHIFT, SLOPE, ALONG, LEVEL, LOW, HIGH = (row * BYTES for row in range(8))
MEAN, INVERSE = 8 * BYTES, 10 * BYTES  # INVERSE: 1 / d
COEFFICIENTS = 12 * BYTES

FORWARD_SUMS = 5 * BYTES  # of a block: a first element; in float64 sums of differences and squares
BACKWARD_SUMS = 4 * BYTES  # in float64: sums of du and of du (y - CENTRE)

_BOTH = "coefficients sums shares blocks pixels channels gamma frozen "
_OLD_AND_NEW = "mean variance new_mean new_variance"
FORWARD = descriptor(_BOTH + "grain beta " + _OLD_AND_NEW, doubles="eps momentum")
BACKWARD = descriptor(_BOTH + "g_gamma g_beta g_bias")


@part
def accumulate_moments(y, count, sums, fresh):
    """Add y - first and its square to the sums of a block.  fresh: they begin here, with y's first."""
    if fresh:
        store(sums, load(y))
        zero(sums + BYTES, 4)
    first, nothing = load(sums), vector.broadcast(np.float32(0))
    # four sums of each kind, by turns: an addition waits for its own last result, not its neighbour's
    t0, t1, t2, t3 = nothing, nothing, nothing, nothing
    q0, q1, q2, q3 = nothing, nothing, nothing, nothing
    for p in range(0, count * BYTES, BYTES):
        away = sub(load(y + p), first)
        t0, t1, t2, t3 = t1, t2, t3, add(t0, away)
        q0, q1, q2, q3 = q1, q2, q3, fma(away, away, q0)
    vector.add_double(sums + BYTES, add(add(t0, t1), add(t2, t3)))
    vector.add_double(sums + 3 * BYTES, add(add(q0, q1), add(q2, q3)))


@part
def norm_backward(du, y, dy, count, c, normal):
    """dy = slope du + along (y - centre) + level of `count` pixels of a block; not normal: dy = du."""
    if normal:
        centre, slope = load(c + CENTRE), load(c + SLOPE)
        along, level = load(c + ALONG), load(c + LEVEL)
        for p in range(0, count * BYTES, BYTES):
            rest = fma(along, sub(load(y + p), centre), level)
            store(dy + p, fma(slope, load(du + p), rest))
    else:
        copy(du, count * LANES, dy)


@part
def _moments(s, block, lane):
    """Mean of a channel, and the summed squares around it."""
    mean, squares, count = 0.0, 0.0, 0
    for number in range(s.shares):
        start, end = span(s.pixels, number, s.shares, s.grain)
        size = end - start
        at = s.sums + (number * s.blocks + block) * FORWARD_SUMS
        total = vector.double_at(at + BYTES + 8 * lane)
        square = vector.double_at(at + 3 * BYTES + 8 * lane) - total * total / size
        both = count + size
        away = np.float64(element_at(at + 4 * lane)) + total / size - mean
        mean += away * size / both
        squares += square + away * away * count * size / both
        count = both
    return mean, max(squares, 0.0) if squares == squares else squares


@stage(FORWARD)
def forward(s, b, block):
    """Coefficients of a block for the forward pass, and the moved running estimates."""
    c = s.coefficients + block * COEFFICIENTS
    for lane in range(LANES):
        to, channel = 4 * lane, 4 * (block * LANES + lane)
        gamma, beta, mean, variance = 0.0, 0.0, 0.0, 1.0  # where there is no such channel
        if channel < 4 * s.channels:
            gamma = np.float64(element_at(s.gamma + channel))
            beta = np.float64(element_at(s.beta + channel))
            mean = np.float64(element_at(s.mean + channel))
            variance = np.float64(element_at(s.variance + channel))
            if not s.frozen:
                m, before, running = s.momentum, mean, variance
                mean, squares = _moments(s, block, lane)
                variance = squares / s.pixels
                # unbiased here, biased above: the running variance estimates the population's
                unbiased = squares / (s.pixels - 1)
                set_element(s.new_mean + channel, np.float32((1 - m) * before + m * mean))
                set_element(s.new_variance + channel, np.float32((1 - m) * running + m * unbiased))
        inverse = 1 / math.sqrt(variance + s.eps)
        centre = np.float32(mean)
        set_element(c + CENTRE + to, centre)
        set_element(c + SCALE + to, np.float32(gamma * inverse))
        rest = mean - np.float64(centre)
        set_element(c + SHIFT + to, np.float32(beta - rest * gamma * inverse))
        vector.set_double(c + MEAN + 2 * to, mean)
        vector.set_double(c + INVERSE + 2 * to, inverse)


@stage(BACKWARD)
def backward(s, b, block):
    """Gradients of gamma, beta and a bias, and the coefficients of dy.  gamma: 0 for a bias alone."""
    c = s.coefficients + block * COEFFICIENTS
    for lane in range(min(LANES, s.channels - block * LANES)):
        to, channel = 4 * lane, 4 * (block * LANES + lane)
        total, product = 0.0, 0.0
        for number in range(s.shares):
            sums = s.sums + (number * s.blocks + block) * BACKWARD_SUMS + 8 * lane
            total += vector.double_at(sums)
            product += vector.double_at(sums + 2 * BYTES)
        if s.gamma == 0:
            set_element(s.g_bias + channel, np.float32(total))
            continue
        inverse = vector.double_at(c + INVERSE + 2 * to)
        away = vector.double_at(c + MEAN + 2 * to) - np.float64(element_at(c + CENTRE + to))
        product -= away * total  # it was summed around the centre
        set_element(s.g_beta + channel, np.float32(total))
        set_element(s.g_gamma + channel, np.float32(product * inverse))
        slope = np.float64(element_at(s.gamma + channel)) * inverse
        along, level = 0.0, 0.0
        if not s.frozen:
            along = -slope * inverse * inverse * product / s.pixels
            level = -slope * total / s.pixels - along * away
        if s.g_bias:  # a shift of the sums is taken away again with the batch's mean
            set_element(s.g_bias + channel, np.float32(total * slope if s.frozen else 0.0))
        set_element(c + SLOPE + to, np.float32(slope))
        set_element(c + ALONG + to, np.float32(along))
        set_element(c + LEVEL + to, np.float32(level))
