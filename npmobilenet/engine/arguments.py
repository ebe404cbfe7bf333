"""What both engines ask of their arguments."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..kernels.sharing import cores
from ..ops.checks import Array, plain, shown, whole

MOST = {"batch": 2**20, "threads": 2**17}  # with more, tables alone would fill a memory


def sizes(who: str, batch: int, threads: int | None) -> tuple[int, int]:
    """Batch and threads; None stands for NUMBA_NUM_THREADS, or one on each core.

    ValueError where one is not a positive integer, or too large.
    """
    for name, value in (("batch", batch), ("threads", 1 if threads is None else threads)):
        if not whole(value) or value < 1:
            raise ValueError(f"{who}: {name} must be a positive integer, found {shown(value)}")
        if value > MOST[name]:
            raise ValueError(f"{who}: {name} must be at most {MOST[name]:,}, found {shown(value)}")
    if threads is None:
        asked = os.environ.get("NUMBA_NUM_THREADS", "").strip()
        # any other text Numba has complained about when it was imported
        threads = int(asked) if asked.isdecimal() and int(asked) else cores()
    return int(batch), int(threads)


@contextmanager
def fitting(who: str, batch: int) -> Iterator[None]:
    """ValueError, in one line, where memory for a batch cannot be had."""
    try:
        yield
    except (MemoryError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:
            raise
        raise ValueError(f"{who}: a batch of {batch} does not fit into memory ({error})") from None


def array(who: str, name: str, value: Any, shape: tuple[Any, ...], *dtypes: str) -> Array:
    """Value in one piece; "N" in its shape is any number.  ValueError where it does not fit."""
    good = plain(value) and value.dtype in dtypes and value.ndim == len(shape)
    if not good or any(a != b for a, b in zip(value.shape, shape, strict=True) if b != "N"):
        found = f"{value.dtype} {value.shape}" if plain(value) else type(value).__name__
        wanted = f"{' or '.join(dtypes)} ({', '.join(map(str, shape))})"
        raise ValueError(f"{who}: {name} must be {wanted}, found {found}")
    return np.require(value, requirements=["C", "ALIGNED"])
