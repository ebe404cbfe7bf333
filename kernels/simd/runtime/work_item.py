"""What a stage is to compiled code: routines with their descriptors, called for one work item at a time.

    POOL = descriptor("x x_plane rows columns y y_plane")      integers: addresses, bytes, counts

    @stage(POOL)
    def pool(s, b, item): ...

A routine is compiled when the first network asks for it; the loop over all stages, which is small, never
has to be compiled again with all of them inside.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.np import numpy_support

from ...routines import compiled_routine
from ..isa.llvm import INT64, emitted

# The header of a call: code, descriptor, and for the first call of a stage how many work items the stage
# has and how many calls are made for each, one after the other.
CALL = np.dtype([(name, "i8") for name in ("code", "descriptor", "items", "calls")])

# What differs between threads and images: a thread's own memory for a band, the arrays of the caller, and
# the number of the image.
BASES = np.dtype([(name, "i8") for name in ("scratch", "images", "results", "image")])
_bases = numpy_support.from_dtype(BASES)


def descriptor(places, floats="", doubles=""):
    """The record that one kind of stage reads; names apart by blanks."""
    kinds = ((places, "i8"), (doubles, "f8"), (floats, "f4"))
    return np.dtype([(n, kind) for names, kind in kinds for n in names.split()], align=True)


def stage(fields):
    """Compile function(s, b, item) when its address is asked for; s: of these fields, b: of BASES."""

    def declared(function):
        record = numpy_support.from_dtype(fields)
        routine = compiled_routine(function, types.void(record, _bases, types.int64))
        routine.descriptor = fields
        return routine

    return declared


def _calling(*names):
    """A function of compiled code that calls, by its address `code`, one of so many integers."""

    def emit(builder, code, *values):
        kind = ir.FunctionType(ir.VoidType(), [INT64] * len(values))
        builder.call(builder.inttoptr(code, kind.as_pointer()), values)

    return emitted(**dict.fromkeys(("code", *names), types.int64))(emit)


call = _calling("descriptor", "bases", "item")  # a stage's routine; addresses of both records
invoke = _calling(*"abcdefgh")  # any routine of this signature:
INVOKED = types.void(*[types.int64] * 8)
