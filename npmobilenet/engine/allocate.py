"""Where every buffer lies: one arena, planned once, in which buffers take turns.

A map that a window slides over lies inside a halo of zeros; these are written once, when the memory is
made, and only maps with the same halo ever lie in the same place.  All other buffers share what is left.
A buffer's place is free again after the last stage that uses it: its live range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .layout import CONTIGUOUS, Layout, Sides


@dataclass(frozen=True)
class LiveRange:
    """A value, how it lies, and the stages from which to which it is needed."""

    name: str
    layout: Layout
    first: int
    last: int


def allocate(ranges: Sequence[LiveRange], alignment: int = 64) -> tuple[dict[str, int], int]:
    """Byte offset of each value, and bytes in all."""
    groups: dict[tuple[int, int, Sides, int], list[LiveRange]] = {}
    for each in ranges:
        shape = each.layout
        key = (shape.rows, shape.columns, shape.sides, shape.vector)
        key = key if any(shape.sides) else (0, 0, CONTIGUOUS, 0)
        groups.setdefault(key, []).append(each)
    offsets: dict[str, int] = {}
    total = 0
    for group in groups.values():
        found, size = _first_fit(group, alignment)
        offsets |= {name: total + offset for name, offset in found.items()}
        total += -(-size // alignment) * alignment  # the image's pixels are no whole cache lines
    return offsets, total


def _first_fit(ranges: Sequence[LiveRange], alignment: int) -> tuple[dict[str, int], int]:
    """Largest first, each at the lowest place that is free during its live range."""
    placed: list[tuple[int, int, LiveRange]] = []
    for each in sorted(ranges, key=lambda r: -r.layout.size):
        grain = each.layout.plane if any(each.layout.sides) else alignment
        size = -(-each.layout.size // grain) * grain
        offset = 0
        for start, end, other in sorted(placed, key=lambda p: p[0]):
            apart = other.last < each.first or each.last < other.first
            if not apart and start < offset + size and offset < end:
                offset = -(-end // grain) * grain
        placed.append((offset, offset + size, each))
    return {each.name: start for start, _, each in placed}, max(end for _, end, _ in placed)
