"""Where every buffer lies: one arena, planned once, in which buffers take turns.

A map that a window slides over lies inside a halo of zeros; these are written once, when the memory is
made, and only maps with the same halo ever lie in the same place.  All other buffers share what is left.
A buffer's place is free again after the last stage that uses it: its live range.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .layout import Layout


@dataclass(eq=False)
class Buffer:
    """Memory that stages use.  A kept one is there for good, holding zeros at first."""

    layout: Layout
    kept: bool = False
    uses: list[int] = field(default_factory=list)  # stages that read or write it
    address: int = 0

    def apart(self, other: "Buffer") -> bool:
        """Whether one is needed no more when the other is needed first."""
        early, late = sorted((min(each.uses), max(each.uses)) for each in (self, other))
        return not self.kept and early[1] < late[0]


@dataclass(frozen=True)
class Place:
    """An address in a buffer, known when the buffer has one."""

    buffer: Buffer
    offset: int


def allocate(buffers: Sequence[Buffer], alignment: int = 64) -> tuple[dict[Buffer, int], int]:
    """Byte offset of each buffer in the arena, and bytes in all."""
    groups: dict[Layout | None, list[Buffer]] = {}
    for each in buffers:
        key = replace(each.layout, blocks=0) if any(each.layout.sides) else None
        groups.setdefault(key, []).append(each)
    offsets: dict[Buffer, int] = {}
    total = 0
    for group in groups.values():
        places = _first_fit(group, alignment)
        offsets |= {each: total + start for start, _, each in places}
        size = max(end for _, end, _ in places)
        total += -(-size // alignment) * alignment  # the image's pixels are no whole cache lines
    return offsets, total


def _first_fit(buffers: Sequence[Buffer], alignment: int) -> list[tuple[int, int, Buffer]]:
    """Largest first, each at the lowest place, from start to end, that is free in its live range."""
    placed: list[tuple[int, int, Buffer]] = []
    for each in sorted(buffers, key=lambda b: -b.layout.size):
        grain = each.layout.plane if any(each.layout.sides) else alignment
        size = -(-each.layout.size // grain) * grain
        offset = 0
        for start, end, other in sorted(placed, key=lambda p: p[0]):
            if not each.apart(other) and start < offset + size and offset < end:
                offset = -(-end // grain) * grain
        placed.append((offset, offset + size, each))
    return placed
