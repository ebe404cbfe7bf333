"""Stages that no tile does: means, gates, lone activations, the picture going in, the map coming out."""

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES, LANES
from .pieces import copied, part, sigmoid
from .unit import unit
from .vector import add, load, mul, number_at, offset_at, set_number, splat, store


@part
def _mean(x, rows, columns, y):
    """Of one block; each row is summed by itself first, so that long sums lose no digits."""
    total = splat(np.float32(0))
    for i in range(rows):
        row = splat(np.float32(0))
        for j in range(columns):
            row = add(row, load(x + (i * columns + j) * BYTES))
        total = add(total, row)
    store(y, mul(total, splat(np.float32(1 / (rows * columns)))))


@unit
def mean(stage, bases, number):
    """The mean of one block of y, which this unit has just written."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    _mean(
        b.memory + s.y + number * s.y_plane, s.rows, s.columns, b.memory + s.pooled + number * BYTES
    )


@unit
def pool(stage, bases, number):
    """The mean of one block of x; at the end of the trunk a row of the head's input."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    y = (b.shared + b.image * BYTES if s.to_head else b.memory) + s.y + number * s.y_plane
    _mean(b.memory + s.x + number * s.x_plane, s.rows, s.columns, y)


@unit
def scale(stage, bases, number):
    """The channels of one panel of gates, which this unit has just computed, times their gates."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    last = s.split // s.main  # panels of the main width
    width = s.main if number < last else s.vectors - s.split
    first = s.main * number if number < last else s.split
    for block in range(first, first + width):
        gate = load(b.memory + s.y + block * s.y_plane)
        place = b.memory + s.scaled + block * s.scaled_plane
        for p in range(s.length):
            store(place + p * BYTES, mul(gate, load(place + p * BYTES)))


@unit
def activate(stage, bases, number):
    """One block in place: 0 sigmoid, 1 swish, 2 hard sigmoid of slope `low`."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    for p in range(s.rows * s.columns):
        pixel = b.memory + s.x + number * s.x_plane + offset_at(b.tables + s.y_at + 4 * p)
        for place in range(pixel, pixel + BYTES, 4):
            x = number_at(place)
            if s.activation == 2:
                y = x * s.low + np.float32(0.5)
                y = min(max(y, np.float32(0)), np.float32(1)) if y == y else y
            else:
                y = sigmoid(x)
                y = x * y if s.activation == 1 else y
            set_number(place, y)


@unit
def picture(stage, bases, number):
    """A band of an image's rows, as they came, into memory with zeros around."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    count = s.columns * s.channels
    for i in range(number * s.band, min(s.rows, (number + 1) * s.band)):
        x = b.images + 4 * (b.image * s.rows + i) * count
        y = b.memory + s.y + i * s.x_row
        copied(x, count, y)


@unit
def unblock(stage, bases, number):
    """Some pixels of x into the results, their channels side by side again."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    pixels = s.rows * s.columns
    for p in range(number * s.band, min(pixels, (number + 1) * s.band)):
        x = b.memory + s.x + offset_at(b.tables + s.y_at + 4 * p)
        y = b.results + 4 * (b.image * pixels + p) * s.channels
        for c in range(s.channels):
            set_number(y + 4 * c, number_at(x + c // LANES * s.x_plane + c % LANES * 4))
