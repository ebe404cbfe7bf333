"""Arrays whose neighbours in memory are watched: bytes that must not change, or pages nobody can read."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.guarded import copied

Array = np.ndarray[Any, Any]
BAND, MARK = 512, 0xA5


class Guards:
    """Makes such arrays.  how: "bytes" on either side; "end", "begin": an unreadable page there."""

    def __init__(self, how: str) -> None:
        self.how = how
        self._held: list[Array] = []

    def empty(self, shape: Any, dtype: Any = float, order: Any = "C") -> Array:
        """As numpy.empty."""
        dtype = np.dtype(dtype)
        shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        size = dtype.itemsize
        for length in shape:
            size *= int(length)
        if dtype.hasobject or not 0 < size < 1 << 24:
            return np.empty(shape, dtype, order)
        if self.how != "bytes":
            flat = np.empty(shape, dtype)
            return copied(flat, before=self.how == "begin")
        raw = np.full(size + 2 * BAND, MARK, np.uint8)
        self._held.append(raw)
        return np.ndarray(shape, dtype, raw[BAND : BAND + size].data, order=order)

    def like(self, value: Array) -> Array:
        """The same array in such memory."""
        found = self.empty(value.shape, value.dtype)
        found[...] = value
        return found

    def changed(self) -> int:
        """How many of the bands were written to."""
        return sum(
            bool((raw[:BAND] != MARK).any() or (raw[-BAND:] != MARK).any()) for raw in self._held
        )


class Guarded:
    """numpy, whose new arrays lie between guards: put in its place in the modules of operators."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any = float, order: Any = "C") -> Array:
        """As numpy.empty."""
        return self._guards.empty(shape, dtype, order)

    def empty_like(self, array: Array, *given: Any, **named: Any) -> Array:
        """As numpy.empty_like, for what is in one piece."""
        if given or named:
            return np.empty_like(array, *given, **named)
        return self._guards.empty(array.shape, array.dtype)

    def zeros(self, shape: Any, dtype: Any = float) -> Array:
        """As numpy.zeros."""
        found = self._guards.empty(shape, dtype)
        found[...] = 0
        return found

    def full(self, shape: Any, value: Any, dtype: Any = None) -> Array:
        """As numpy.full."""
        found = self._guards.empty(shape, dtype or np.asarray(value).dtype)
        found[...] = value
        return found
