"""Arrays beside memory that nobody may touch: whoever reads or writes beyond one ends the process."""

import ctypes
import mmap
import sys

import numpy as np

from npmobilenet.ops.checks import Array

POSSIBLE = sys.platform == "linux"
PAGE = mmap.PAGESIZE
NOBODY = 0  # PROT_NONE


def guarded(size: int, *, before: bool = False, alignment: int = 1) -> Array:
    """So many bytes, zeros, that end where an unreadable page begins; before: begin where one ends.

    alignment: of the first byte; up to so many less one may then lie between the end and that page.
    """
    whole = -(-max(size, 1) // PAGE) * PAGE
    pages = mmap.mmap(-1, whole + 2 * PAGE)
    memory = np.frombuffer(pages, np.uint8)  # keeps them alive
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    for place in (0, whole + PAGE):
        at = ctypes.c_void_p(memory.ctypes.data + place)
        if protect(at, ctypes.c_size_t(PAGE), NOBODY):
            raise OSError(ctypes.get_errno(), "mprotect")
    start = PAGE if before else PAGE + (whole - size) // alignment * alignment
    return memory[start : start + size]


def copied(array: Array, *, before: bool = False) -> Array:
    """The same array in such memory."""
    flat = guarded(array.nbytes, before=before, alignment=array.itemsize)
    found = flat.view(array.dtype).reshape(array.shape)
    found[...] = array
    return found
