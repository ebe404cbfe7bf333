"""Checked claims for people: drawn on a terminal, or as the page docs/claims.md."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ...tables import markdown_text
from . import SOURCES, chinese, totals
from .claim import Checked

COLUMNS = ("name", "source", "verdict", "claim", "evidence")
COLUMN_NAMES = {"en": ("claim", "verdict", "evidence"), "zh": ("说法", "评判", "证据")}
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


def summary(found: list[Checked], lang: str = "en") -> str:
    """One line with the number of claims of each verdict."""
    if lang == "zh":
        counts = "，".join(f"{chinese.VERDICTS[v]} {count}" for v, count in totals(found).items())
        return f"{len(found)} 条说法：{counts}。"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in totals(found).items())
    return f"{len(found)} claims: {counts}."


def page(found: list[Checked], lang: str = "en") -> str:
    """docs/claims.md, and docs/claims.zh.md."""
    parts = [chinese.HEAD if lang == "zh" else HEAD, summary(found, lang) + "\n"]
    for name, own in _by_source(found).items():
        cells = [(c.claim.text, *_judged(c, lang)) for c in own]
        table = markdown_text(COLUMN_NAMES[lang], cells)
        parts.append(f"## {_title(name, lang)}\n\n{table}")
    return "\n".join(parts)


def drawn(found: list[Checked], lang: str = "en") -> list[RenderableType]:
    """A table for each source, its long cells on several lines, and the totals."""
    claim, verdict_name, evidence = COLUMN_NAMES[lang]
    parts: list[RenderableType] = []
    for name, own in _by_source(found).items():
        table = Table(
            box=box.SIMPLE_HEAD,
            title=_title(name, lang),
            title_justify="left",
            title_style="bold",
            expand=True,
            padding=(0, 1, 1, 1),
        )
        table.add_column(verdict_name, no_wrap=True, width=10)
        table.add_column(claim, ratio=2)
        table.add_column(evidence, ratio=3)
        for c in own:
            verdict, text = map(Text, _judged(c, lang))  # no markup: "[1, 10]"
            verdict.stylize(COLORS[c.finding.verdict])
            table.add_row(verdict, Text(c.claim.text), text)
        parts.append(table)
    return [*parts, summary(found, lang)]


def _title(source: str, lang: str) -> str:
    return chinese.title(source) if lang == "zh" else SOURCES[source].title


def _judged(checked: Checked, lang: str) -> tuple[str, str]:
    """Verdict and evidence."""
    if lang == "zh":
        return chinese.VERDICTS[checked.finding.verdict], chinese.evidence(checked)
    return checked.finding.verdict, checked.finding.text


def _by_source(found: list[Checked]) -> dict[str, list[Checked]]:
    groups: dict[str, list[Checked]] = {}
    for checked in found:
        groups.setdefault(checked.claim.source, []).append(checked)
    return groups
