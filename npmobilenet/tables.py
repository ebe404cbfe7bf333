"""Tables: drawn by rich, in colour on a terminal and plain in a pipe; or as CSV, or as Markdown."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape
from io import StringIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from .fitting import Shape, Share, Table, cell_text, table
from .text import visible

__all__ = [
    "Inert",
    "Shape",
    "Share",
    "Table",
    "as_html",
    "as_text",
    "cell_text",
    "csv_text",
    "markdown_text",
    "table",
]

FORMULA = "=+-@\t\r"  # what a spreadsheet would compute
WIDTH = 120  # columns where there is no terminal that says how many it has


AXES: tuple[str, ...] = ("height", "width", "channels")


class Inert(Console):
    """rich's console, but no text in it commands a terminal: names of files may hold anything."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As rich renders it, control characters of texts written out."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            if control or (text.isascii() and (text.isprintable() or text == "\n")):
                yield segment
            else:
                yield Segment("\n".join(map(visible, text.split("\n"))), style)


def apart(
    columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> tuple[list[str], list[list[object]]]:
    """The same with one value a cell: of each shape height, width and channels, of each share a number.

    (H, W) has no channels, (C,) has channels alone.
    """
    rows = [list(row) for row in rows]
    names: list[str] = []
    made: list[list[object]] = [[] for _ in rows]
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        shapes = [cell for cell in cells if isinstance(cell, Shape)]
        lengths = {len(shape) for shape in shapes}
        axes = AXES[:2] if lengths == {2} else AXES
        if max(lengths, default=0) > len(AXES):  # of somebody's own network, whatever its axes are
            axes = tuple(f"axis {number}" for number in range(1, max(lengths) + 1))
        names += [f">{column.lstrip('>')} {axis}" for axis in axes] if shapes else [column]
        for cell, line in zip(cells, made, strict=True):
            if shapes:
                line += _axes(cell, len(axes))
            else:
                line.append(float(cell) if isinstance(cell, Share | Fraction) else cell)
    return names, made


def _axes(cell: object, count: int) -> list[object]:
    """One cell an axis, empty ones where a shape has not all."""
    sizes: list[object] = list(cell) if isinstance(cell, Shape) else []
    return [*[""] * (count - len(sizes)), *sizes]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table as comma-separated values, numbers without separators; ends with a newline.

    A text that a spreadsheet would compute, "=1+1", has an apostrophe before it.
    """
    text, (names, cells) = StringIO(), apart(columns, rows)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name.lstrip(">") for name in names)
    writer.writerows(map(_no_formula, row) for row in cells)
    return text.getvalue()


def _no_formula(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = "\n".join(map(visible, cell.split("\n")))
    return f"'{text}" if len(text) > 1 and text[0] in FORMULA and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def markdown_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table in GitHub's Markdown; a bar inside a cell is escaped; ends with a newline."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    names, cells = apart(columns, rows)
    rules = ("---:" if name.startswith(">") else "---" for name in names)
    lines = [line(name.lstrip(">") for name in names), line(rules)]
    lines += [line(cell_text(cell) for cell in row) for row in cells]
    return "\n".join(lines) + "\n"


def as_text(*parts: RenderableType, width: int | None = None) -> str:
    """What rich would draw, as plain text: as wide as the terminal, at most 120 columns.

    width: instead of that.  Wherever it is asked for, in a notebook too, nothing is printed.
    """
    if width is None:
        terminal = sys.stdout is not None and sys.stdout.isatty()
        width = min(shutil.get_terminal_size().columns, WIDTH) if terminal else WIDTH
    text = StringIO()
    console = Inert(
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
