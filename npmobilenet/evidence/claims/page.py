"""Checked claims for people: drawn on a terminal, or as the page docs/claims.md."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ...tables import markdown_text
from . import SOURCES, totals
from .claim import Checked

COLUMNS = ("name", "source", "verdict", "claim", "evidence")
COLORS = {"right": "green", "half right": "yellow", "depends": "cyan", "wrong": "red"}

HEAD = """# Claims, checked

What tutorials, papers and official documentation say of MobileNets, and what running code says of it.
Claims are in our words; some are made by printed code or by the heading of a table. What is counted
beside them was computed when this page was made (what is said to be printed somewhere is quoted), by

```sh
npmobilenet claims --markdown
```

and the verdict follows from the numbers:

| verdict | |
|---|---|
| right | every part of the claim holds |
| half right | some parts hold |
| depends | it holds in some cases and not in others |
| wrong | nothing of it holds |

MACs are multiply-accumulates of convolutions and dense layers, for one image of 224 x 224 and 1000
classes unless the claim says otherwise. Parameters are those that are trained, unless it says otherwise.
"""


def rows(found: list[Checked]) -> list[tuple[str, ...]]:
    """The cells of COLUMNS, for CSV."""
    return [
        (c.claim.name, c.claim.source, c.finding.verdict, c.claim.text, c.finding.text)
        for c in found
    ]


def summary(found: list[Checked]) -> str:
    """One line with the number of claims of each verdict."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in totals(found).items())
    return f"{len(found)} claims: {counts}."


def page(found: list[Checked]) -> str:
    """docs/claims.md."""
    parts = [HEAD, summary(found) + "\n"]
    for name, own in _by_source(found).items():
        cells = [(c.claim.text, c.finding.verdict, c.finding.text) for c in own]
        table = markdown_text(("claim", "verdict", "evidence"), cells)
        parts.append(f"## {SOURCES[name].title}\n\n{table}")
    return "\n".join(parts)


def drawn(found: list[Checked]) -> list[RenderableType]:
    """A table for each source, its long cells on several lines, and the totals."""
    parts: list[RenderableType] = []
    for name, own in _by_source(found).items():
        table = Table(
            box=box.SIMPLE_HEAD,
            title=SOURCES[name].title,
            title_justify="left",
            title_style="bold",
            expand=True,
            padding=(0, 1, 1, 1),
        )
        table.add_column("verdict", no_wrap=True, width=10)
        table.add_column("claim", ratio=2)
        table.add_column("evidence", ratio=3)
        for c in own:
            verdict = Text(c.finding.verdict, COLORS[c.finding.verdict])
            table.add_row(verdict, Text(c.claim.text), Text(c.finding.text))  # no markup: "[1, 10]"
        parts.append(table)
    return [*parts, summary(found)]


def _by_source(found: list[Checked]) -> dict[str, list[Checked]]:
    groups: dict[str, list[Checked]] = {}
    for checked in found:
        groups.setdefault(checked.claim.source, []).append(checked)
    return groups
