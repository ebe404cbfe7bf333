"""From a table's rows to layers: the stem, a block for each row, the last convolutions, the top."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .builder import Builder
from .inverted import bneck, bottleneck
from .layers import Pointwise
from .rows import Bneck, Bottleneck, Full, Fused, Hidden, Pool, Separable, Table, Uib, bnecks
from .separable import full, pool, separable
from .universal import fused, uib

# type of a row -> what appends its layers: block(build, row, channels that the table says come in)
BLOCKS: dict[type[Any], Callable[[Builder, Any, int], None]] = {
    Separable: separable,
    Full: full,
    Bottleneck: bottleneck,
    Bneck: bneck,
    Uib: uib,
    Fused: fused,
    Pool: pool,
}


def assemble(build: Builder, table: Table) -> None:
    """All layers of a table.  ValueError for a row that BLOCKS has no block for."""
    function = build.function(table.nl)
    if table.stem:
        build.stem(table.stem, function)
    before = table.stem or build.channels
    hidden = [row for row in table.rows if isinstance(row, Hidden)]
    blocks = table.rows[: len(table.rows) - len(hidden)]
    for row in blocks:
        if type(row) not in BLOCKS:
            known = ", ".join(kind.__name__ for kind in (*BLOCKS, Hidden))
            what = f"rows must be of {known}, Hidden at the end, found {type(row).__name__}"
            raise ValueError(what)
        BLOCKS[type(row)](build, row, before)
        before = row.out or before
    if last := _last(build, table):
        build.convolution(Pointwise, "last", function, filters=last)
    head = build.head_channels(table.head) if table.head and build.dialect.v3_head else 0
    build.top(head, function, normalised=table.head_norm, hidden=hidden)


def _last(build: Builder, table: Table) -> int:
    """Filters of the 1x1 convolution before the pooling; 0 where there is none."""
    if table.head:  # it is V3's
        return 6 * build.channels if build.dialect.last == "block" else build.scaled(table.last)
    return build.head_channels(table.last) if table.last else build.dialect.v1_head


def assemble_v3(build: Builder, table: Table) -> None:
    """V3's tables, which some dialects change before they are built."""
    if table.small:
        table = replace(table, head=build.dialect.v3_small_head)
    assemble(build, _halved(table) if build.dialect.reduced_tail else table)


def _halved(table: Table) -> Table:
    """The last stage at half its width, as torchvision's reduced_tail."""
    tail = table.rows[-1].out
    rows: list[Bneck] = []
    before = table.stem
    for row in bnecks(table):
        exp = row.exp // 2 if before == tail else row.exp
        rows.append(replace(row, exp=exp, out=row.out // 2 if row.out == tail else row.out))
        before = row.out
    return replace(table, rows=tuple(rows), last=table.last // 2, head=table.head // 2)
