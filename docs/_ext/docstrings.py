"""Docstrings are plain text: what is indented in them is shown as it stands, the rest word by word."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import TypeAliasForwardRef


def plain(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring's lines into reStructuredText, in place."""
    made: list[str] = []
    for paragraph in "\n".join(lines).split("\n\n"):
        block = paragraph.strip("\n").split("\n")
        if not any(block):
            continue
        indented = [line.startswith("    ") for line in block]
        if all(indented):
            made += ["::", "", *block, ""]
        elif any(indented):  # a list of terms, whose continuation lines stand deeper
            made += ["::", "", *(f"    {line}" for line in block), ""]
        else:
            made += [escaped(line) for line in block] + [""]
    lines[:] = made


def escaped(line: str) -> str:
    """A line whose letters mean themselves, but for `code`."""
    parts = re.split(r"(`[^`]+`)", line)
    return "".join(
        f"``{part[1:-1]}``" if part[:1] == "`" else re.sub(r"([*|\\_`])", r"\\\1", part)
        for part in parts
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """For Sphinx."""
    app.connect("autodoc-process-docstring", plain)
    # names of types stand in signatures as in the code: Array, not what that is made of
    TypeAliasForwardRef.__repr__ = lambda alias: alias.name  # type: ignore[method-assign]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
