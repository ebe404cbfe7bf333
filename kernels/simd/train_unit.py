"""The record of a stage of training.

All addresses are absolute: the memory of a step is made once.  What a name begins with says whose it is:

    x    the map that a layer reads: raw convolution sums; what turns them into the layer's input
         (normalisation, activation, gate) stands beside them and is applied while they are loaded
    dx   the gradient of that input, masked by its activation when its last contribution is added
    y    the raw sums that the layer writes;  dy the gradient of their activated form
"""

import numpy as np
from numba import types
from numba.np import numpy_support

from ..compiling import compiled, prange
from ..units import compiled_unit
from .lanes import BYTES
from .network import together
from .team import SPACING, stamp
from .vector import address

_MAPS = [
    name + part
    for name in ("x", "y", "z")
    for part in ("", "_plane", "_coefficients", "_gate", "_gate_plane", "_kind", "_blocks")
]
_PLACES = (
    "first", "then", "last", "units", "records",  # as at inference; here every stage is one unit
    *_MAPS,
    # gradients: where they lie, whether they are added to, whether this contribution is the last
    "dx", "dx_plane", "dx_sums", "adds", "closes", "dy", "dy_plane", "plain",
    # sums of y for its normalisation, in shares
    "y_sums",
    # pixels of all images, of one image; images; rows and columns of x and of y
    "pixels", "image", "images", "rows", "columns", "y_rows", "y_columns",
    # a window: zeros above and left of x
    "kernel", "kernel_columns", "stride", "stride_columns", "top", "left", "padded", "d_row", "band",
    # a picture: bytes from image to image and row to row, numbers in a row of the window, channels
    "picture", "picture_image", "picture_row", "segment", "channels",
    # a unit of products: the codes of its panels
    "many", "rest", "turned_many", "turned_rest",
    # how the work is cut: shares of the pixels, parts of the channels, pixels at once
    "chunks", "parts", "grain", "weight", "tile",
    # weights: as they are, in panels, in transposed panels; gradient as it is and in shares
    "w", "panels", "turned", "g", "g_shares", "g_share", "direct", "bias", "g_bias", "zeros",
    "depth", "filters", "group", "group_padded", "main", "split", "vectors",
    "turned_main", "turned_split", "turned_vectors", "height", "g_rows",
    # batch normalisation
    "gamma", "beta", "mean", "variance", "new_mean", "new_variance", "g_gamma", "g_beta", "exact",
    "frozen", "normal",
)  # fmt: skip
_NUMBERS = ("x_low", "x_high", "y_low", "y_high", "z_low", "z_high")
_DOUBLES = ("eps", "momentum")
STAGE = np.dtype(
    [(n, "i8") for n in _PLACES] + [(n, "f8") for n in _DOUBLES] + [(n, "f4") for n in _NUMBERS],
    align=True,
)
BASES = np.dtype([("scratch", "i8"), ("image", "i8")])

_stage = types.CPointer(numpy_support.from_dtype(STAGE))
_bases = types.CPointer(numpy_support.from_dtype(BASES))
SIGNATURE = types.void(_stage, _bases, types.int64)
BASES_BYTES = BASES.itemsize

# rows of the coefficients of a block: u = (y - CENTRE) SCALE + SHIFT is what the activation sees,
# and dy = SLOPE du + ALONG (y - CENTRE) + LEVEL goes back through the normalisation
CENTRE, SCALE, SHIFT, SLOPE, ALONG, LEVEL = (row * BYTES for row in range(6))
COEFFICIENTS = 8 * BYTES  # of a block
EXACT = 2 * 2 * BYTES  # float64 mean and 1/deviation of a block

# activations; a greater number is the address of one that takes an exponential (train_curves.py)
NONE, CLAMP, HARD_SWISH, HARD_SIGMOID = range(4)
FORWARD_SUMS = 5 * BYTES  # of a block: a float32 number, two float64 sums
BACKWARD_SUMS = 4 * BYTES


def unit(function):
    """Compile `function(stage, bases, unit)` when its address is first asked for."""
    return compiled_unit(function, SIGNATURE)


@compiled
def run(members, stages, bases, counters):
    """Run the stages, an array of STAGE, on several threads; counters: int64, all 0."""
    for member in prange(members):
        if member == 0:
            stamp(address(counters))
        own = address(bases) + member * BASES_BYTES
        together(stages, own, address(counters) + SPACING, np.int64(member), members)
