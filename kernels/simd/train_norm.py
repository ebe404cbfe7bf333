"""Batch normalisation between the passes: from sums in shares to coefficients, in float64.

Each share has its own first number as the centre of its sums; means and squares are put together as
Chan, Golub and LeVeque (1979) do, which loses no digits where a mean is large.
"""

import math

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES, LANES
from .pieces import part, share
from .train_unit import (
    ALONG,
    BACKWARD_SUMS,
    CENTRE,
    COEFFICIENTS,
    EXACT,
    FORWARD_SUMS,
    LEVEL,
    SCALE,
    SHIFT,
    SLOPE,
    unit,
)
from .train_vector import double_at, set_double
from .vector import number_at, set_number


@part
def _moments(s, block, lane):
    """Mean and summed squares around it, of a channel."""
    mean, squares, count = 0.0, 0.0, 0
    for chunk in range(s.chunks):
        size = share(s.pixels, chunk + 1, s.chunks, s.grain)
        size = (size - share(s.pixels, chunk, s.chunks, s.grain)) * s.weight
        place = s.y_sums + (chunk * s.y_blocks + block) * FORWARD_SUMS
        total = double_at(place + BYTES + 8 * lane)
        square = double_at(place + 3 * BYTES + 8 * lane) - total * total / size
        own = np.float64(number_at(place + 4 * lane)) + total / size
        both = count + size
        away = own - mean
        mean += away * size / both
        squares += square + away * away * count * size / both
        count = both
    return mean, max(squares, 0.0) if squares == squares else squares, count


@unit
def statistics(stage, bases, block):
    """Coefficients of a block for the forward pass, and the moved running estimates."""
    s = carray(stage, 1)[0]
    c, exact = s.y_coefficients + block * COEFFICIENTS, s.exact + block * EXACT
    for lane in range(LANES):
        at, channel = 4 * lane, block * LANES + lane
        if channel < s.channels:
            gamma = np.float64(number_at(s.gamma + 4 * channel))
            beta = np.float64(number_at(s.beta + 4 * channel))
            before = np.float64(number_at(s.mean + 4 * channel))
            spread = np.float64(number_at(s.variance + 4 * channel))
            if s.frozen:
                mean, variance = before, spread
            else:
                mean, squares, count = _moments(s, block, lane)
                variance = squares / count
                m = s.momentum
                moved = (1 - m) * before + m * mean
                # unbiased here, biased above: the running variance estimates the population's
                widened = (1 - m) * spread + m * (squares / (count - 1))
                set_number(s.new_mean + 4 * channel, np.float32(moved))
                set_number(s.new_variance + 4 * channel, np.float32(widened))
        else:
            gamma, beta, mean, variance = 0.0, 0.0, 0.0, 1.0
        inverse = 1 / math.sqrt(variance + s.eps)
        centre = np.float32(mean)
        set_number(c + CENTRE + at, centre)
        set_number(c + SCALE + at, np.float32(gamma * inverse))
        rest = mean - np.float64(centre)
        set_number(c + SHIFT + at, np.float32(beta - rest * gamma * inverse))
        set_double(exact + 8 * lane, mean)
        set_double(exact + 2 * BYTES + 8 * lane, inverse)


@unit
def slopes(stage, bases, block):
    """Gradients of gamma, beta and a bias, and the coefficients that lead back to the raw sums."""
    s = carray(stage, 1)[0]
    c, exact = s.y_coefficients + block * COEFFICIENTS, s.exact + block * EXACT
    count = s.pixels * s.weight
    for lane in range(min(LANES, s.channels - block * LANES)):
        at, channel = 4 * lane, block * LANES + lane
        total, product = 0.0, 0.0
        for chunk in range(s.chunks):
            place = s.dx_sums + (chunk * s.y_blocks + block) * BACKWARD_SUMS + 8 * lane
            total += double_at(place)
            product += double_at(place + 2 * BYTES)
        if s.normal == 0:
            set_number(s.g_bias + 4 * channel, np.float32(total))
            continue
        mean, inverse = double_at(exact + 8 * lane), double_at(exact + 2 * BYTES + 8 * lane)
        centre = np.float64(number_at(c + CENTRE + at))
        product -= (mean - centre) * total  # it was summed around centre
        gamma = np.float64(number_at(s.gamma + 4 * channel))
        set_number(s.g_beta + 4 * channel, np.float32(total))
        set_number(s.g_gamma + 4 * channel, np.float32(product * inverse))
        slope = gamma * inverse
        along, level = 0.0, 0.0
        if s.frozen:
            if s.g_bias:
                set_number(s.g_bias + 4 * channel, np.float32(total * slope))
        else:
            along = -slope * inverse * inverse * product / count
            level = -slope * total / count - along * (mean - centre)
            if s.g_bias:  # a shift of the sums is taken away again with the mean
                set_number(s.g_bias + 4 * channel, np.float32(0))
        set_number(c + SLOPE + at, np.float32(slope))
        set_number(c + ALONG + at, np.float32(along))
        set_number(c + LEVEL + at, np.float32(level))
