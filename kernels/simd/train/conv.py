"""Standard convolutions: products of what windows see, of the image or of a map."""

from ..isa.lanes import BYTES
from ..runtime.partition import span
from ..runtime.templates import part
from ..runtime.work_item import descriptor
from .norm import zero
from .pointwise import GRADIENTS, PRODUCT, backward, forward, input_gradient
from .windows import IMAGE_WINDOWS, MAP_WINDOWS, add_windows, image_windows, map_windows

IMAGE_FORWARD = descriptor(IMAGE_WINDOWS + PRODUCT + "x_blocks")
IMAGE_BACKWARD = descriptor(IMAGE_WINDOWS + GRADIENTS)
MAP_FORWARD = descriptor(MAP_WINDOWS + PRODUCT)
MAP_BACKWARD = descriptor(MAP_WINDOWS + GRADIENTS + "dx adds")


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
