"""A table drawn as wide as there is room, in which no number is ever cut.

Where there is less room than it wants it goes through these, and stops at the first that fits:

    gaps of two columns instead of three
    112x112x32 instead of 112 x 112 x 32
    text on several lines, and headings
    a paragraph for each row, each number with its name
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table as Drawn
from rich.text import Text

from .text import displayed

GAP, TIGHT = 3, 2  # columns between two of the table's
LONGEST = 2_000  # characters of a line in a cell: a claim and its reasons have hundreds

Cell = str | Text


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> Table:
    """A table; columns whose name starts with ">" hold numbers and are set to the right.

    A cell is what `cell_text` makes of it, or a rich Text in its own colours; no markup is read.
    """
    cells = [[cell if isinstance(cell, Text) else cell_text(cell) for cell in row] for row in rows]
    return Table(columns, cells, title)


class Shape(tuple[int, ...]):
    """A cell that is drawn as 112 x 112 x 32; in CSV and Markdown its numbers stand apart."""

    def __str__(self) -> str:
        return " x ".join(map(str, self))


class Share(float):
    """A cell that is drawn as 73.5 %; in CSV and Markdown it is the number."""

    def __str__(self) -> str:
        return f"{100 * self:.1f} %"


def cell_text(cell: object) -> str:
    """A cell as it is shown: thousands of a whole number are set apart, names are inert."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return _inert(str(cell))


class Table:
    """What `table` makes; rich draws it, and `html` writes it for a notebook."""

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], title: str | None
    ) -> None:
        self.names = [displayed(column.removeprefix(">")) for column in columns]
        self.numeric = [column.startswith(">") for column in columns]
        self.rows, self.title = rows, title and _inert(title)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width
        for rows, gap in ((self.rows, GAP), (self.rows, TIGHT), (_closer(self.rows), TIGHT)):
            widths = [_widest(column) for column in self._columns(rows)]
            if _total(widths, gap) <= room:
                yield self._draw(rows, widths, gap)
                if gap == TIGHT:
                    yield ""
                return
        least = [
            _widest(column) if number else _longest_word(column)
            for column, number in zip(self._columns(rows, heads=False), self.numeric, strict=True)
        ]
        least = [
            max(own, _longest_word([name])) for own, name in zip(least, self.names, strict=True)
        ]
        if _total(least, TIGHT) <= room:
            yield self._draw(rows, self._squeezed(widths, least, room), TIGHT)
        else:
            yield from self._paragraphs(room)
        yield ""

    def _columns(
        self, rows: Sequence[Sequence[Cell]], *, heads: bool = True
    ) -> Iterator[list[Cell]]:
        for k, name in enumerate(self.names):
            yield [*([name] if heads else []), *(row[k] for row in rows)]

    def _squeezed(self, widths: list[int], least: list[int], room: int) -> list[int]:
        """Widths that fit: of the numbers' headings first, then always of the widest column of text."""
        widths = list(widths)
        for numbers in (True, False):
            while _total(widths, TIGHT) > room:
                over = [
                    k for k, number in enumerate(self.numeric)
                    if number == numbers and widths[k] > least[k]
                ]  # fmt: skip
                if not over:
                    break
                widths[max(over, key=lambda k: widths[k])] -= 1
        return widths

    def _draw(self, rows: Sequence[Sequence[Cell]], widths: Sequence[int], gap: int) -> Drawn:
        drawn = Drawn(
            box=box.SIMPLE_HEAD, title=_plain(self.title) if self.title else None,
            title_justify="left", title_style="bold",
            padding=(0, 1) if gap == GAP else (0, 1, 0, 0),
            pad_edge=gap == GAP, show_edge=gap == GAP,
        )  # fmt: skip
        for name, number, width in zip(self.names, self.numeric, widths, strict=True):
            justify = "right" if number else "left"
            drawn.add_column(Text(name), justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]
        for row in rows:
            drawn.add_row(*map(_plain, row))
        return drawn

    def _paragraphs(self, room: int) -> Iterator[Text | Padding]:
        """Each row: its first cell, and below it names and values, as many as there is room for."""
        if self.title:
            yield Text(self.title, "bold")
        for first, *cells in self.rows:
            head = f"{self.names[0]} {first}" if self.numeric[0] else str(first)
            lines, taken = [Text(head or "-", "bold")], 0
            for name, cell in zip(self.names[1:], cells, strict=True):
                item = Text(f"{name} " if name else "").append_text(_plain(cell))
                if not str(cell):
                    continue
                if not taken or taken + 3 + item.cell_len > room - 2:
                    lines.append(Text())
                    taken = 0
                lines[-1].append("   " if taken else "").append_text(item)
                taken += 3 * bool(taken) + item.cell_len
            yield lines[0]
            yield Padding(Group(*lines[1:]), (0, 0, 0, 2), expand=False)

    def html(self) -> str:
        """A <table>."""

        def line(tag: str, cells: Sequence[Cell]) -> str:
            sides = ("right" if number else "left" for number in self.numeric)
            return "".join(
                f'<{tag} style="text-align:{side}">{escape(_inert(str(cell)))}</{tag}>'
                for side, cell in zip(sides, cells, strict=True)
            )

        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in self.rows)
        head = f"<thead><tr>{line('th', self.names)}</tr></thead>"
        return f"<table>{caption}{head}<tbody>\n{body}\n</tbody></table>"


def _inert(text: str) -> str:
    """As `cell_text` makes a text: of a rich Text, whose characters are its own, too."""
    return "\n".join(displayed(line, LONGEST) for line in text.split("\n"))


def _plain(cell: Cell) -> Text:
    """A Text of its own: what looks like markup is none."""
    return cell.copy() if isinstance(cell, Text) else Text(cell)


def _closer(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """The rows with shapes written closer."""
    shape = re.compile(r"\d+( x \d+)+")
    return [
        [c.replace(" ", "") if isinstance(c, str) and shape.fullmatch(c) else c for c in row]
        for row in rows
    ]


def _widest(cells: Iterable[Cell]) -> int:
    return max((cell_len(line) for cell in cells for line in str(cell).split("\n")), default=0)


def _longest_word(cells: Iterable[Cell]) -> int:
    return max((cell_len(word) for cell in cells for word in str(cell).split()), default=1)


def _total(widths: Sequence[int], gap: int) -> int:
    """Columns that a table takes: with the wide gap it has edges too."""
    return sum(widths) + gap * (len(widths) - 1) + (4 if gap == GAP else 0)
