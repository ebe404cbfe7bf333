"""One array, lying in memory in every way that NumPy knows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_FOLDER = tempfile.TemporaryDirectory(prefix="reliability-laid-")


def backwards(x: Array) -> Array:
    """Negative strides."""
    turn = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[turn])[turn]


def spread(x: Array) -> Array:
    """Every third number of a larger array, along every axis."""
    every = np.zeros([3 * size for size in x.shape], x.dtype)[(slice(1, None, 3),) * x.ndim]
    every[...] = x
    return every


def transposed(x: Array) -> Array:
    """A view whose axes are the other way round in memory."""
    return np.ascontiguousarray(x.transpose()).transpose()


def unaligned(x: Array) -> Array:
    """One byte beside where its numbers should begin."""
    found = np.ndarray(x.shape, x.dtype, bytearray(x.nbytes + 1), offset=1)
    found[...] = x
    return found


def read_only(x: Array) -> Array:
    """Nothing may be written into it."""
    found = x.copy()
    found.flags.writeable = False
    return found


def mapped(x: Array) -> Array:
    """It lies in a file."""
    if not x.size:
        return x
    place = Path(_FOLDER.name) / "mapped"
    x.tofile(place)
    found = np.memmap(place, x.dtype, "r", shape=x.shape)
    place.unlink()  # it stays as long as it is mapped
    return found


def broadcast(x: Array) -> Array:
    """The first of it again and again, at one place in memory."""
    return np.broadcast_to(x[:1], x.shape)


def columns(x: Array) -> Array:
    """A part of wider rows."""
    wide = np.zeros((*x.shape[:-1], x.shape[-1] + 5), x.dtype)
    wide[..., 2 : 2 + x.shape[-1]] = x
    return wide[..., 2 : 2 + x.shape[-1]]


LAID: dict[str, Callable[[Array], Array]] = {
    "negative strides": backwards,
    "every third element": spread,
    "columns of wider rows": columns,
    "Fortran order": np.asfortranarray,
    "transposed view": transposed,
    "unaligned": unaligned,
    "read-only": read_only,
    "memory-mapped": mapped,
    "stride 0": broadcast,
    "no images": lambda x: x[:0],
}
