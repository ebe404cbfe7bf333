"""Where a configuration comes from: recipes, TOML files, `-o section.key=value`, in layers.

Here it is still a document: tables of keys and values as TOML gives them.  `Config.from_document`
makes records of it, and complains of what does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..ops.checks import shown
from ..recipes import RECIPES, recipe_text
from ..settings import nearest, unknown_key
from ..text import of_toml, read_toml
from .config import DEFAULT_NAMES, KINDS, SECTIONS, Document


def read_document(source: str | Path) -> Document:
    """The tables of a TOML file, or of a recipe by its name.  ValueError for what is neither."""
    name = str(source)
    if name in RECIPES:
        return tables(of_toml(recipe_text(name)), name)
    path = Path(source)
    if not path.is_file():
        near = nearest(name, RECIPES)
        raise ValueError(
            f"{name}: no such configuration file, and no recipe of that name; did you mean {near}? "
            f"Recipes are {', '.join(RECIPES)}"
        )
    return tables(read_toml(path), name)


def tables(document: Mapping[str, Any], name: str) -> Document:
    """The document, if its sections are ours and are tables."""
    for section, table in document.items():
        if section not in SECTIONS:
            raise ValueError(f"{name}: {unknown_key(section, SECTIONS)}")
        if not isinstance(table, dict):
            raise ValueError(
                f"{name}: {section} must be a section, [{section}], found {shown(table)}"
            )
    return {section: dict(table) for section, table in document.items()}


def overrides(words: Sequence[str]) -> Document:
    """`section.key=value` as tables; the value is TOML, or plain text where it is not."""
    document: Document = {}
    for word in words:
        key, equals, text = word.partition("=")
        section, dot, name = key.strip().partition(".")
        if not equals:
            raise ValueError(f"-o {word}: expected section.key=value, as train.epochs=20")
        if not dot or section not in SECTIONS:
            ends = {full.partition(".")[2]: full for full in _all_keys()}
            near = ends[nearest(name or section, ends)]
            raise ValueError(
                f"-o {word}: expected section.key=value, the section one of "
                f"{', '.join(SECTIONS)}; did you mean {near}?"
            )
        try:
            value = of_toml(f"value = {text}")["value"]
        except ValueError:
            value = text
        document.setdefault(section, {})[name] = value
    return document


def merged(*layers: Mapping[str, Mapping[str, Any]]) -> Document:
    """The layers on one another, later ones on top.

    Where a later layer names another optimiser or schedule, what earlier ones said of that section
    goes with the old name: it was meant for the other.
    """
    document: Document = {}
    for layer in layers:
        for section, table in layer.items():
            old = document.get(section, {})
            if section in KINDS and "name" in table:
                before = old.get("name", DEFAULT_NAMES[section])
                old = old if before == table["name"] else {}
            document[section] = {**old, **table}
    return document


def _all_keys() -> list[str]:
    """Every section.key that some configuration may have."""
    records = {section: [kind] for section, kind in SECTIONS.items() if kind is not dict}
    records |= {section: list(kinds.values()) for section, kinds in KINDS.items()}
    return [
        f"{section}.{field.name}"
        for section, kinds in records.items()
        for kind in kinds
        for field in fields(kind)
    ]
