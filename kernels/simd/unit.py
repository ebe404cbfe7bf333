"""A unit of work: compiled by itself, kept on disk by itself, called through its address.

A network needs only some of the steps; each is compiled when the first network asks for it, and the
loop over all steps, which is small, never has to be compiled again with all of them inside.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numba.np import numpy_support

from ..units import compiled_unit
from .vector import INT64

_PLACES = (
    # the code of a unit, and of what follows it at once; how many units; how many records make the
    # stage, the later ones done with the same unit
    "first", "then", "last", "units", "records",
    # what is read: address of its first number, bytes from block to block, row to row, pixel to pixel
    "x", "x_plane", "x_row", "x_step", "blocks",
    # what is written: rows and columns, and a table of int32 offsets of its pixels
    "y", "y_plane", "y_at", "rows", "columns",
    # a window: taps, bias, and what becomes of the result; segments are those of a convolution
    "w", "bias", "kernel", "stride", "activation", "segments", "segment_at", "length",
    # a product: panels of weights, bias, turns of its loop, vectors of output
    "wide", "wide_bias", "wide_activation", "turns", "vectors", "main", "split",
    "added", "added_plane", "added_at",
    # how the work is cut into units, and where a band waits between window and product
    "band", "pixel_chunks", "panel_chunks", "scratch_plane",
    # an expansion done band by band: rows of its map above a band, in a band, and to the next band;
    # its height, and bytes of the columns of zeros on both sides
    "above", "tall", "stride_rows", "height", "left", "right", "sees_band", "from_band", "into_band",
    # means of channels, a map scaled in place, channels of a picture or a result
    "pooled", "to_head", "scaled", "scaled_plane", "channels",
)  # fmt: skip
_NUMBERS = ("low", "high", "wide_low", "wide_high")
STAGE = np.dtype([(n, "i8") for n in _PLACES] + [(n, "f4") for n in _NUMBERS], align=True)

# Where the places of a stage count from, for one image and one thread: addresses.
_BASES = ("memory", "shared", "scratch", "weights", "tables", "images", "results", "image")
BASES = np.dtype([(n, "i8") for n in _BASES])

_stage = types.CPointer(numpy_support.from_dtype(STAGE))
_bases = types.CPointer(numpy_support.from_dtype(BASES))
SIGNATURE = types.void(_stage, _bases, types.int64)


def unit(function):
    """Compile `function(stage, bases, unit)` when its address is first asked for."""
    return compiled_unit(function, SIGNATURE)


@intrinsic
def call(typing, code, stage, bases, number):
    """Call the unit of that address; stage and bases are addresses of records."""

    def generate(context, builder, signature, arguments):
        code, *arguments = arguments
        kind = ir.FunctionType(ir.VoidType(), [INT64] * 3)
        builder.call(builder.inttoptr(code, kind.as_pointer()), arguments)
        return context.get_dummy_value()

    i = types.int64
    return signature(types.void, i, i, i, i), generate
