"""The models by name: each a family, a table, and what makes layers of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..ops.checks import function, shown
from . import rows, rows_v4
from .assemble import assemble, assemble_v3
from .builder import Builder
from .dialect import VERSIONS
from .family import V1, V2, V3, V4, Family
from .rows import Bneck, Table
from .table_file import Written


@dataclass(frozen=True)
class Entry:
    """What a name in MODELS stands for.

    family     the paper's networks that it belongs to, or is like
    table      the rows that the paper prints
    assembler  a function of a builder and the table, which makes layers of the rows
    """

    family: Family
    table: Table
    assembler: Callable[[Builder, Table], None] = assemble

    def __post_init__(self) -> None:
        for name, value, kind in (("family", self.family, Family), ("table", self.table, Table)):
            if not isinstance(value, kind):
                found = shown(value)
                raise TypeError(f"Entry: {name} must be a {kind.__name__}, found {found}")
        function("Entry", "assembler", self.assembler, none=False)


MODELS: dict[str, Entry] = {
    "v1": Entry(V1, rows.MOBILENET_V1),
    "v2": Entry(V2, rows.MOBILENET_V2),
    "v3-large": Entry(V3, rows.V3_LARGE, assemble_v3),
    "v3-small": Entry(V3, rows.V3_SMALL, assemble_v3),
    "v3-large-minimalistic": Entry(V3, rows.minimalistic(rows.V3_LARGE), assemble_v3),
    "v3-small-minimalistic": Entry(V3, rows.minimalistic(rows.V3_SMALL), assemble_v3),
    "v4-conv-small": Entry(V4, rows_v4.CONV_SMALL),
    "v4-conv-medium": Entry(V4, rows_v4.CONV_MEDIUM),
    "v4-conv-large": Entry(V4, rows_v4.CONV_LARGE),
    "v1-shallow": Entry(V1, replace(rows.MOBILENET_V1, rows=rows.V1_SHALLOW)),  # V1's Table 5
    "v1-full": Entry(V1, replace(rows.MOBILENET_V1, rows=rows.V1_FULL)),  # V1's Table 4
}


def entry_of(model: str) -> Entry:
    """The entry of that name; ValueError where there is none."""
    if not isinstance(model, str) or model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, found {shown(model)}")
    return MODELS[model]


def own_entry(written: Written) -> Entry:
    """The entry of a table that somebody wrote: a model's own where it is one, whole and by name."""
    known = MODELS.get(written.name)
    if known and known.table == written.table and known.family.version == written.like:
        return known
    rows_of_v3 = written.like == "v3" and all(isinstance(row, Bneck) for row in written.table.rows)
    family = Family("own", like=written.like)
    return Entry(family, written.table, assemble_v3 if rows_of_v3 else assemble)


def register(name: str, entry: Entry) -> None:
    """Add a model: from now on `plan`, and every command, knows it.

    name   a new one, not empty
    entry  an `Entry`: family, table, and what makes layers of the table

    Returns nothing.  ValueError where the name is taken, or no dialect speaks of the family or the one
    it is like; TypeError where entry is none.
    """
    legible = isinstance(name, str) and name.isprintable() and name == name.strip()
    if not legible or not 0 < len(name) <= 100 or name in MODELS:
        raise ValueError(
            "register: name must be new, up to 100 letters without blanks around them, beside "
            f"{', '.join(MODELS)}; found {shown(name)}"
        )
    if not isinstance(entry, Entry):
        raise TypeError(f"register: entry must be an Entry, found {type(entry).__name__}")
    if entry.family.version not in VERSIONS:
        raise ValueError(
            f"register: family {entry.family.name} must be like one of {', '.join(VERSIONS)}, "
            f"found {shown(entry.family.like)}"
        )
    MODELS[name] = entry
