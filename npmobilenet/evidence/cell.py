"""What a published table is made of: columns, rows, and one cell for each printed figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ..models.dialects import dialect_named
from ..models.network_plan import Plan, plan

QUOTED = "quoted"  # `how` of a column that nobody can count
ACCURACY = "accuracy: measured, not counted"
LATENCY = "running time: measured, not counted"
OTHER_NETWORK = "another network: quoted"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The network a row is about, as arguments of `plan`."""

    model: str
    width: float = 1.0
    resolution: int = 224
    classes: int = 1000
    top: bool = True
    dialect: str = "paper"
    small_head: int = 1024  # V3-Small's layer after the pooling; 1280 before the paper's version 5
    head: str = ""  # the dialect's rule for alpha on that layer, unless this one
    rounding: str = ""  # the dialect's rule for scaled channels, unless this one
    divisor: int = 8


@lru_cache(maxsize=512)
def plan_of(network: Network) -> Plan:
    """The plan of a row's network; many rows share one."""
    dialect = dialect_named(network.dialect)
    if network.small_head != 1024:
        dialect = replace(dialect, v3_small_head=network.small_head)
    if network.head:
        dialect = replace(dialect, head=network.head)
    if network.rounding:
        dialect = replace(dialect, rounding=network.rounding)
    return plan(
        network.model,
        width=network.width,
        resolution=network.resolution,
        classes=network.classes if network.top else None,
        dialect=dialect,
        divisor=network.divisor,
        include_top=network.top,
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One printed figure, and how to count it.

    source, table, row, column: where it stands; together they are unique.  printed: the text as it
    is printed.  how: a key of COUNTS or TEXTS, or QUOTED with the reason in `quoted`.  parts: which
    layers, or what else `how` needs.  unit: what 1 stands for, a million in a table of millions.
    zeros: whether zeros at the end may come from rounding, as in 1600 for 1605.6.  series: the column,
    by one name in all tables of a source that state the same quantity.
    """

    source: str
    table: str
    row: str
    column: str
    printed: str
    how: str
    network: Network | None = None
    parts: tuple[str, ...] = ()
    unit: int = 1
    zeros: bool = False
    quoted: str = ""
    series: str = ""

    def __hash__(self) -> int:
        """Of the place alone, which is enough to be found by: cells are looked up very often."""
        return hash(self.place)

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where the cell stands."""
        return self.source, self.table, self.row, self.column


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's heading and how its cells are counted."""

    name: str
    how: str = QUOTED
    unit: int = 1
    zeros: bool = False
    quoted: str = ACCURACY
    series: str = ""  # the heading, unless another table heads the same quantity differently


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row: its heading, what is printed under each column ("" for nothing), what it is about."""

    name: str
    printed: tuple[str, ...]
    network: Network | None = None
    parts: tuple[str, ...] = ()
    quoted: str = ""  # why none of it is a count here


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table."""

    source: str
    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def cells(self) -> Iterator[Cell]:
        """Every cell in which something is printed."""
        for row in self.rows:
            for column, printed in zip(self.columns, row.printed, strict=True):
                if printed:
                    yield self._cell(row, column, printed)

    def _cell(self, row: Row, column: Column, printed: str) -> Cell:
        blank = printed == "-" and column.how not in TEXT_WITH_DASHES
        quoted = row.quoted or ("nothing is printed" if blank else "")
        quoted = quoted or (column.quoted if column.how == QUOTED else "")
        return Cell(
            source=self.source,
            table=self.name,
            row=row.name,
            column=column.name,
            printed=printed,
            how=QUOTED if quoted else column.how,
            network=row.network,
            parts=row.parts,
            unit=column.unit,
            zeros=column.zeros,
            quoted=quoted,
            series=column.series or column.name,
        )


# columns in which a dash says that the layer has none of it
TEXT_WITH_DASHES = (
    *("t", "n", "filters", "expanded", "squeeze", "nonlinearity", "stride"),
    *("v4 start", "v4 kernel", "v4 expanded"),
)
