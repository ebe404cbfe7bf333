"""Depthwise convolutions: a band of rows, of one block into memory, or of all into the scratch."""

from ..activation import HARD_SWISH
from ..isa.lanes import BYTES
from ..isa.vector import broadcast, fma, hard_swish, load, maximum, minimum, store
from ..runtime.parts import made, part
from ..runtime.work_item import descriptor, stage
from ..tiles import depthwise
from ..tuning import PIXELS

WINDOW = descriptor(
    # x: bytes from block to block, row to row, window to window along and down
    "x x_plane x_row x_pixel x_down y y_plane y_row w bias activation blocks rows columns band"
    # whether x and y count from the scratch; there a band begins at the first row
    " x_scratch y_scratch kernel_rows kernel_columns",
    floats="low high",
)


@part
def _band(s, b, item):
    """First block, input, output and rows of a work item."""
    bands = (s.rows + s.band - 1) // s.band
    row, block = item % bands * s.band, item // bands * s.blocks
    x = b.scratch + s.x if s.x_scratch else s.x + row * s.x_down
    y = b.scratch + s.y if s.y_scratch else s.y + row * s.y_row
    return block, x + block * s.x_plane, y + block * s.y_plane, min(s.band, s.rows - row)


def _window(kernel, stride):
    many, one = (depthwise.forward(kernel, stride, pixels) for pixels in (PIXELS, 1))

    @stage(WINDOW)
    @made("window", kernel, stride)
    def window(s, b, item):
        """A square kernel, PIXELS at a time."""
        first, x, y, rows = _band(s, b, item)
        for block in range(first, first + s.blocks):
            w, bias = s.w + block * kernel * kernel * BYTES, s.bias + block * BYTES
            for i in range(rows):
                here, there = x + i * stride * s.x_row, y + i * s.y_row
                j = 0
                while j < s.columns:
                    if s.columns >= PIXELS:
                        j = min(j, s.columns - PIXELS)  # the last few once more
                        many(bias, here + j * stride * BYTES, s.x_row, s.x_plane, w,
                             s.activation, s.low, s.high, there + j * BYTES)  # fmt: skip
                        j += PIXELS
                    else:
                        one(bias, here + j * stride * BYTES, s.x_row, s.x_plane, w,
                            s.activation, s.low, s.high, there + j * BYTES)  # fmt: skip
                        j += 1
            x, y = x + s.x_plane, y + s.y_plane

    return window


windows = {(k, s): _window(k, s) for k in (3, 5) for s in (1, 2)}


@stage(WINDOW)
def any_window(s, b, item):
    """Any other kernel and stride: the formula, a vector at a time."""
    first, x, y, rows = _band(s, b, item)
    for block in range(first, first + s.blocks):
        w = s.w + block * s.kernel_rows * s.kernel_columns * BYTES
        for i in range(rows):
            for j in range(s.columns):
                total, tap = load(s.bias + block * BYTES), w
                for u in range(s.kernel_rows):
                    pixel = x + i * s.x_down + u * s.x_row + j * s.x_pixel
                    for _ in range(s.kernel_columns):
                        total = fma(load(pixel), load(tap), total)
                        pixel, tap = pixel + BYTES, tap + BYTES
                if s.activation == HARD_SWISH:
                    total = hard_swish(total)
                else:
                    total = minimum(broadcast(s.high), maximum(broadcast(s.low), total))
                store(y + i * s.y_row + j * BYTES, total)
        x, y = x + s.x_plane, y + s.y_plane
