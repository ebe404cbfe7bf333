"""Evidence that a printed cell is wrong, computed from the counts and from other printed cells.

An argument says what is right and why the printed value cannot be.  It returns None if the numbers do
not bear it out; then the cell is unexplained.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from .cell import Cell
from .cell_counts import COUNTS, classifier_macs, network
from .cell_texts import TEXTS
from .printed import read

Place = tuple[str, str, str, str]
Known = Mapping[Place, Cell]


@dataclass(frozen=True)
class Evidence:
    """The right value as it would be printed, and why."""

    right: str
    why: str


Argument = Callable[[Cell, Known], Evidence | None]


def count(cell: Cell) -> Fraction:
    """The papers' count in the cell's unit."""
    return COUNTS[cell.how](cell) / cell.unit


def right(cell: Cell) -> str:
    """What the count looks like, printed as finely as the cell."""
    return read(cell.printed, zeros=cell.zeros).show(count(cell))


def fits(cell: Cell) -> bool:
    """Whether the papers' count is what the cell prints."""
    return read(cell.printed, zeros=cell.zeros).is_of(count(cell))


def _column(cell: Cell, known: Known) -> list[Cell]:
    same = (cell.source, cell.table, cell.column)
    return [x for x in known.values() if (x.source, x.table, x.column) == same]


def digits_swapped(cell: Cell, known: Known) -> Evidence | None:
    """Two neighbouring digits change places; the column of percentages then sums to 100."""
    digits, wanted = cell.printed.rstrip("%"), right(cell)
    swaps = {
        digits.replace(pair, pair[::-1], 1)
        for pair in re.findall(r"(?=(\d\d))", digits)
        if pair[0] != pair[1]
    }
    printed = sum((read(x.printed).value for x in _column(cell, known)), Fraction())
    repaired = printed - read(digits).value + Fraction(wanted)
    if wanted not in swaps or abs(repaired - 100) >= abs(printed - 100):
        return None
    return Evidence(
        wanted,
        f"two digits are swapped: the printed column sums to {float(printed):.2f} %, "
        f"with {wanted} to {float(repaired):.2f} %",
    )


def reprinted(*place: str) -> Argument:
    """The same figure of the same network is printed elsewhere, and there it is what is counted."""

    def argument(cell: Cell, known: Known) -> Evidence | None:
        other = known.get((place[0], place[1], place[2], place[3]))
        if other is None or other.how != cell.how or not fits(other):
            return None
        if read(other.printed).value != read(right(cell)).value:
            return None
        ours, theirs = network(cell), network(other)
        if replace(ours, small_head=theirs.small_head) != theirs:
            return None
        where = f"{place[0].upper()} Table {place[1]}"
        return Evidence(
            right(cell),
            f"{where} prints {other.printed} for the same network, and that is the count",
        )

    return argument


def same_at_all_resolutions(cell: Cell, known: Known) -> Evidence | None:
    """One number for several resolutions, although three quarters and more of it depend on them."""
    column = [x for x in _column(cell, known) if network(x).width == network(cell).width]
    printed, counts = {x.printed for x in column}, {count(x) for x in column}
    if len(printed) > 1 or len(counts) < 3 or fits(cell):
        return None
    return Evidence(
        right(cell),
        f"the column prints {cell.printed} for {len(counts)} resolutions, whose counts run from "
        f"{float(min(counts)):.0f} to {float(max(counts)):.0f}",
    )


def between_resolutions(cell: Cell, known: Known) -> Evidence | None:
    """MACs are a constant plus a multiple of the pixels: two right neighbours fix what is between.

    Both may be off by half a unit, so the value between them may too.
    """
    asked = network(cell)
    sizes = {
        network(x).resolution: x
        for x in _column(cell, known)
        if replace(network(x), resolution=asked.resolution) == asked and fits(x)
    }
    below = max((size for size in sizes if size < asked.resolution), default=0)
    above = min((size for size in sizes if size > asked.resolution), default=0)
    if not below or not above:
        return None
    low, high = (read(sizes[size].printed).value for size in (below, above))
    share = Fraction(asked.resolution**2 - below**2, above**2 - below**2)
    between = low + share * (high - low)
    if abs(read(cell.printed).value - between) <= 1 or abs(count(cell) - between) > 1:
        return None
    return Evidence(
        right(cell),
        f"the same column prints {sizes[above].printed} at {above} and {sizes[below].printed} at "
        f"{below} pixels, which leaves {float(between):.1f} here",
    )


def mixed_column(row: str) -> Argument:
    """The cell leaves the classifier out, another row of the column counts it."""

    def argument(cell: Cell, known: Known) -> Evidence | None:
        other = known.get((cell.source, cell.table, row, cell.column))
        if other is None or not fits(other):
            return None

        def bare(x: Cell) -> Fraction:
            return count(x) - Fraction(classifier_macs(network(x)), x.unit)

        if not read(cell.printed).is_of(bare(cell)) or read(other.printed).is_of(bare(other)):
            return None
        return Evidence(
            right(cell),
            f"{cell.printed} leaves the classifier out, but the {other.printed} of {row} counts it: "
            f"without, that would be {read(other.printed).show(bare(other))}",
        )

    return argument


def against_itself(cell: Cell, known: Known) -> Evidence | None:
    """V2's Table 3: channels and memory of one cell do not fit each other."""
    channels = known[cell.source, cell.table, cell.row, cell.column.replace("Kb", "channels")]
    side, most = int(cell.parts[0]), int(channels.printed)
    size = Fraction(2 * side * side * most, 1000)
    shown = read(cell.printed, zeros=True)
    if not fits(channels) or shown.is_of(size) or shown.is_of(size, cut=True):
        return None
    return Evidence(
        right(cell),
        f"the cell contradicts itself: {side} x {side} x {most} numbers of 2 bytes are "
        f"{2 * side * side * most:,} bytes",
    )


def against_table_2(cell: Cell, known: Known) -> Evidence | None:
    """V2's Table 3: its Table 2 has no such block at that resolution."""
    side = cell.parts[0]
    inputs = [
        int(x.printed.split(" × ")[1])
        for x in known.values()
        if (x.source, x.table, x.column) == ("v2", "2", "Input")
        and x.printed.startswith(f"{side}²")
        if known["v2", "2", x.row, "Operator"].printed == "bottleneck"
    ]
    channels = known[cell.source, cell.table, cell.row, cell.column.replace("Kb", "channels")]
    if not inputs or int(channels.printed) <= max(inputs) or fits(cell):
        return None
    listed = ", ".join(map(str, inputs))
    return Evidence(
        right(cell),
        f"Table 2 gives its blocks at {side} x {side} {listed} channels; {channels.printed} exist "
        "only after the next stride, at half the size",
    )


def next_row_says(cell: Cell, known: Known) -> Evidence | None:
    """V1's Table 1: the input of the next row is not what this stride would leave."""
    size = known[cell.source, cell.table, cell.row, "Input size"]
    following = known[cell.source, cell.table, str(int(cell.row) + 1), "Input size"]
    before, after = (int(read(x.printed).value) for x in (size, following))
    stride = int(cell.printed[-1])
    (wanted, *_) = TEXTS[cell.how](cell)
    if -(-before // stride) == after or -(-before // int(wanted[-1])) != after:
        return None
    return Evidence(
        wanted,
        f"{before} x {before} with stride {stride} would leave {-(-before // stride)} x "
        f"{-(-before // stride)}, but the next row's input is {after} x {after}",
    )


def tick_too_many(cell: Cell, known: Known) -> Evidence | None:
    """V3's Table 2: with squeeze-and-excite there, the printed total of parameters is exceeded."""
    total = known["v3", "9", "small 224/1.0", "Params"]
    filters = int(known[cell.source, cell.table, cell.row, "#out"].printed)
    added = Fraction(2 * filters * (filters // 4), total.unit)
    (wanted, *_) = TEXTS[cell.how](cell)
    if not fits(total) or read(total.printed).is_of(count(total) + added):
        return None
    return Evidence(
        wanted,
        f"it would add {int(added * total.unit):,} weights: "
        f"{read(total.printed).show(count(total) + added)} M, where Table 9 prints {total.printed}",
    )


def left_over(cell: Cell, known: Known) -> Evidence | None:
    """V3-Small's figures from before version 5, when its layer after the pooling had 1280 filters.

    Then the table of that time fits 1280 filters, and this cell does, but not the 1024 of Table 2.
    """
    before = [x for x in known.values() if (x.source, x.table) == ("v3", "3 before v5")]
    parameters = [x for x in before if x.row.startswith("V3-Small") and x.how == "params"]
    wider = replace(cell, network=replace(network(cell), small_head=1280))
    if fits(cell) or not fits(wider) or not parameters or not all(map(fits, parameters)):
        return None
    head = known["v3", "2", "15", "#out"].printed
    return Evidence(
        right(cell),
        f"left over from before version 5: {float(count(wider)):.2f} with a head of 1280, which Table "
        f"2 now gives {head}",
    )
