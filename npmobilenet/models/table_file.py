"""A network as a table somebody writes: a TOML file of rows, or the same in a dict; and back.

    like = "v2"                     # whose dialects' switches it is settled by
    stem = 32                       # filters of the first convolution; 0 for none
    last = 1280                     # of the 1x1 convolution before the pooling; 0 for none

    rows = [                        # of each block the keys of its record in `models/rows.py`
        {block = "separable", out = 64},
        {block = "inverted", t = 6, c = 24, n = 2, s = 2},  # n of it, the first with its stride
    ]

    [switches]
    padding = "symmetric"           # any switch of the dialect

Besides, `name`, `dialect`, `width`, `divisor`, `resolution` and `classes` say what `plan` is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from ..ops.checks import nearest, real, shown, whole
from ..text import read_toml, toml_value
from .dialect import VERSIONS, Dialect
from .dialects import DIALECTS, dialect_named
from .rows import Bneck, Bottleneck, Full, Fused, Hidden, Pool, Row, Separable, Table, Uib

BLOCKS: dict[str, type[Any]] = {
    "separable": Separable,
    "convolution": Full,
    "inverted": Bottleneck,
    "bneck": Bneck,
    "uib": Uib,
    "fused": Fused,
    "pool": Pool,
    "dense": Hidden,
}
NAMES = {kind: name for name, kind in BLOCKS.items()}
SETTINGS = ("width", "divisor", "resolution", "classes")  # of `plan`, where it is not told
LARGEST, MOST = 2**16, 10_000  # channels of a row, rows of a table

# what holds of a key's number, wherever it stands
_WHOLE = "a whole number of at least {}"
_LEAST = {"k1": 0, "k2": 0, "stem": 0, "last": 0, "head": 0}  # all others at least 1
_WORDS = {"nl": ("RE", "HS"), "of": ("max", "average"), "like": VERSIONS}


@dataclass(frozen=True)
class Written:
    """A table as it was written, with what it says of `plan`'s arguments."""

    name: str
    like: str
    table: Table
    dialect: str | Dialect = "paper"
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_file(path: str | Path) -> Written:
    """The table of a file.  ValueError, one line that names file, row and key, for what cannot be."""
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such file")
    document = read_toml(path)
    try:
        return read(document, path.stem)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read(document: Mapping[str, Any], name: str = "own") -> Written:
    """The same from a dict, as TOML or JSON is read.  ValueError, one line that names row and key."""
    own = [f.name for f in fields(Table)]
    known = ["name", "like", "dialect", "switches", *SETTINGS, *own]
    _known(document, known, "")
    rows = document.get("rows")
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"rows must be a list of tables, one a row, found {shown(rows)}")
    made = [row for number, given in enumerate(rows, start=1) for row in _row(given, number)]
    if len(made) > MOST:
        raise ValueError(f"rows must be at most {MOST:,} with their repeats, found {len(made):,}")
    _in_order(rows)
    given = {key: value for key, value in document.items() if key in own and key != "rows"}
    given.setdefault("stem", 32)
    table = _record(Table, given | {"rows": ()}, "")
    like = _word(document.get("like", _likely(made)), "like", VERSIONS)
    title = document.get("name", name)
    if not isinstance(title, str) or not title or len(title) > 100 or not title.isprintable():
        raise ValueError(f"name must be a text of 1 to 100 characters, found {shown(title)}")
    settings = {key: document[key] for key in SETTINGS if key in document}
    if isinstance(size := settings.get("resolution"), list):
        settings["resolution"] = tuple(size)
    dialect = _dialect(document.get("dialect", "paper"), document.get("switches", {}), like)
    return Written(title, like, replace(table, rows=tuple(made)), dialect, settings)


def rows_document(rows: Table | Sequence[Row] | Mapping[str, Any]) -> dict[str, Any]:
    """What `read` reads, of rows as Python has them.  TypeError or ValueError for what are none."""
    if isinstance(rows, Mapping):
        return dict(rows)
    if isinstance(rows, Table):
        listed, others = rows.rows, rows
    elif isinstance(rows, Sequence) and not isinstance(rows, str):
        listed, others = tuple(rows), Table(stem=32, rows=())
    else:
        raise TypeError(f"plan: rows must be a Table or a list of rows, found {shown(rows)}")
    for number, row in enumerate(listed, start=1):
        if type(row) not in NAMES:
            known = ", ".join(kind.__name__ for kind in NAMES)
            raise ValueError(f"row {number} must be of {known}, found {shown(row)}")
    return document_of(replace(others, rows=tuple(listed)))


def document_of(table: Table, **others: Any) -> dict[str, Any]:
    """The dict that `read` reads; others stand before the rows."""
    own = {f.name: getattr(table, f.name) for f in fields(Table) if f.name != "rows"}
    defaults = {f.name: f.default for f in fields(Table)}
    told = {key: value for key, value in own.items() if value != defaults[key]}
    return {**others, "stem": table.stem, **told, "rows": [_written(row) for row in table.rows]}


def toml_of(table: Table, heading: str = "", **others: Any) -> str:
    """The text of a file that `read_file` reads, a line a row."""
    document = document_of(table, **others)
    switches, rows = document.pop("switches", {}), document.pop("rows")
    lines = [f"# {line}" for line in heading.splitlines()]
    lines += [f"{key} = {toml_value(value)}" for key, value in document.items()]
    lines.append("rows = [")
    for row in rows:
        pairs = ", ".join(f"{key} = {toml_value(value)}" for key, value in row.items())
        lines.append(f"    {{{pairs}}},")
    lines.append("]")
    if switches:
        lines += ["", "[switches]", *(f"{k} = {toml_value(v)}" for k, v in switches.items())]
    return "\n".join(lines) + "\n"


def _written(row: Row) -> dict[str, Any]:
    told = {f.name: getattr(row, f.name) for f in fields(row) if getattr(row, f.name) != f.default}
    return {"block": NAMES[type(row)], **told}


def _row(given: Any, number: int) -> Sequence[Row]:
    """The record of a row, so often as its n says where the record has none of its own."""
    where = f"row {number}"
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be a table, found {shown(given)}")
    block = given.get("block")
    if not isinstance(block, str) or block not in BLOCKS:
        near = f"; did you mean {nearest(block, BLOCKS)}?" if isinstance(block, str) else ""
        raise ValueError(
            f"{where}: block must be one of {', '.join(BLOCKS)}, found {shown(block)}{near}"
        )
    kind, given = BLOCKS[block], {k: v for k, v in given.items() if k != "block"}
    own = [f.name for f in fields(kind)]
    _known(
        given,
        [*own, *([] if "n" in own or block in ("pool", "dense") else ["n"])],
        f"{where} ({block}): ",
    )
    repeats = 1 if "n" in own else _number(given.pop("n", 1), f"{where} ({block}): n", int, 1, MOST)
    first = _record(kind, given, f"{where} ({block}): ")
    rest = replace(first, s=1) if hasattr(first, "s") else first
    return [first, *[rest] * (repeats - 1)]


def _record(kind: type[Any], given: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    checked: dict[str, Any] = {}
    for f in fields(kind):
        if f.name not in given:
            if f.default is MISSING and f.name != "rows":
                raise ValueError(f"{where}{f.name} is missing")
            continue
        value, name = given[f.name], f"{where}{f.name}"
        if f.name in _WORDS:
            checked[f.name] = _word(value, name, _WORDS[f.name])
        elif hints[f.name] is bool:
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, found {shown(value)}")
            checked[f.name] = value
        elif hints[f.name] in (int, float):
            most = LARGEST if f.name in ("out", "c", "exp", "stem", "last", "head") else 1024
            checked[f.name] = _number(value, name, hints[f.name], _LEAST.get(f.name, 1), most)
        else:
            checked[f.name] = value  # the rows, which are made already
    return kind(**checked)


def _number(value: Any, name: str, kind: type[Any], least: int, most: int) -> Any:
    if kind is float and real(value) and least <= value <= most:
        return float(value)
    if kind is int and whole(value) and least <= value <= most:
        return int(value)
    what = "a number" if kind is float else "a whole number"
    raise ValueError(f"{name} must be {what} from {least} to {most:,}, found {shown(value)}")


def _word(value: Any, name: str, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, found {shown(value)}")
    return value


def _known(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in given:
        if key not in known:
            near = nearest(key, known)
            raise ValueError(
                f"{where}unknown key {shown(key)}; did you mean {near}? There are {', '.join(known)}"
            )


def _in_order(rows: Sequence[Mapping[str, Any]]) -> None:
    """Dense layers stand at the end, behind the pooling."""
    dense = [row["block"] == "dense" for row in rows]
    for number, is_dense in enumerate(dense, start=1):
        if is_dense and not all(dense[number - 1 :]):
            raise ValueError(f"row {number} (dense) must stand behind all others that are not")


def _likely(rows: Sequence[Row]) -> str:
    """The version that a table most looks like."""
    for kind, version in ((Uib, "v4"), (Fused, "v4"), (Bneck, "v3"), (Bottleneck, "v2")):
        if any(isinstance(row, kind) for row in rows):
            return version
    return "v1"


def _dialect(name: Any, switches: Any, like: str) -> str | Dialect:
    """The dialect with its switches changed; its name, where none is."""
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str) or name not in DIALECTS:
        near = f"; did you mean {nearest(name, DIALECTS)}?" if isinstance(name, str) else ""
        raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, found {shown(name)}{near}")
    if not isinstance(switches, dict):
        raise ValueError(f"switches must be a table, found {shown(switches)}")
    if not switches:
        return name
    _known(
        switches,
        [f.name for f in fields(Dialect) if f.name not in ("name", "versions")],
        "switches: ",
    )
    changed: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in switches.items()}
    try:
        return replace(dialect_named(name).at(like), versions=VERSIONS, **changed)
    except (TypeError, ValueError) as error:
        raise ValueError(f"switches: {error}") from None
