"""Standard convolutions: a band of rows for a work item, all channels."""

from ..isa.lanes import BYTES
from ..runtime.parts import made, part
from ..runtime.work_item import descriptor, stage
from ..tiles import gemm
from ..tuning import TILES

CONVOLUTION = descriptor(
    # x: bytes from window to window, along and down; stretches of a window: their table and length
    "x x_pixel x_row segments segment_at length w bias vectors activation"
    " y y_plane y_at rows columns band",
    floats="low high",
)


def _row(vectors):
    """One row of the output, one micropanel."""
    rows = TILES[vectors]
    many, one = (gemm.convolution(r, vectors) for r in (rows, 1))

    @part
    @made("row", vectors)
    def row(s, x, w, bias, y, y_at):
        j = 0
        while j < s.columns:
            if s.columns >= rows:
                j = min(j, s.columns - rows)  # the last few once more
                many(bias, x + j * s.x_pixel, s.x_pixel, s.segments, s.segment_at, s.length, w,
                     s.activation, s.low, s.high, y, y_at + 4 * j, s.y_plane)  # fmt: skip
                j += rows
            else:
                one(bias, x + j * s.x_pixel, s.x_pixel, s.segments, s.segment_at, s.length, w,
                    s.activation, s.low, s.high, y, y_at + 4 * j, s.y_plane)  # fmt: skip
                j += 1

    return row


_wide_row, _narrow_row = _row(2), _row(1)


@stage(CONVOLUTION)
def convolution(s, b, item):
    """A band of rows."""
    depth = s.segments * s.length * BYTES
    for i in range(item * s.band, min(s.rows, (item + 1) * s.band)):
        x, y_at = s.x + i * s.x_row, s.y_at + 4 * i * s.columns
        for block in range(0, s.vectors, 2):
            w, bias, y = s.w + block * depth, s.bias + block * BYTES, s.y + block * s.y_plane
            if block + 2 <= s.vectors:
                _wide_row(s, x, w, bias, y, y_at)
            else:
                _narrow_row(s, x, w, bias, y, y_at)
