"""Where every value lies: one piece of memory, planned once, in which values take turns.

A map that a window slides over lies among the zeros the window wants; these are written once, when the
memory is made, and only maps with the same zeros ever lie in the same place.  All other values share
what is left.  A value's place is free again after the last step that reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..models.layers import Shape

Sides = tuple[int, int, int, int]
CONTIGUOUS: Sides = (0, 0, 0, 0)


@dataclass(frozen=True)
class Layout:
    """How a value lies: its size in blocks of channels, rows, columns, and the zeros around it."""

    blocks: int
    rows: int
    columns: int
    sides: Sides = CONTIGUOUS
    vector: int = 64  # bytes of one pixel of one block

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
        """Bytes of the whole value."""
        return self.blocks * self.plane

    @property
    def inside(self) -> int:
        """Bytes to the first pixel that is not a zero."""
        return self.sides[0] * self.row + self.sides[2] * self.vector


@dataclass(frozen=True)
class Wish:
    """A value's wish for memory: how, and from which step to which."""

    name: str
    layout: Layout
    first: int
    last: int


def place(wishes: Sequence[Wish], alignment: int = 64) -> tuple[dict[str, int], int]:
    """Byte offset of each value, and bytes in all."""
    groups: dict[tuple[int, int, Sides, int], list[Wish]] = {}
    for wish in wishes:
        shape = wish.layout
        key = (shape.rows, shape.columns, shape.sides, shape.vector)
        key = key if any(shape.sides) else (0, 0, CONTIGUOUS, 0)
        groups.setdefault(key, []).append(wish)
    offsets: dict[str, int] = {}
    total = 0
    for group in groups.values():
        found, size = _turns(group, alignment)
        offsets |= {name: total + offset for name, offset in found.items()}
        total += size
    return offsets, total


def _turns(wishes: Sequence[Wish], alignment: int) -> tuple[dict[str, int], int]:
    """Largest first, each at the lowest place that nobody has at the same time."""
    placed: list[tuple[int, int, Wish]] = []
    for wish in sorted(wishes, key=lambda w: -w.layout.size):
        grain = wish.layout.plane if any(wish.layout.sides) else alignment
        size = -(-wish.layout.size // grain) * grain
        offset = 0
        for start, end, other in sorted(placed, key=lambda p: p[0]):
            apart = other.last < wish.first or wish.last < other.first
            if not apart and start < offset + size and offset < end:
                offset = -(-end // grain) * grain
        placed.append((offset, offset + size, wish))
    return {wish.name: start for start, _, wish in placed}, max(end for _, end, _ in placed)


def image_layout(shape: Shape, sides: Sides, number: int = 4) -> Layout:
    """The picture: its channels stay side by side."""
    height, width, channels = shape
    return Layout(1, height, width, sides, number * channels)
