"""Docstrings are plain text: of lists of arguments lists are made, what is indented stays as it stands.

x, y   is an entry of a list: what stands before two spaces is a term, what follows or is indented
       below it tells of it
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import TypeAliasForwardRef

ENTRY = re.compile(r"(\w+(?:, \w+)*)(?:$|  +(.*))")
TEXT = ".. code-block:: text"


def plain(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring's lines into reStructuredText, in place."""
    made: list[str] = []
    for paragraph in "\n".join(lines).split("\n\n"):
        block = paragraph.strip("\n").split("\n")
        if not any(block):
            continue
        deep = [line.startswith("    ") for line in block]
        if all(deep):
            made += [TEXT, "", *block, ""]
        elif terms := entries(block):
            made += [line for term, said in terms for line in (f"``{term}``", f"    {said}", "")]
        elif any(deep):
            made += [TEXT, "", *(f"    {line}" for line in block), ""]
        else:
            made += [escaped(line) for line in block] + [""]
    lines[:] = made


def entries(block: list[str]) -> list[tuple[str, str]]:
    """Terms and what is said of them, where every line is an entry or goes on with one; else nothing."""
    found: list[tuple[str, list[str]]] = []
    for line in block:
        if line.startswith("  "):
            if not found:
                return []
            found[-1][1].append(line.strip())
        elif match := ENTRY.fullmatch(line):
            found.append((match[1], [match[2]] if match[2] else []))
        else:
            return []
    whole = [(term, " ".join(said)) for term, said in found]
    return [(term, escaped(said)) for term, said in whole] if all(said for _, said in whole) else []


def escaped(line: str) -> str:
    """A line whose letters mean themselves, but for `code` and "values"."""
    parts = re.split(r"(`[^`]+`|\"[^\" ]+\")", line)
    return "".join(
        f"``{part.strip('`')}``"
        if part[:1] in ("`", '"') and len(part) > 2
        else re.sub(r"([*|\\_`])", r"\\\1", part)
        for part in parts
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """For Sphinx."""
    app.connect("autodoc-process-docstring", plain)
    # names of types stand in signatures as in the code: Array, not what that is made of
    TypeAliasForwardRef.__repr__ = lambda alias: alias.name  # type: ignore[method-assign]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
