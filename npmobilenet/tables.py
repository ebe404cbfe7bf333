"""Tables: drawn by rich, in colour on a terminal and plain in a pipe; or as CSV, or as Markdown."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO

from rich.console import Console, RenderableType

from .fitting import Table, cell_text, table

__all__ = ["Table", "as_html", "as_text", "cell_text", "csv_text", "markdown_text", "table"]

WIDTH = 120  # columns where there is no terminal that says how many it has


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table as comma-separated values, numbers without separators; ends with a newline."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.lstrip(">") for column in columns)
    writer.writerows(rows)
    return text.getvalue()


def markdown_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table in GitHub's Markdown; a bar inside a cell is escaped; ends with a newline."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rules = ("---:" if column.startswith(">") else "---" for column in columns)
    lines = [line(column.lstrip(">") for column in columns), line(rules)]
    lines += [line(cell_text(cell) for cell in row) for row in rows]
    return "\n".join(lines) + "\n"


def as_text(*parts: RenderableType, width: int | None = None) -> str:
    """What rich would draw, as plain text: as wide as the terminal, at most 120 columns.

    width: instead of that.  Wherever it is asked for, in a notebook too, nothing is printed.
    """
    if width is None:
        terminal = sys.stdout is not None and sys.stdout.isatty()
        width = min(shutil.get_terminal_size().columns, WIDTH) if terminal else WIDTH
    text = StringIO()
    console = Console(
        file=text, width=width, height=25, color_system=None, highlight=False, markup=False,
        force_jupyter=False, force_terminal=False, legacy_windows=False,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def as_html(*parts: RenderableType) -> str:
    """The same for a notebook's page: tables as tables, anything else as it would be printed."""
    return "\n".join(
        part.html()
        if isinstance(part, Table)
        else f"<pre>{escape(as_text(part, width=WIDTH))}</pre>"
        for part in parts
    )


def shape_text(shape: Sequence[int]) -> str:
    """112 x 112 x 32."""
    return " x ".join(map(str, shape))
