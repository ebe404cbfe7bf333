"""What is done to maps without weights: image in, result out, means, gates, activations, borders.

Outside, channels lie side by side; within, in blocks.
"""

import numpy as np

from ..activation import HARD_SIGMOID, SWISH
from ..isa.lanes import BYTES, LANES
from ..isa.vector import add, broadcast, element_at, load, mul, offset_at, set_element, store
from ..runtime.parts import copy, panel_at, sigmoid
from ..runtime.work_item import descriptor, stage

IMAGE = descriptor("y y_row rows count band")  # count: elements of a row
RESULT = descriptor("x x_plane x_at pixels channels band")
POOL = descriptor("x x_plane rows columns y y_plane y_image")  # y_image: bytes from image to image
SCALE = descriptor("gates gates_plane x x_plane pixels main split vectors")
ACTIVATE = descriptor("x x_plane x_at pixels activation", floats="slope")
BORDER = descriptor("y y_plane y_row blocks rows band tall above left right")


@stage(IMAGE)
def image(s, b, item):
    """A band of an image's rows, as they came, into memory with zeros around."""
    for i in range(item * s.band, min(s.rows, (item + 1) * s.band)):
        copy(b.images + 4 * (b.image * s.rows + i) * s.count, s.count, s.y + i * s.y_row)


@stage(RESULT)
def result(s, b, item):
    """Some pixels of x into the results, their channels side by side again."""
    for p in range(item * s.band, min(s.pixels, (item + 1) * s.band)):
        x = s.x + offset_at(s.x_at + 4 * p)
        y = b.results + 4 * (b.image * s.pixels + p) * s.channels
        for c in range(s.channels):
            set_element(y + 4 * c, element_at(x + c // LANES * s.x_plane + c % LANES * 4))


@stage(POOL)
def pool(s, b, item):
    """The means of one block.  Rows are summed by themselves, so that long sums lose no digits."""
    x, total = s.x + item * s.x_plane, broadcast(np.float32(0))
    for i in range(s.rows):
        row = broadcast(np.float32(0))
        for j in range(s.columns):
            row = add(row, load(x + (i * s.columns + j) * BYTES))
        total = add(total, row)
    mean = mul(total, broadcast(np.float32(1 / (s.rows * s.columns))))
    store(s.y + item * s.y_plane + b.image * s.y_image, mean)


@stage(SCALE)
def scale(s, b, item):
    """The channels of one micropanel of gates, which this item has just computed, times their gates."""
    first, width = panel_at(item, s.main, s.split, s.vectors)
    for block in range(first, first + width):
        gate, x = load(s.gates + block * s.gates_plane), s.x + block * s.x_plane
        for p in range(s.pixels):
            store(x + p * BYTES, mul(gate, load(x + p * BYTES)))


@stage(ACTIVATE)
def activate(s, b, item):
    """One block, in place, of what no microkernel has: sigmoid, swish, a hard sigmoid of a slope."""
    for p in range(s.pixels):
        pixel = s.x + item * s.x_plane + offset_at(s.x_at + 4 * p)
        for place in range(pixel, pixel + BYTES, 4):
            x = element_at(place)
            if s.activation == HARD_SIGMOID:
                y = x * s.slope + np.float32(0.5)
                y = min(max(y, np.float32(0)), np.float32(1)) if y == y else y
            else:
                y = sigmoid(x)
                y = x * y if s.activation == SWISH else y
            set_element(place, y)


@stage(BORDER)
def border(s, b, item):
    """Zeros around what a band sees of the map that is now computed for it; left, right: bytes."""
    top = item * s.band - s.above
    zero = broadcast(np.float32(0))
    for block in range(s.blocks):
        for i in range(s.tall):
            row = b.scratch + s.y + block * s.y_plane + i * s.y_row
            outside = top + i < 0 or top + i >= s.rows
            for q in range(0, s.y_row if outside else s.left, BYTES):
                store(row + q, zero)
            for q in range(s.y_row - s.right, s.y_row, BYTES):
                store(row + q, zero)
