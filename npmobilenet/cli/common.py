"""What every verb writes with: the console, tables in several formats, one JSON document."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..tables import WIDTH, Inert, csv_text, markdown_text, table
from ..text import markdown, quoted, visible


class _Console(Inert):
    """A reader of a pipe who has seen enough is `main`'s business, as are code pages."""

    @property
    def encoding(self) -> str:
        """So that rich draws as it would anywhere; the stream replaces what it lacks."""
        return "utf-8"

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, error: bool = False) -> Inert:
    """Colours and live progress on a terminal; plain text of a fixed width in a pipe.

    Names of files and classes may have brackets in them: nothing is read as rich's markup.
    error: standard error instead of standard output.
    """
    plain: dict[str, Any] = {"highlight": False, "markup": False, "force_jupyter": False}
    plain["stderr"] = error
    found = _Console(**plain)
    return found if found.is_terminal else _Console(**plain, width=WIDTH, height=25)


def add_formats(
    parser: argparse.ArgumentParser, *, json: str = "one JSON object"
) -> argparse._MutuallyExclusiveGroup:
    """--json, --csv, --markdown: at most one of them, instead of a drawn table; the group is returned."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help=json)
    formats.add_argument("--csv", action="store_true", help="comma-separated values")
    formats.add_argument("--markdown", action="store_true", help="a table for a Markdown page")
    return formats


def write_table(
    options: argparse.Namespace,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    document: Any = None,
    *,
    title: str | None = None,
    notes: str | None = None,
    left_out: str | None = None,
    sums: bool = False,
) -> None:
    """Print one table as the options of `add_formats` say; else draw it.

    columns: names, those of numbers begin with ">".  document: what --json prints; without it a list
    of rows, each an object.  title and notes stand above and below the table, but not in CSV or JSON.
    left_out: numbers of the document that no row has; a drawn table says where they are.
    sums: CSV and Markdown end in a row "total" of those columns whose cells all are whole numbers.
    """
    rows = [tuple(row) for row in rows]
    if sums and (options.csv or options.markdown):
        rows.append(("total", *map(_sum, list(zip(*rows, strict=True))[1:])))
    names = [column.lstrip(">") for column in columns]
    if options.json:
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(listed if document is None else document)
    elif options.csv:
        sys.stdout.write(csv_text(columns, rows))
    elif options.markdown:
        safe = [
            [markdown(cell, 1000) if type(cell) is str else cell for cell in row] for row in rows
        ]
        parts = (f"{title}\n" if title else "", markdown_text(columns, safe), notes or "")
        say("\n".join(part.rstrip("\n") + "\n" for part in parts if part), end="")
    else:
        lines = [notes, left_out and f"left out, and in --json: {left_out}"]
        console().print(table(columns, rows, title=title), *filter(None, lines), sep="\n")


def _sum(column: Sequence[object]) -> object:
    whole = [cell for cell in column if isinstance(cell, int) and not isinstance(cell, bool)]
    return sum(whole) if len(whole) == len(column) else ""


def say(*lines: str, end: str = "\n", flush: bool = False) -> None:
    """Lines on standard output; names in them command no terminal and hide nothing."""
    text = "\n".join(lines)
    print("\n".join(map(visible, text.split("\n"))), end=end, flush=flush)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json_text(document))


def json_text(document: Any) -> str:
    """A document as standard output can take it: in escapes where its code page lacks a character.

    What is no number (a loss that is NaN) is null, for JSON knows no other word.  Names are the true
    ones, what would command a terminal or go unseen in escapes.
    """
    document = _in_json(document)
    text = quoted(document, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    return text


def _in_json(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _in_json(inner) for key, inner in value.items()}
    return [_in_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def spare(output: Path, source: Path) -> None:
    """ValueError where what is to be written is the file that is read."""
    if output.exists() and source.exists() and output.samefile(source):
        raise ValueError(f"{output}: is the file that is read; give --output another name")
