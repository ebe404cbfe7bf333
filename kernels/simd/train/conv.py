"""Standard convolutions: products of what windows see, of the image or of a map.

What they see is put side by side in the scratch, and backwards from there (im2col).  The image's channels
lie side by side, so a row of a window is one stretch of elements.  A map lies in blocks of channels: its
windows are whole vectors, in the order tap, block.
"""

from ..isa.lanes import BYTES
from ..isa.vector import add, load, store
from ..runtime.parts import copy, made, part, span, zero
from ..runtime.work_item import descriptor, stage
from .maps import normalise_activate, seen
from .norm import COEFFICIENTS
from .pointwise import GRADIENTS, PRODUCT, backward, forward, input_gradient

IMAGE = "image_at image_size image_row rows columns channels top left "  # with the zeros around it
WINDOW = "kernel kernel_columns stride stride_columns y_columns image "  # image: pixels of y of one
IMAGE_WINDOWS = IMAGE + WINDOW + "segment "  # segment: elements in a row of the window
MAP_WINDOWS = seen("x") + "x_blocks rows columns top left " + WINDOW
PAD = descriptor(IMAGE)
IMAGE_FORWARD = descriptor(IMAGE_WINDOWS + PRODUCT + "x_blocks")
IMAGE_BACKWARD = descriptor(IMAGE_WINDOWS + GRADIENTS)
MAP_FORWARD = descriptor(MAP_WINDOWS + PRODUCT)
MAP_BACKWARD = descriptor(MAP_WINDOWS + GRADIENTS + "dx adds")


@stage(PAD)
def pad(s, b, item):
    """An image, as it came, into memory with zeros around."""
    count = s.columns * s.channels
    for i in range(s.rows):
        x = b.images + 4 * (item * s.rows + i) * count
        y = s.image_at + item * s.image_size + (i + s.top) * s.image_row
        copy(x, count, y + s.left * s.channels * 4)


@part
def image_windows(s, x, x_plane, first, count, low, high):
    """Windows of the padded image, (kernel * segment elements for each pixel) in blocks."""
    line = (high + 1) * BYTES  # a row is written in whole vectors, past its end
    rows = x + (high + 1) * x_plane
    width, size = s.y_columns, s.image
    for p in range(count):
        n, q = (first + p) // size, (first + p) % size
        at = s.image_at + n * s.image_size + q // width * s.stride * s.image_row
        at += q % width * s.stride_columns * s.channels * 4
        to = rows + p * line
        for u in range(s.kernel):
            for c in range(0, 4 * s.segment, BYTES):
                store(to + 4 * u * s.segment + c, load(at + c))
            at += s.image_row
        zero(to + 4 * s.kernel * s.segment, 1)
    for p in range(count):
        for k in range(high):
            store(x + k * x_plane + p * BYTES, load(rows + p * line + k * BYTES))


def _of_map(name, visit):
    """visit(s, block, offset, to) for every tap, block and pixel; offset: of what is seen, -1: a zero."""

    @part
    @made(name)
    def windows(s, x, x_plane, first, count, low, high):
        for u in range(s.kernel):
            for v in range(s.kernel_columns):
                for k in range(s.x_blocks):
                    to = x + ((u * s.kernel_columns + v) * s.x_blocks + k) * x_plane
                    for p in range(first, first + count):
                        n, q = p // s.image, p % s.image
                        i = q // s.y_columns * s.stride + u - s.top
                        j = q % s.y_columns * s.stride_columns + v - s.left
                        inside = 0 <= i < s.rows and 0 <= j < s.columns
                        offset = ((n * s.rows + i) * s.columns + j) * BYTES
                        visit(s, k, offset if inside else -1, to)
                        to += BYTES

    return windows


@part
def _take(s, block, offset, to):
    if offset >= 0:
        c = s.x_coefficients + block * COEFFICIENTS
        normalise_activate(s.x + block * s.x_plane + offset, to, 1, c, s.x_kind)
    else:
        zero(to, 1)


@part
def _give(s, block, offset, of):
    if offset >= 0:
        dx = s.dx + block * s.x_plane + offset
        store(dx, add(load(dx), load(of)))


map_windows = _of_map("map_windows", _take)
add_windows = _of_map("add_windows", _give)  # the other way: dx += each where its input was


@part
def _give_nobody(s, x, d, plane, first, count, low, high, number, fresh):
    """The image's own gradient is not wanted."""


@part
def _give_map(s, x, d, plane, first, count, low, high, number, fresh):
    """dx of the images of a share: the windows' gradients, each where its input was."""
    if fresh and not s.adds:
        _, last = span(s.pixels, number, s.shares, s.grain)
        n, size = first // s.image, s.rows * s.columns
        for k in range(s.x_blocks):
            zero(s.dx + k * s.x_plane + n * size * BYTES, (last - first) // s.image * size)
    input_gradient(s, x, d, plane, count, low, high)
    add_windows(s, x, plane, first, count, low, high)


image_forward = forward(__name__, "image_forward", IMAGE_FORWARD, image_windows)
image_backward = backward(__name__, "image_backward", IMAGE_BACKWARD, image_windows, _give_nobody)
map_forward = forward(__name__, "map_forward", MAP_FORWARD, map_windows)
map_backward = backward(__name__, "map_backward", MAP_BACKWARD, map_windows, _give_map)
