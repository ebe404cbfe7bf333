"""All published tables, by source."""

from __future__ import annotations

from . import keras, tf, torchvision, v1, v2, v3
from .cell import Cell, Table

SOURCES: dict[str, tuple[Table, ...]] = {
    "v1": v1.TABLES,
    "v2": v2.TABLES,
    "v3": v3.TABLES,
    "tf": tf.TABLES,
    "keras": keras.TABLES,
    "torchvision": torchvision.TABLES,
}


def all_cells() -> tuple[Cell, ...]:
    """Every cell of every table, in the order of the sources."""
    return tuple(cell for tables in SOURCES.values() for table in tables for cell in table.cells())
