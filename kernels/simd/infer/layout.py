"""The image going in, and the result coming out: channels side by side outside, in blocks within."""

from ..isa.lanes import LANES
from ..isa.vector import element_at, offset_at, set_element
from ..runtime.partition import copy
from ..runtime.work_item import descriptor, stage

IMAGE = descriptor("y y_row rows count band")  # count: elements of a row
RESULT = descriptor("x x_plane x_at pixels channels band")


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
