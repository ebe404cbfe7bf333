"""The models by name: each a family, a table, and what makes layers of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..ops.checks import shown
from . import rows
from .assemble import assemble, assemble_v3
from .builder import Builder
from .dialect import VERSIONS
from .family import V1, V2, V3, Family
from .rows import Table


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


MODELS: dict[str, Entry] = {
    "v1": Entry(V1, rows.MOBILENET_V1),
    "v2": Entry(V2, rows.MOBILENET_V2),
    "v3-large": Entry(V3, rows.V3_LARGE, assemble_v3),
    "v3-small": Entry(V3, rows.V3_SMALL, assemble_v3),
    "v3-large-minimalistic": Entry(V3, rows.minimalistic(rows.V3_LARGE), assemble_v3),
    "v3-small-minimalistic": Entry(V3, rows.minimalistic(rows.V3_SMALL), assemble_v3),
    "v1-shallow": Entry(V1, replace(rows.MOBILENET_V1, rows=rows.V1_SHALLOW)),  # V1's Table 5
    "v1-full": Entry(V1, replace(rows.MOBILENET_V1, rows=rows.V1_FULL)),  # V1's Table 4
}


def entry_of(model: str) -> Entry:
    """The entry of that name; ValueError where there is none."""
    if not isinstance(model, str) or model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, found {shown(model)}")
    return MODELS[model]


def register(name: str, entry: Entry) -> None:
    """Add a model: from now on `plan`, and every command, knows it.

    name   a new one, not empty
    entry  an `Entry`: family, table, and what makes layers of the table

    Returns nothing.  ValueError where the name is taken, or no dialect speaks of the family or the one
    it is like; TypeError where entry is none.
    """
    if not isinstance(name, str) or not name or name in MODELS:
        raise ValueError(f"register: name must be new, beside {', '.join(MODELS)}; found {name!r}")
    if not isinstance(entry, Entry):
        raise TypeError(f"register: entry must be an Entry, found {type(entry).__name__}")
    if entry.family.version not in VERSIONS:
        raise ValueError(
            f"register: family {entry.family.name} must be like one of {', '.join(VERSIONS)}, "
            f"found {entry.family.like!r}"
        )
    MODELS[name] = entry
