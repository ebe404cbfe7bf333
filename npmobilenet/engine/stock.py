"""What the records of a program refer to by byte offsets: packed weights and tables of places."""

import numpy as np
from numpy.typing import NDArray

from . import packing
from .memory import Layout, Sides
from .packing import Floats, up


class Stock:
    """Arrays one after the other, as they are asked for."""

    def __init__(self) -> None:
        self._weights: list[Floats] = []
        self._written = 0
        self._tables: list[NDArray[np.int32]] = []
        self._table_at: dict[tuple[int, int, int, Sides], int] = {}

    def weigh(self, array: Floats) -> int:
        """Append to the packed weights; returns the byte offset, a whole cache line."""
        size = up(array.size, 16)
        full = np.zeros(size, np.float32)
        full[: array.size] = array
        self._weights.append(full)
        self._written += 4 * size
        return self._written - 4 * size

    def table(self, layout: Layout) -> int:
        """Byte offset of the table of this layout's pixels."""
        key = (layout.rows, layout.columns, layout.vector, layout.sides)
        if key not in self._table_at:
            i, j = np.indices((layout.rows, layout.columns))
            offsets = layout.inside + i * layout.row + j * layout.vector
            self._table_at[key] = self.tabulate(offsets)
        return self._table_at[key]

    def tabulate(self, offsets: NDArray[np.integer]) -> int:
        """Append to the tables; returns the byte offset."""
        self._tables.append(offsets.astype(np.int32).ravel())
        return 4 * sum(table.size for table in self._tables[:-1])

    @property
    def weights(self) -> Floats:
        """All of them, to be asked for once; tiles ask for a little beyond the end."""
        whole, at = packing.aligned(self._written // 4 + 1024), self._written // 4
        while self._weights:  # each is let go as soon as it is copied
            array = self._weights.pop()
            at -= array.size
            whole[at : at + array.size] = array
        return whole

    @property
    def tables(self) -> NDArray[np.int32]:
        return np.concatenate(self._tables) if self._tables else np.zeros(1, np.int32)
