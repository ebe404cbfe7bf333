"""npmobilenet papers [SOURCE]."""

import argparse
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ..evidence import SOURCES, VERDICTS, Judged, select, tally
from ..evidence.verdict import MATCHES, NOT_A_COUNT, UNEXPLAINED
from ..tables import table
from .common import add_formats, console, write_table

COLUMNS = ("source", "table", "row", "column", "printed", ">counted", "verdict", "convention")
COLUMNS_WHY = (*COLUMNS, "right", "why")
EXAMPLES = """\
example: npmobilenet papers v1 --table 2
         npmobilenet papers tf --markdown
         npmobilenet papers --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "source",
        nargs="?",
        choices=list(SOURCES),
        metavar="SOURCE",
        help=f"one of {', '.join(SOURCES)}: a paper, or whose published tables (all)",
    )
    parser.add_argument(
        "--table", metavar="N", help="one table: 3, 9, README ... (all; an unknown one lists them)"
    )
    add_formats(parser, json="one JSON object: cells, and totals of the verdicts")
    parser.epilog = EXAMPLES


def run(options: argparse.Namespace) -> int:
    """Print every cell with its verdict."""
    judged = select(options.source, options.table)
    if options.json or options.csv or options.markdown:
        document = {"cells": [one.to_json() for one in judged], "totals": tally(judged)}
        write_table(options, COLUMNS_WHY, map(_row, judged), document, notes=_sums(judged))
    else:
        console().print(*_drawn(judged), sep="\n")
    return 0


def _row(one: Judged) -> tuple[object, ...]:
    source, name, row, column = one.cell.place
    counted = _plain(one.counted)
    head = (source, name, row, column, one.cell.printed, counted)
    return (*head, one.verdict, one.convention, one.right, one.why)


def _plain(counted: Fraction | str | None) -> object:
    """Whole numbers as they are, others with four digits after the point."""
    if isinstance(counted, Fraction):
        return int(counted) if counted.denominator == 1 else f"{float(counted):.4f}"
    return counted or ""


def _drawn(judged: Sequence[Judged]) -> list[RenderableType]:
    """A table for each published one, its notes below it; then the sums."""
    parts: list[RenderableType] = []
    titles = {(s, t.name): t.title for s, tables in SOURCES.items() for t in tables[::-1]}
    for place, group in groupby(judged, key=lambda one: one.cell.place[:2]):
        cells = list(group)
        rows = [
            (x.cell.row, x.cell.column, x.cell.printed, _plain(x.counted), _said(x)) for x in cells
        ]
        columns = ("row", "column", "printed", ">counted", "verdict")
        title = f"{place[0]}, Table {place[1]}: {titles[place]}"
        parts.append(table(columns, rows, title=title))
        parts += _notes(cells)
    sources = dict.fromkeys(one.cell.source for one in judged)
    sums = [
        (source, *tally([one for one in judged if one.cell.source == source]).values())
        for source in sources
    ]
    if len(sums) > 1:
        parts.append(table(("source", *(f">{name}" for name in VERDICTS)), sums, title="Sums"))
    return [*parts, _sums(judged)]


def _said(one: Judged) -> str:
    if one.convention:
        return f"{one.verdict}: {one.convention}"
    return f"{one.verdict}: {one.right}" if one.right else one.verdict


def _notes(cells: Sequence[Judged]) -> list[Padding]:
    """Each reason once, with the first cell it is given for; what was tried for the unexplained."""
    said: dict[str, str] = {}
    for one in cells:
        if one.verdict in (MATCHES, NOT_A_COUNT):
            continue
        about = one.convention or f"{one.cell.row}, {one.cell.column}"
        note = f"{about}: {one.why}"
        if one.verdict == UNEXPLAINED and one.tried:
            note += "; tried: " + ", ".join(f"{name} {text}" for name, text in one.tried)
        said.setdefault(f"{one.convention}{one.why}", note)
    return [Padding(Text(note), (0, 0, 0, 2)) for note in said.values()]


def _sums(judged: Sequence[Judged]) -> str:
    counts = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in tally(judged).items()
    )
    return f"{len(judged):,} cells: {counts}"
