"""Between frozen dataclasses and TOML: reading with checks, and writing.

A record's fields are of the types bool, int, float, str and tuples of these.  Nothing is converted that
is not the same value: a whole number may stand for a real one, a list for a tuple, NumPy's numbers for
Python's, and that is all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .ops.checks import MOST, real, shown, whole
from .ops.checks import nearest as nearest
from .text import toml_value

Record = TypeVar("Record")
NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}


def read(kind: type[Record], given: Mapping[str, Any], section: str) -> Record:
    """A record of that kind from a TOML table.  ValueError names the section, the key and the value."""
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise unknown_key(f"{section}.{key}", [f"{section}.{name}" for name in known])
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{section}.{error}") from None


def unknown_key(key: str, known: Iterable[str]) -> ValueError:
    """The complaint about a key that does not exist, with the nearest that does."""
    known = list(known)
    near = nearest(key, known)
    return ValueError(f"unknown key {key:.80}; did you mean {near}? There are {', '.join(known)}")


def settle(record: Any) -> None:
    """Give the fields of a frozen record the types they are declared with; ValueError where they cannot.

    For `__post_init__`, before it asks how large the numbers are.
    """
    hints = get_type_hints(type(record))
    for field in fields(record):
        found = _checked(getattr(record, field.name), hints[field.name], field.name)
        object.__setattr__(record, field.name, found)


def _checked(value: Any, hint: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where} must be a list, found {shown(value)}")
        return tuple(_checked(item, inner, where) for item in value)
    if hint is int and whole(value):
        if abs(int(value)) > MOST:
            raise ValueError(f"{where} must be below 2^63, found {shown(value)}")
        return int(value)
    if hint is float and (real(value) or isinstance(value, float)):  # NaN and infinity are floats
        return float(value)
    if hint not in (bool, str) or not isinstance(value, hint):
        raise ValueError(f"{where} must be {NAMES[hint]}, found {shown(value)}")
    return value


def to_toml(document: Mapping[str, Mapping[str, Any]], heading: str = "") -> str:
    """A table of tables as TOML; `heading` stands above as a comment."""
    lines = [f"# {line}" for line in heading.splitlines()]
    for section, table in document.items():
        if table:
            lines += ["", f"[{section}]"]
            lines += [f"{key} = {toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines).lstrip("\n") + "\n"
