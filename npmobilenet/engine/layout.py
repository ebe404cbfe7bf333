"""How a map lies in memory: planes of LANES channels, with the zeros around it that its reader wants."""

from dataclasses import dataclass

Sides = tuple[int, int, int, int]
CONTIGUOUS: Sides = (0, 0, 0, 0)


@dataclass(frozen=True)
class Layout:
    """Size in blocks of channels, rows and columns; the halo; bytes of one pixel of one block.

    fill: the byte of which the halo is made, where a quantised zero is not 0.
    """

    blocks: int
    rows: int
    columns: int
    sides: Sides = CONTIGUOUS
    vector: int = 64
    fill: int = 0

    @property
    def pixels(self) -> int:
        """Of one block."""
        return self.rows * self.columns

    @property
    def row(self) -> int:
        """Bytes from row to row."""
        return (self.columns + self.sides[2] + self.sides[3]) * self.vector

    @property
    def plane(self) -> int:
        """Bytes from block to block; no multiple of 4096, or all would meet in one set of the cache."""
        size = (self.rows + self.sides[0] + self.sides[1]) * self.row
        return size + self.vector * (size % 4096 == 0)

    @property
    def size(self) -> int:
        """Bytes of the whole map."""
        return self.blocks * self.plane

    @property
    def inside(self) -> int:
        """Bytes to the first pixel that is not of the halo."""
        return self.sides[0] * self.row + self.sides[2] * self.vector
