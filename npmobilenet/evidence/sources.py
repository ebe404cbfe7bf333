"""All published tables, by source: read from tables/*.toml, where one is added or mended.

    [columns]
    mult-adds = {name = "Million mult-adds", how = "macs", unit = 1_000_000}

    [[tables]]
    name = "6"
    title = "Width multiplier"
    network = {model = "v1"}                        of every row, but for what a row says itself
    columns = ["accuracy", "mult-adds", "parameters"]
    rows = [
      ["0.75 MobileNet-224", "68.4%", "325", "2.6", {width = 0.75}],

A row is its heading, what is printed under each column ("" for nothing), and where needed a table of
arguments of `plan`, of `parts` (what `how` needs) or of the reason why none of it is a count (`quoted`).
`how` is a key of cell_counts.COUNTS or cell_texts.TEXTS.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from typing import Any

from .cell import ACCURACY, LATENCY, OTHER_NETWORK, Cell, Column, Network, Row, Table

NAMES = ("v1", "v2", "v3", "v4", "tf", "keras", "torchvision", "timm")
REASONS = {"accuracy": ACCURACY, "latency": LATENCY, "other": OTHER_NETWORK}
_ARGUMENTS = {field.name for field in fields(Network)}


def read_tables(source: str, text: str) -> tuple[Table, ...]:
    """The tables of one file.  ValueError, naming source, table and row, for what cannot be one."""
    document = tomllib.loads(text)
    columns = {key: Column(**_reason(value)) for key, value in document.get("columns", {}).items()}
    return tuple(_table(source, columns, table) for table in document["tables"])


def _table(source: str, columns: Mapping[str, Column], table: Mapping[str, Any]) -> Table:
    place = f"{source}.toml, table {table['name']!r}"
    missing = [name for name in table["columns"] if name not in columns]
    if missing:
        raise ValueError(f"{place}: no column {missing[0]!r} among {', '.join(columns)}")
    network = dict(table.get("network", {}))
    return Table(
        source=source,
        name=table["name"],
        title=table["title"],
        columns=tuple(columns[name] for name in table["columns"]),
        rows=tuple(_row(place, len(table["columns"]), network, row) for row in table["rows"]),
    )


def _row(place: str, columns: int, network: dict[str, Any], row: list[Any]) -> Row:
    given = dict(row[-1]) if isinstance(row[-1], dict) else {}
    name, *printed = row[:-1] if given else row
    place = f"{place}, row {name!r}"
    if len(printed) != columns:
        raise ValueError(f"{place}: {columns} columns, but {len(printed)} printed")
    parts, quoted = tuple(given.pop("parts", ())), given.pop("quoted", "")
    asked = _network(place, network | given) if network | given else None
    return Row(
        name=name,
        printed=tuple(printed),
        network=None if quoted else asked,
        parts=parts,
        quoted=REASONS.get(quoted, quoted),
    )


def _network(place: str, given: Mapping[str, Any]) -> Network:
    for key in given:
        if key not in _ARGUMENTS:
            raise ValueError(f"{place}: {key!r} is none of {', '.join(sorted(_ARGUMENTS))}")
    if "model" not in given:
        raise ValueError(f"{place}: no model, neither of the row nor of the table")
    return Network(**given)


def _reason(column: Mapping[str, Any]) -> dict[str, Any]:
    quoted = column.get("quoted", ACCURACY)
    return {**column, "quoted": REASONS.get(quoted, quoted)}


def _read(source: str) -> tuple[Table, ...]:
    path = files(__package__) / "tables" / f"{source}.toml"
    return read_tables(source, path.read_text(encoding="utf-8"))


SOURCES: dict[str, tuple[Table, ...]] = {name: _read(name) for name in NAMES}


def all_cells() -> tuple[Cell, ...]:
    """Every cell of every table, in the order of the sources."""
    return tuple(cell for tables in SOURCES.values() for table in tables for cell in table.cells())
